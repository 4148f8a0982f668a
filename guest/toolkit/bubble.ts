import type { Option, Tool } from "./tool";

const namespaces: Option[] = [
  { name: "mount", namespace: "mnt", help: "mounts of its own; with --pid, /proc is mounted anew" },
  { name: "pid", namespace: "pid", help: "process numbers of its own; the command is number 1" },
  { name: "net", namespace: "net", help: "a network of its own, with nothing but a loopback" },
  { name: "uts", namespace: "uts", help: "a host name of its own" },
  { name: "ipc", namespace: "ipc", help: "shared memory and message queues of its own" },
  { name: "user", namespace: "user", help: "user ids of its own; root inside is you outside" },
  { name: "cgroup", namespace: "cgroup", help: "its present cgroup as the root of the tree" },
  { name: "time", namespace: "time", help: "offsets of its own to the boot-time clock" },
];

/** `bubble`: a process in namespaces of one's choice. */
export const bubble: Tool = {
  name: "bubble",
  summary: "Runs COMMAND in namespaces of its own.",
  options: [
    ...namespaces,
    { name: "all", help: "all eight of them", implies: namespaces.map(({ name }) => name) },
    { name: "hostname", value: "NAME", accepts: "host name", implies: ["uts"], help: "the host name inside" },
    { name: "root", value: "DIR", accepts: "directory", help: "the directory that is / inside" },
  ],
  command: ["sh"],
  onlyRoot: { may: "make these namespaces", unless: "user" },
  unshare: { why: "Start a process that does not share these things with the others.", defaults: ["mount", "pid"] },
  steps: [
    {
      when: ["hostname"],
      step: {
        kind: "sethostname",
        name: "{hostname}",
        why: "Name the host. Only this uts namespace has the new name; the other one keeps its own.",
      },
    },
    {
      when: ["mount", "pid", "!root"],
      step: {
        kind: "mount",
        source: "proc",
        target: "/proc",
        type: "proc",
        why: `Mount /proc anew. A proc file system shows the pid namespace it was mounted from; ps reads it, so without
          this it would list the processes outside.`,
      },
    },
    {
      when: ["mount", "pid", "root"],
      step: {
        kind: "mount",
        source: "proc",
        target: "{root}/proc",
        type: "proc",
        why: `Mount a /proc there. A proc file system shows the pid namespace it was mounted from: the new one.`,
      },
    },
    {
      when: ["root"],
      step: {
        kind: "chroot",
        root: "{root}",
        why: "Make the directory the root of everything this process can name.",
        inside: [
          {
            kind: "exec",
            argv: ["{command}"],
            why: "Become the command. It is the same process, so it keeps all that was set up.",
          },
        ],
      },
    },
    {
      when: ["!root"],
      step: {
        kind: "exec",
        argv: ["{command}"],
        why: "Become the command. It is the same process, so it keeps all that was set up.",
      },
    },
  ],
  examples: ["bubble ps", "bubble --uts --hostname bowl hostname", "bubble --net ip link", "bubble --all --explain"],
};
