/**
 * The kernel picture: what the X-ray reads from guest memory, as plain data that crosses worker boundaries.
 * Names are the kernel's (`include/linux/sched.h`, `include/linux/nsproxy.h`, …).
 */

/** The eight namespace kinds, by the names of `/proc/PID/ns/`. */
export const NAMESPACE_KINDS = ["mnt", "pid", "net", "uts", "ipc", "user", "cgroup", "time"] as const;
export type NamespaceKind = (typeof NAMESPACE_KINDS)[number];

/** A state letter as `/proc/PID/stat` field 3 prints it (`fs/proc/array.c`, `task_state_array`). */
export type TaskState = "R" | "S" | "D" | "T" | "t" | "X" | "Z" | "P" | "I";

/** One pid of a task: a task has one in its own pid namespace and one in every ancestor (`struct upid`). */
export interface LevelPid {
  /** Inode number of the pid namespace this number is valid in. */
  namespace: number;
  /** Depth of that namespace; 0 is the initial one. */
  level: number;
  pid: number;
}

export interface Task {
  /** Guest-virtual address of the `task_struct`: identity of the task while it lives. */
  address: number;
  /** Thread id as the host (initial pid namespace) sees it; equals `tgid` for a process. */
  pid: number;
  tgid: number;
  /** Pids from the initial namespace (first) to the task's own (last). */
  pids: LevelPid[];
  /** Host pid of the parent process (`real_parent->tgid`); 0 for init and kthreadd. */
  ppid: number;
  /** Executable name, at most 15 bytes, as raw as the guest wrote it: escape before showing. */
  comm: string;
  /** Command line from the task's user memory; empty for kernel threads and zombies. */
  argv: string[];
  /** True when argv is longer than the bound or could not be read whole. */
  argvTruncated: boolean;
  state: TaskState;
  /** Ids in the initial user namespace. */
  uid: number;
  gid: number;
  /** Nanoseconds since boot at which the task started (`start_boottime`). */
  startTimeNs: number;
  /** True for kernel threads (`PF_KTHREAD`). */
  kernelThread: boolean;
  /** Inode number of each namespace, as `readlink /proc/PID/ns/KIND` prints it. 0 when the task has none left (zombie). */
  namespaces: Record<NamespaceKind, number>;
  /** Path of its cgroup in the unified hierarchy, from the root: `/`, `/bubble`. */
  cgroup: string;
}

export interface UtsNames {
  nodename: string;
  domainname: string;
}

export interface Namespace {
  kind: NamespaceKind;
  /** Inode number: the identity the kernel shows. */
  inum: number;
  address: number;
  /** True for the namespace of the host (the initial one). */
  initial: boolean;
  /** Inode number of the parent (pid and user namespaces only). */
  parent?: number;
  /** Inode number of the owning user namespace. */
  owner?: number;
  /** Depth (pid and user namespaces only). */
  level?: number;
  /** Names (uts namespaces only). */
  uts?: UtsNames;
}

/** Something that could not be read; the rest of the picture stands. */
export interface Problem {
  /** What was being read, as a C path: `task_struct(0xc1234560).nsproxy->uts_ns`. */
  where: string;
  what: string;
}

export interface KernelView {
  /** Counts up by one with each sample of one machine. */
  sequence: number;
  /** Nanoseconds since guest boot, from the kernel's own timekeeper. */
  bootTimeNs: number;
  release: string;
  /** Processes and threads, in the order of the kernel's task list. */
  tasks: Task[];
  /** Every namespace that a listed task is in, or that is an ancestor or owner of one. */
  namespaces: Namespace[];
  /** Tasks that were seen after the previous picture was sent and ended before this one was taken. */
  glimpsed: Task[];
  /** Forks since boot (`total_forks`). */
  totalForks: number;
  problems: Problem[];
  /** What a bound left out, one sentence each; empty when the picture is whole. */
  omitted: string[];
}

/** A fact of the picture, named so that its evidence can be asked for. */
export type FactRef =
  | {
      object: "task";
      address: number;
      fact: "pid" | "pids" | "ppid" | "comm" | "argv" | "state" | "uid" | "gid" | "startTimeNs" | "cgroup";
    }
  | { object: "task"; address: number; fact: "namespace"; kind: NamespaceKind }
  | { object: "namespace"; address: number; kind: NamespaceKind; fact: "inum" | "parent" | "owner" | "uts" };

/** One dereference on the way from a root to a fact. */
export interface EvidenceStep {
  /** C expression so far: `task->nsproxy->uts_ns`. */
  path: string;
  /** Where the step was read. */
  address: number;
  /** The bytes found there, as they lie in memory. */
  bytes: number[];
  /** The same, as the kernel's type reads it: `0xc1a03f80`, `42`, `"sh"`. */
  value: string;
}

/** Why the picture says so: the walk to the value, and the command that shows the same fact in the guest. */
export interface Evidence {
  /** The whole C path: `task_struct.nsproxy->uts_ns->ns.inum`. */
  path: string;
  steps: EvidenceStep[];
  /** The value as the picture shows it. */
  value: string;
  /** A shell command for a guest terminal; undefined when no command shows it. */
  command?: string;
}
