import type { ObjectRef } from "../protocol/evidence";
import type { Mount } from "../protocol/mount";
import type { Namespace } from "../protocol/namespace";
import type { KernelView } from "../protocol/view";
import { taskOfObject } from "./task-of-object";

/** A mount namespace and what is mounted in it. */
export interface MountSpace {
  /** Inode number. */
  inum: number;
  initial: boolean;
  namespace?: Namespace;
  /** In the order of mountinfo. */
  mounts: Mount[];
  /** Programs in it, and the first of them. */
  taskCount: number;
  firstPid?: number;
  firstComm?: string;
  /** It has the mounts that the host has, neither more nor less. */
  sameAsHost: boolean;
}

/** The mount namespaces of a picture: the host's, then those that programs are in, then the others. */
export function mountSpaces(view: KernelView): MountSpace[] {
  const spaces = new Map<number, MountSpace>();
  const space = (inum: number): MountSpace => {
    let found = spaces.get(inum);
    if (!found) spaces.set(inum, (found = { inum, initial: false, mounts: [], taskCount: 0, sameAsHost: false }));
    return found;
  };
  for (const namespace of view.namespaces) {
    if (namespace.kind !== "mnt") continue;
    const found = space(namespace.inum);
    found.namespace = namespace;
    found.initial = namespace.initial;
  }
  for (const mount of view.mounts) space(mount.namespace).mounts.push(mount);
  for (const task of view.tasks) {
    if (task.kernelThread || task.namespaces.mnt === 0) continue;
    const found = space(task.namespaces.mnt);
    found.taskCount++;
    found.firstPid ??= task.pid;
    found.firstComm ??= task.comm;
  }
  const all = [...spaces.values()].sort(
    (a, b) => Number(b.initial) - Number(a.initial) || Number(b.taskCount > 0) - Number(a.taskCount > 0),
  );
  const host = all.at(0);
  if (host?.initial) {
    for (const other of all.slice(1)) other.sameAsHost = sameMounts(host.mounts, other.mounts);
  }
  return all;
}

/** Inode number of the mount namespace that an object belongs to; of an overlay it is the one of who lives in it. */
export function mountSpaceOf(view: KernelView, ref: ObjectRef): number | undefined {
  const { object, address } = ref;
  if (object === "mount") return view.mounts.find((mount) => mount.address === address)?.namespace;
  if (object === "namespace" && ref.kind === "mnt") {
    return view.namespaces.find((namespace) => namespace.address === address)?.inum;
  }
  if (object !== "overlay" && object !== "file") return taskOfObject(view, ref)?.namespaces.mnt;
  const layers = view.layers.filter(({ entries }) => entries.some(({ inode }) => inode === address));
  const overlays = view.overlays.filter(
    (overlay) =>
      overlay.address === address ||
      layers.some((layer) => overlay.upper === layer.address || overlay.lowers.includes(layer.address)),
  );
  const mounts = view.mounts.filter(({ superBlock }) => overlays.some((overlay) => overlay.address === superBlock));
  const isRoot = ({ id, namespace }: Mount) =>
    view.tasks.some(({ root, namespaces }) => root?.mount === id && namespaces.mnt === namespace);
  return (mounts.find(isRoot) ?? mounts.at(0))?.namespace;
}

/** True when a program has mounts of its own, and not only the kernel's thread that keeps `/dev`. */
export function hasOwnMounts({ namespaces, tasks }: KernelView): boolean {
  const host = namespaces.find(({ kind, initial }) => kind === "mnt" && initial)?.inum;
  return tasks.some((task) => !task.kernelThread && task.namespaces.mnt !== 0 && task.namespaces.mnt !== host);
}

/** The same filesystems, by the same part, at the same places; which one was mounted first does not count. */
export function sameMounts(one: readonly Mount[], other: readonly Mount[]): boolean {
  if (one.length !== other.length) return false;
  // Most namespaces differ in their filesystems, which numbers tell sooner than paths.
  const sum = (mounts: readonly Mount[]) => mounts.reduce((total, { superBlock }) => total + superBlock, 0);
  if (sum(one) !== sum(other)) return false;
  const text = ({ path, root, superBlock, options }: Mount) => `${superBlock} ${options.join()} ${root}\0${path}`;
  const counts = new Map<string, number>();
  for (const mount of one) counts.set(text(mount), (counts.get(text(mount)) ?? 0) + 1);
  for (const mount of other) {
    const left = counts.get(text(mount)) ?? 0;
    if (left === 0) return false;
    counts.set(text(mount), left - 1);
  }
  return true;
}

/** Mounts as a tree: each below the one it is mounted on. */
export interface MountForest {
  roots: Mount[];
  children: ReadonlyMap<Mount, readonly Mount[]>;
  byId: ReadonlyMap<number, Mount>;
  /** How many mounts each one hides. */
  covers: ReadonlyMap<number, number>;
}

/** Every mount stands in the forest once, also where a torn picture has two of one id or a ring of parents. */
export function growMounts(mounts: readonly Mount[]): MountForest {
  const byId = new Map<number, Mount>();
  const once = new Map<number, Mount>();
  for (const mount of mounts) {
    if (once.has(mount.address)) continue;
    once.set(mount.address, mount);
    if (!byId.has(mount.id)) byId.set(mount.id, mount);
  }
  const children = new Map<Mount, Mount[]>();
  const covers = new Map<number, number>();
  const roots: Mount[] = [];
  for (const mount of once.values()) {
    const parent = byId.get(mount.parentId);
    if (!parent || parent === mount) roots.push(mount);
    else {
      const siblings = children.get(parent);
      if (siblings) siblings.push(mount);
      else children.set(parent, [mount]);
    }
    if (mount.hiddenBy !== undefined) covers.set(mount.hiddenBy, (covers.get(mount.hiddenBy) ?? 0) + 1);
  }
  const reached = new Set<Mount>();
  const reach = (from: Mount[]) => {
    for (const stack = [...from]; stack.length;) {
      const mount = stack.pop()!;
      reached.add(mount);
      for (const child of children.get(mount) ?? []) if (!reached.has(child)) stack.push(child);
    }
  };
  reach(roots);
  if (reached.size < once.size) {
    // Mounts in a ring: it is cut before the first of each.
    for (const mount of once.values()) {
      if (reached.has(mount)) continue;
      const siblings = children.get(byId.get(mount.parentId)!)!;
      siblings.splice(siblings.indexOf(mount), 1);
      roots.push(mount);
      reach([mount]);
    }
  }
  return { roots, children, byId, covers };
}

/** The mounts that pass mounts on to each other, and those that only receive them. */
export interface PeerGroup {
  peers: number;
  receivers: number;
  /** Of peers and receivers. */
  namespaces: Set<number>;
}

export function peerGroups(mounts: readonly Mount[]): Map<number, PeerGroup> {
  const groups = new Map<number, PeerGroup>();
  const note = (id: number | undefined, which: "peers" | "receivers", namespace: number) => {
    if (id === undefined) return;
    let group = groups.get(id);
    if (!group) groups.set(id, (group = { peers: 0, receivers: 0, namespaces: new Set() }));
    group[which]++;
    group.namespaces.add(namespace);
  };
  for (const { shared, master, namespace } of mounts) {
    note(shared, "peers", namespace);
    note(master, "receivers", namespace);
  }
  return groups;
}

/** In the words of findmnt's PROPAGATION column. */
export function propagation({ shared, master, unbindable }: Mount): string {
  const words: string[] = [];
  if (shared !== undefined) words.push("shared");
  if (master !== undefined) words.push("slave");
  if (!words.length) words.push("private");
  if (unbindable) words.push("unbindable");
  return words.join(",");
}

/** `tmpfs[/data]`, as findmnt writes the part of a filesystem that is mounted. */
export const sourceText = ({ source, root }: Mount): string => (root === "/" ? source : `${source}[${root}]`);

/** What of a mount point stands for itself: behind the mount point of its parent. */
export function splitPath(path: string, parentPath: string | undefined): { above: string; own: string } {
  if (parentPath === undefined || path === parentPath) return { above: "", own: path };
  const above = parentPath === "/" ? "/" : `${parentPath}/`;
  return path.startsWith(above) ? { above, own: path.slice(above.length) } : { above: "", own: path };
}
