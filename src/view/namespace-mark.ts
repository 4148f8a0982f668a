import type { Namespace, NamespaceKind } from "../protocol/namespace";
import type { Task } from "../protocol/task";

/** A namespace as its tag shows it. */
export interface NamespaceMark {
  kind: NamespaceKind;
  /** Inode number, as `readlink /proc/PID/ns/KIND` prints it. */
  inum: number;
  /** True for the host's. */
  initial: boolean;
}

/** What each kind isolates, in the words of namespaces(7). */
export const KIND_MEANING: Record<NamespaceKind, string> = {
  mnt: "mount points",
  pid: "process ids",
  net: "network devices, addresses, ports",
  uts: "host and domain name",
  ipc: "shared memory, semaphores, message queues",
  user: "user and group ids",
  cgroup: "cgroup root",
  time: "boot and monotonic clocks",
};

/** The last three hex digits of the inode number: enough to tell the namespaces on a page apart. */
export const inodeLabel = (inum: number) => inum.toString(16).slice(-3).padStart(3, "0");

/** `pid 9ae`. */
export const markLabel = (mark: { kind: NamespaceKind; inum: number }) => `${mark.kind} ${inodeLabel(mark.inum)}`;

/** Identity across the page: `pid:4026532206`. */
export const markKey = (mark: { kind: NamespaceKind; inum: number }) => `${mark.kind}:${mark.inum}`;

/** Inode number of the host's namespace of each kind, as far as the picture lists it. */
export function hostNamespaces(namespaces: Namespace[]): Map<NamespaceKind, number> {
  const host = new Map<NamespaceKind, number>();
  for (const namespace of namespaces) if (namespace.initial) host.set(namespace.kind, namespace.inum);
  return host;
}

/** Inode number of the task's own pid namespace, which it keeps as a zombie, when every other one is gone. */
export const pidNamespace = (task: Task): number => task.pids.at(-1)?.namespace ?? task.namespaces.pid;
