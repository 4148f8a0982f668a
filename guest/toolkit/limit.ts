import type { Tool } from "./tool";

const CGROUP = "/sys/fs/cgroup/{name}";

/** `limit`: a command in a cgroup that may have only so much (`cgroups(7)`, `cgroup-v2.rst`). */
export const limit: Tool = {
  name: "limit",
  summary: "Runs COMMAND in a cgroup with limits.",
  options: [
    { name: "memory", value: "SIZE", accepts: "size", help: "so many bytes at most; 16M is 16 mebibytes" },
    { name: "cpu", value: "PERCENT", accepts: "number", help: "so much of one processor's time at most" },
    { name: "pids", value: "NUMBER", accepts: "number", help: "so many processes at most" },
    { name: "name", value: "NAME", accepts: "name", default: "limit", help: "the cgroup's name (limit)" },
    {
      name: "load",
      value: "KIND",
      accepts: { oneOf: ["cpu", "memory", "pids"] },
      help: "instead of COMMAND: one that wants cpu, memory or pids without end",
    },
  ],
  command: ["sh"],
  onlyRoot: { may: "make a cgroup" },
  steps: [
    {
      when: [],
      step: {
        kind: "write",
        path: "/sys/fs/cgroup/cgroup.subtree_control",
        text: "+cpu +memory +pids",
        why: "Have the kernel count and limit these three in the cgroups below the root.",
      },
    },
    {
      when: [],
      step: {
        kind: "mkdir",
        path: CGROUP,
        parents: true,
        why: "Make the cgroup. A directory here is one, and the kernel puts its files into it.",
      },
    },
    {
      when: ["memory"],
      step: {
        kind: "write",
        path: `${CGROUP}/memory.max`,
        text: "{memory}",
        why: "So much memory at most. When more is needed and nothing can be given back, the kernel kills a process of the cgroup.",
      },
    },
    {
      when: ["cpu"],
      step: {
        kind: "write",
        path: `${CGROUP}/cpu.max`,
        text: "{cpu}000 100000",
        why: `So many microseconds of each 100,000 at most. Who has used up the cgroup's share waits for the next period;
          nobody is killed.`,
      },
    },
    {
      when: ["pids"],
      step: {
        kind: "write",
        path: `${CGROUP}/pids.max`,
        text: "{pids}",
        why: "So many processes at most. With them all there, fork() fails.",
      },
    },
    {
      when: [],
      step: {
        kind: "write",
        path: `${CGROUP}/cgroup.procs`,
        text: "0",
        why: "Move into it. 0 stands for the process that writes; what it starts from now on is born in there.",
      },
    },
    {
      when: ["load=cpu"],
      step: {
        kind: "exec",
        argv: ["sh", "-c", "while :; do :; done"],
        why: "Become a loop that does nothing, as fast as it may.",
      },
    },
    {
      when: ["load=memory"],
      step: {
        kind: "exec",
        argv: ["tail", "/dev/zero"],
        why: "Become a program that keeps a last line that never ends.",
      },
    },
    {
      when: ["load=pids"],
      step: {
        kind: "exec",
        argv: ["sh", "-c", "while :; do sleep 1000 & done"],
        why: "Become a shell that starts one process after the other.",
      },
    },
    {
      when: ["!load"],
      step: {
        kind: "exec",
        argv: ["{command}"],
        why: "Become the command. It is the same process, so it stays in the cgroup.",
      },
    },
  ],
  examples: [
    "limit --memory 16M --load memory",
    "limit --cpu 20 --load cpu",
    "limit --pids 5 sh",
    "limit --memory 16M --explain",
    "limit --undo",
  ],
};
