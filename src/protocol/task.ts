/** A task of the kernel picture. Names are the kernel's (`include/linux/sched.h`). */
import type { NamespaceKind } from "./namespace";

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

/** Identity and privileges (`struct cred`); tasks that share one structure share one object. */
export interface Credentials {
  address: number;
  /** Real, effective, saved and filesystem ids in the initial user namespace, as `/proc/PID/status` lists them. */
  uids: [real: number, effective: number, saved: number, filesystem: number];
  gids: [real: number, effective: number, saved: number, filesystem: number];
  /** The real ids as the task's own user namespace numbers them; 65534 when it has no number for them. */
  insideUid: number;
  insideGid: number;
  /** Capability sets, 16 hexadecimal digits each, as `/proc/PID/status` prints them. */
  inheritable: string;
  permitted: string;
  effective: string;
  bounding: string;
  ambient: string;
}

/** A place in a filesystem, as a task's root or working directory is kept (`struct path`). */
export interface Place {
  /** Path from the root of the mount namespace; `/proc/PID/cwd` shows it from the reader's root. */
  path: string;
  /** `mount.mnt_id` of the mount that it is on. */
  mount: number;
  /** The name was removed since. */
  deleted: boolean;
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
  /** Process group and session, by the host's numbers; 0 for kernel threads. */
  pgid: number;
  sid: number;
  /** Controlling terminal, by the kernel's name: `hvc0`, `pts0` for `/dev/pts/0`. */
  tty?: string;
  /** Its process group is the one that its terminal listens to: the `+` of ps. */
  foreground: boolean;
  /** Executable name, at most 15 bytes, as raw as the guest wrote it: escape before showing. */
  comm: string;
  /** Command line from the task's user memory; empty for kernel threads and zombies. */
  argv: string[];
  /** True when argv is longer than the bound or could not be read whole. */
  argvTruncated: boolean;
  /** Programs that it has executed since it was forked (`self_exec_id` less `parent_exec_id`). */
  execs: number;
  /** Size of the initial environment in the task's memory. */
  environmentBytes: number;
  /** The program's file, by its path in the mount namespace it was opened in. */
  exe?: Place;
  state: TaskState;
  /** Held still by its cgroup's freezer; also when it was stopped before. */
  frozen: boolean;
  /** Wait status of an ended task that nobody has waited for: exit code in bits 8 to 15, or signal in bits 0 to 6. */
  exitStatus?: number;
  /** Ids in the initial user namespace. */
  uid: number;
  gid: number;
  credentials: Credentials;
  /** `no_new_privs` is set: exec grants nothing more. */
  noNewPrivs: boolean;
  /** Seccomp mode as `/proc/PID/status` has it: 0 none, 1 strict, 2 filter. */
  seccomp: number;
  /** Process-wide; -1000 to 1000. */
  oomScoreAdj: number;
  /** Orphans among its descendants become its children (`PR_SET_CHILD_SUBREAPER`). */
  childSubreaper: boolean;
  /** Root and working directory; absent for zombies. */
  root?: Place;
  cwd?: Place;
  /** Nanoseconds since boot at which the task started (`start_boottime`). */
  startTimeNs: number;
  /** CPU time of this task alone (`se.sum_exec_runtime`). */
  cpuTimeNs: number;
  /** Resident memory of its address space: anonymous, file and shared pages. */
  rssBytes: number;
  /** True for kernel threads (`PF_KTHREAD`). */
  kernelThread: boolean;
  /** Inode number of each namespace, as `readlink /proc/PID/ns/KIND` prints it. 0 when the task has none left (zombie). */
  namespaces: Record<NamespaceKind, number>;
  /** Namespaces that its next child will be in, where they differ from its own: `unshare -p`, `unshare -T`. */
  forChildren?: { pid?: number; time?: number };
  /** Path of its cgroup in the unified hierarchy, from the root: `/`, `/bubble`. */
  cgroup: string;
}
