/** Namespaces of the kernel picture (`include/linux/nsproxy.h`, `include/linux/ns_common.h`). */

/** The eight namespace kinds, by the names of `/proc/PID/ns/`. */
export const NAMESPACE_KINDS = ["mnt", "pid", "net", "uts", "ipc", "user", "cgroup", "time"] as const;
export type NamespaceKind = (typeof NAMESPACE_KINDS)[number];

export interface UtsNames {
  nodename: string;
  domainname: string;
}

/** A range of ids, as one line of `/proc/PID/uid_map` read from the host (`struct uid_gid_extent`). */
export interface IdRange {
  /** First id inside. */
  first: number;
  /** First id in the initial user namespace. */
  hostFirst: number;
  count: number;
}

/** A System V IPC object (`struct kern_ipc_perm`) or a POSIX message queue. */
export interface IpcObject {
  kind: "shm" | "sem" | "msg" | "mqueue";
  address: number;
  /** Identifier; 0 for POSIX queues, which have a name. */
  id: number;
  /** Key given to `shmget` and its like. */
  key: number;
  /** Of a POSIX queue, without the slash that `mq_open` wants. */
  name?: string;
  /** Owner in the initial user namespace. */
  uid: number;
  gid: number;
  /** Permission bits, with 0o1000 on a segment that is destroyed when nobody is attached any more. */
  mode: number;
  /** Bytes of a segment, semaphores of a set, messages waiting in a queue. */
  size: number;
  /** Attachments of a shared memory segment; bytes waiting in a queue. */
  use?: number;
}

/** What keeps a namespace alive besides tasks: a bind mount of its file, or an open descriptor of it. */
export type NamespaceHolder = { by: "mount"; mount: number } | { by: "descriptor"; pid: number; fd: number };

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
  /** Mounts and descriptors that hold it; tasks are found by `Task.namespaces`. */
  holders: NamespaceHolder[];
  /** Host pid of the namespace's init, which adopts its orphans; absent before the first process and after the last. */
  childReaper?: number;
  /** Names (uts namespaces only). */
  uts?: UtsNames;
  /** Id ranges (user namespaces only); empty until somebody writes them. */
  uidMap?: IdRange[];
  gidMap?: IdRange[];
  /** Offsets added to the host's clocks (time namespaces only). */
  timeOffsets?: { monotonicNs: number; boottimeNs: number };
  /** Cgroup that its members see as `/` (cgroup namespaces only). */
  cgroupRoot?: string;
  /** Objects (ipc namespaces only). */
  ipc?: IpcObject[];
}
