import type { GuardedStep, Tool } from "./tool";

function look(argv: string[], manual: string[], why: string): GuardedStep {
  return {
    when: [],
    step: { kind: "run", argv, call: "open(path, O_RDONLY), read(fd, buffer, length)", manual, undo: null, why },
  };
}

/** `show`: what the kernel says of one process, and so what a container is made of. */
export const show: Tool = {
  name: "show",
  summary: "Shows what a process is and what it shares, from its files in /proc.",
  options: [
    {
      name: "pid",
      value: "PID",
      accepts: "number",
      default: "$PPID",
      help: "the process (the shell that you type in)",
    },
  ],
  steps: [
    look(
      ["grep", "-E", "^(Name|State|Pid|PPid|NSpid|Uid|CapEff|NoNewPrivs|Seccomp|VmRSS):", "/proc/{pid}/status"],
      ["proc_pid_status(5)"],
      `Who it is. NSpid has its number in each pid namespace it is in, Uid who it may act as, CapEff what root's powers it
        has: all that a container takes away shows here.`,
    ),
    look(
      ["lsns", "-p", "{pid}"],
      ["lsns(8)", "namespaces(7)"],
      "The namespaces it is in. NPROCS tells how many processes share each of them: what it has of its own.",
    ),
    look(
      ["cat", "/proc/{pid}/uid_map"],
      ["user_namespaces(7)"],
      "Who its user ids are outside: the first inside, the first outside, how many.",
    ),
    look(["cat", "/proc/{pid}/cgroup"], ["cgroups(7)"], "Its cgroup: whose limits it is under."),
    look(
      ["ls", "-l", "/proc/{pid}/exe", "/proc/{pid}/root", "/proc/{pid}/cwd"],
      ["proc_pid_exe(5)", "proc_pid_root(5)", "proc_pid_cwd(5)"],
      "Its program, what is / for it, and where it is.",
    ),
    look(
      ["findmnt", "--task", "{pid}", "--target", "/", "--output", "TARGET,SOURCE,FSTYPE,OPTIONS"],
      ["findmnt(8)", "proc_pid_mountinfo(5)"],
      "Where its / comes from. In a container it is an overlay, and the options name its layers.",
    ),
  ],
  examples: ["show", "show --pid 1", "show --explain"],
};
