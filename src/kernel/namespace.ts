/** Namespaces (`include/linux/nsproxy.h`, `include/linux/ns_common.h`). Addresses are of the namespace structure itself. */
import { NAMESPACE_KINDS, type Namespace, type NamespaceKind, type UtsNames } from "../protocol/namespace";
import { MAX_NAMESPACE_LEVEL } from "./bounds";
import { cssSetPath } from "./cgroup";
import { taskUserNamespace } from "./cred";
import { idRanges } from "./idmap";
import { MemoryFault } from "./memory";
import { activePidNamespace } from "./pid";
import type { Program } from "./program";
import { taskTgid } from "./task";

/** The C structure of each kind. */
export const NAMESPACE_STRUCT = {
  mnt: "mnt_namespace",
  pid: "pid_namespace",
  net: "net",
  uts: "uts_namespace",
  ipc: "ipc_namespace",
  user: "user_namespace",
  cgroup: "cgroup_namespace",
  time: "time_namespace",
} as const satisfies Record<NamespaceKind, string>;

/** The kinds a task holds through its nsproxy; pid belongs to its `struct pid`, user to its credentials. */
export const NSPROXY_KINDS = ["mnt", "net", "uts", "ipc", "cgroup", "time"] as const;
export type NsproxyKind = (typeof NSPROXY_KINDS)[number];
const NSPROXY_FIELD = {
  mnt: "mnt_ns",
  net: "net_ns",
  uts: "uts_ns",
  ipc: "ipc_ns",
  cgroup: "cgroup_ns",
  time: "time_ns",
} as const satisfies Record<NsproxyKind, string>;

const INITIAL = {
  pid: "init_pid_ns",
  net: "init_net",
  uts: "init_uts_ns",
  ipc: "init_ipc_ns",
  user: "init_user_ns",
  cgroup: "init_cgroup_ns",
  time: "init_time_ns",
} as const;

/** Address of the task's nsproxy; 0 once the task has exited. */
export function taskNsproxy(prog: Program, task: number): number {
  return prog.pointer(task, prog.fields.task_struct.nsproxy);
}

export function nsproxyNamespace(prog: Program, nsproxy: number, kind: NsproxyKind): number {
  return prog.pointer(nsproxy, prog.fields.nsproxy[NSPROXY_FIELD[kind]]);
}

/** Address of the pid namespace that the next child will be in. */
export function pidNamespaceForChildren(prog: Program, nsproxy: number): number {
  return prog.pointer(nsproxy, prog.fields.nsproxy.pid_ns_for_children);
}

/** The same for time namespaces. */
export function timeNamespaceForChildren(prog: Program, nsproxy: number): number {
  return prog.pointer(nsproxy, prog.fields.nsproxy.time_ns_for_children);
}

/** Inode number of the namespace that the next child will be in, where it differs from the task's own; undefined for none. */
export function forChildrenInum(prog: Program, task: number, kind: "pid" | "time"): number | undefined {
  const nsproxy = taskNsproxy(prog, task);
  if (nsproxy === 0) return undefined;
  const next = kind === "pid" ? pidNamespaceForChildren(prog, nsproxy) : timeNamespaceForChildren(prog, nsproxy);
  return next === 0 || next === taskNamespace(prog, task, kind) ? undefined : namespaceInum(prog, next, kind);
}

/** Address of the namespace that `/proc/PID/ns/KIND` shows; 0 when the task has none left. */
export function taskNamespace(prog: Program, task: number, kind: NamespaceKind): number {
  if (kind === "pid") return activePidNamespace(prog, task);
  if (kind === "user") return taskUserNamespace(prog, task);
  const nsproxy = taskNsproxy(prog, task);
  return nsproxy === 0 ? 0 : nsproxyNamespace(prog, nsproxy, kind);
}

/** Inode number of the task's namespace; 0 when it has none left. */
export function taskNamespaceInum(prog: Program, task: number, kind: NamespaceKind): number {
  const namespace = taskNamespace(prog, task, kind);
  return namespace === 0 ? 0 : namespaceInum(prog, namespace, kind);
}

/** Inode number: the identity the kernel shows in `/proc/PID/ns/`. */
export function namespaceInum(prog: Program, namespace: number, kind: NamespaceKind): number {
  return prog.u32(namespace, prog.fields[NAMESPACE_STRUCT[kind]]["ns.inum"]);
}

/** Address of the host's namespace of this kind. */
export function initialNamespace(prog: Program, kind: NamespaceKind): number {
  // The first mount namespace is made at boot and has no variable of its own.
  if (kind === "mnt") return nsproxyNamespace(prog, prog.symbol("init_nsproxy"), "mnt");
  return prog.symbol(INITIAL[kind]);
}

/** Address of the parent; 0 for the initial ones and for kinds that do not nest. */
export function namespaceParent(prog: Program, namespace: number, kind: NamespaceKind): number {
  if (kind === "pid") return prog.pointer(namespace, prog.fields.pid_namespace.parent);
  if (kind === "user") return prog.pointer(namespace, prog.fields.user_namespace.parent);
  return 0;
}

/** Address of the owning user namespace; that of a user namespace is its parent (`ioctl(NS_GET_USERNS)`), so the first has 0. */
export function namespaceOwner(prog: Program, namespace: number, kind: NamespaceKind): number {
  if (kind === "user") return namespaceParent(prog, namespace, kind);
  return prog.pointer(namespace, prog.fields[NAMESPACE_STRUCT[kind]].user_ns);
}

/** Depth of a pid or user namespace; 0 is the initial one. */
export function namespaceLevel(prog: Program, namespace: number, kind: "pid" | "user"): number {
  const level = prog.u32(namespace, prog.fields[NAMESPACE_STRUCT[kind]].level);
  if (level > MAX_NAMESPACE_LEVEL + 1) {
    throw new MemoryFault(
      namespace,
      `${NAMESPACE_STRUCT[kind]}.level is ${level}; the kernel allows ${MAX_NAMESPACE_LEVEL}`,
    );
  }
  return level;
}

export function utsNames(prog: Program, namespace: number): UtsNames {
  const uts = prog.fields.uts_namespace;
  return {
    nodename: prog.string(namespace, uts["name.nodename"]),
    domainname: prog.string(namespace, uts["name.domainname"]),
  };
}

/** Without the bit that says that pids may still be given out (`PIDNS_ADDING`, `include/linux/pid_namespace.h`). */
const PIDS_MASK = 0x7fffffff;

/**
 * Host pid of the process that adopts orphans; undefined before the first process of the namespace, and after the last:
 * the kernel leaves the pointer as it is then, and what it leads to is gone.
 */
export function childReaper(prog: Program, namespace: number): number | undefined {
  const { pid_allocated, child_reaper } = prog.fields.pid_namespace;
  if ((prog.u32(namespace, pid_allocated) & PIDS_MASK) === 0) return undefined;
  const task = prog.pointer(namespace, child_reaper);
  return task === 0 ? undefined : taskTgid(prog, task);
}

export type NamespaceClock = "monotonic" | "boottime";

/** Nanoseconds added to a clock of the host, exact to a microsecond for offsets of centuries. */
export function timeOffsetNs(prog: Program, namespace: number, clock: NamespaceClock): number {
  const fields = prog.fields.time_namespace;
  const words = prog.member(namespace, fields[`offsets.${clock}.tv_sec`]);
  const seconds = (prog.word(words, 1) | 0) * 2 ** 32 + prog.word(words, 0);
  return seconds * 1e9 + prog.u32(namespace, fields[`offsets.${clock}.tv_nsec`]);
}

/** Path of the cgroup that members of a cgroup namespace see as `/`. */
export function cgroupRoot(prog: Program, namespace: number): string {
  return cssSetPath(prog, prog.pointer(namespace, prog.fields.cgroup_namespace.root_cset));
}

/** What only namespaces of one kind have, and what is not in the structure itself. */
export const namespaceDetails: { [K in NamespaceKind]?: (prog: Program, address: number) => Partial<Namespace> } = {
  pid: (prog, address) => ({ childReaper: childReaper(prog, address) }),
  user: (prog, address) => ({ uidMap: idRanges(prog, address, "uid"), gidMap: idRanges(prog, address, "gid") }),
  time: (prog, address) => ({
    timeOffsets: {
      monotonicNs: timeOffsetNs(prog, address, "monotonic"),
      boottimeNs: timeOffsetNs(prog, address, "boottime"),
    },
  }),
  cgroup: (prog, address) => ({ cgroupRoot: cgroupRoot(prog, address) }),
};

/** Inode number of the parent, undefined for the topmost. */
export function namespaceParentInum(prog: Program, namespace: number, kind: NamespaceKind): number | undefined {
  const parent = namespaceParent(prog, namespace, kind);
  return parent === 0 ? undefined : namespaceInum(prog, parent, kind);
}

/** Inode number of the owning user namespace, undefined for the first user namespace. */
export function namespaceOwnerInum(prog: Program, namespace: number, kind: NamespaceKind): number | undefined {
  const owner = namespaceOwner(prog, namespace, kind);
  return owner === 0 ? undefined : namespaceInum(prog, owner, "user");
}

/** Readers of one argument, for every kind. */
type ByKind<K extends string, T> = Readonly<Record<K, (prog: Program, address: number) => T>>;

function byKind<K extends string, T>(
  kinds: readonly K[],
  read: (prog: Program, address: number, kind: K) => T,
): ByKind<K, T> {
  const readers = kinds.map((kind) => [kind, (prog: Program, address: number) => read(prog, address, kind)]);
  return Object.fromEntries(readers) as ByKind<K, T>;
}

export const nsproxyNamespaceByKind = byKind(NSPROXY_KINDS, nsproxyNamespace);
export const inumByKind = byKind(NAMESPACE_KINDS, namespaceInum);
export const namespaceByKind = byKind(NAMESPACE_KINDS, readNamespace);

/** Everything the picture says of a namespace. */
export function readNamespace(prog: Program, address: number, kind: NamespaceKind): Namespace {
  const namespace: Namespace = {
    kind,
    inum: namespaceInum(prog, address, kind),
    address,
    initial: address === initialNamespace(prog, kind),
    holders: [],
  };
  const parent = namespaceParentInum(prog, address, kind);
  if (parent !== undefined) namespace.parent = parent;
  const owner = namespaceOwnerInum(prog, address, kind);
  if (owner !== undefined) namespace.owner = owner;
  if (kind === "pid" || kind === "user") namespace.level = namespaceLevel(prog, address, kind);
  if (kind === "uts") namespace.uts = utsNames(prog, address);
  return namespace;
}

/**
 * The namespace itself, then its parents and owners, each once: what must be in a picture that shows the first.
 * `visit` returns false for a namespace it has seen, which ends that branch.
 */
export function visitNamespaces(
  prog: Program,
  address: number,
  kind: NamespaceKind,
  visit: (address: number, kind: NamespaceKind) => boolean,
  depth = 0,
): void {
  if (address === 0 || !visit(address, kind)) return;
  // A pid namespace at the deepest level, owned by a user namespace at the deepest level.
  if (depth > 2 * (MAX_NAMESPACE_LEVEL + 1)) throw new MemoryFault(address, "the parents of the namespace do not end");
  visitNamespaces(prog, namespaceParent(prog, address, kind), kind, visit, depth + 1);
  if (kind !== "user") visitNamespaces(prog, namespaceOwner(prog, address, kind), "user", visit, depth + 1);
}
