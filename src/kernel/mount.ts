/** Mounts (`fs/mount.h`, `include/linux/mount.h`), as `/proc/PID/mountinfo` shows them (`fs/proc_namespace.c`). Every function takes the address of a `struct mount`. */
import { MAX_MOUNTS, MAX_PATH_BYTES, MAX_PATH_DEPTH } from "./bounds";
import { listForEachEntry } from "./list";
import { MemoryFault } from "./memory";
import { namespaceInum } from "./namespace";
import { type NamespaceFile, namespaceFileName, namespaceOfInode } from "./nsfs";
import { dentryInode, dentryParent, dentryPath, dentryUnlinked, mountId } from "./path";
import type { Program } from "./program";
import { rbtreeEntries } from "./rbtree";
import { superBlockDevice, superBlockOptions, superBlockType } from "./superblock";

// include/linux/mount.h
const MNT_READONLY = 0x40;
const MNT_SHARED = 0x1000;
const MNT_UNBINDABLE = 0x2000;
/** As `show_vfsmnt_opts()` lists them. */
const FLAGS = [
  [0x01, "nosuid"],
  [0x02, "nodev"],
  [0x04, "noexec"],
  [0x08, "noatime"],
  [0x10, "nodiratime"],
  [0x20, "relatime"],
  [0x80, "nosymfollow"],
] as const;

/** Addresses of all mount namespaces, in the order in which they were made: `mnt_ns_tree` of `fs/namespace.c`. */
export function mountNamespaces(prog: Program): Generator<number, void, undefined> {
  return rbtreeEntries(prog, prog.symbol("mnt_ns_tree"), prog.fields.mnt_namespace.mnt_ns_tree_node, "mnt_ns");
}

/** The mounts of a `struct mnt_namespace`, in the order of mountinfo. */
export function namespaceMounts(prog: Program, namespace: number): Generator<number, void, undefined> {
  const { mnt_namespace, mount } = prog.fields;
  return rbtreeEntries(prog, prog.member(namespace, mnt_namespace.mounts), mount.mnt_node, "mount", MAX_MOUNTS);
}

/** Address of the mount it is on; its own for the root of a namespace. */
export function mountParent(prog: Program, mount: number): number {
  return prog.pointer(mount, prog.fields.mount.mnt_parent);
}

export function mountParentId(prog: Program, mount: number): number {
  return mountId(prog, mountParent(prog, mount));
}

/** Inode number of the namespace it is in. */
export function mountNamespace(prog: Program, mount: number): number {
  return namespaceInum(prog, prog.pointer(mount, prog.fields.mount.mnt_ns), "mnt");
}

/** Address of the dentry that is seen at the mount point. */
export function mountRootDentry(prog: Program, mount: number): number {
  return prog.pointer(mount, prog.fields.mount["mnt.mnt_root"]);
}

/** Path of what is mounted, in its filesystem (`show_path()`); it ends in `//deleted` when the name was removed since. */
export function mountRoot(prog: Program, mount: number): string {
  const held = mountHolds(prog, mount);
  if (held) return namespaceFileName(held);
  const root = mountRootDentry(prog, mount);
  const path = dentryPath(prog, root);
  return dentryUnlinked(prog, root) ? `${path}//deleted` : path;
}

/** Address of the `struct super_block`. */
export function mountSuperBlock(prog: Program, mount: number): number {
  return prog.pointer(mount, prog.fields.mount["mnt.mnt_sb"]);
}

export function mountType(prog: Program, mount: number): string {
  return superBlockType(prog, mountSuperBlock(prog, mount));
}

/** `mnt_devname`; `none` where the mount has no name. */
export function mountSource(prog: Program, mount: number): string {
  const { mnt_devname } = prog.fields.mount;
  return prog.pointer(mount, mnt_devname) === 0 ? "none" : prog.cstring(mount, mnt_devname, MAX_PATH_BYTES);
}

export function mountDevice(prog: Program, mount: number): string {
  return superBlockDevice(prog, mountSuperBlock(prog, mount));
}

/** Options of the mount alone: `rw`, `nosuid`, `relatime`. */
export function mountOptions(prog: Program, mount: number): string[] {
  return optionsOfFlags(mountFlags(prog, mount), mountIdmapped(prog, mount));
}

export function mountFlags(prog: Program, mount: number): number {
  return prog.u32(mount, prog.fields.mount["mnt.mnt_flags"]);
}

export function mountIdmapped(prog: Program, mount: number): boolean {
  return prog.pointer(mount, prog.fields.mount["mnt.mnt_idmap"]) !== prog.symbol("nop_mnt_idmap");
}

export function optionsOfFlags(flags: number, idmapped: boolean): string[] {
  const options: string[] = [flags & MNT_READONLY ? "ro" : "rw"];
  for (const [flag, name] of FLAGS) if (flags & flag) options.push(name);
  if (idmapped) options.push("idmapped");
  return options;
}

export function mountSuperOptions(prog: Program, mount: number): string[] {
  return superBlockOptions(prog, mountSuperBlock(prog, mount));
}

/** Peer group that it shares mounts with. */
export function mountShared(prog: Program, mount: number): number | undefined {
  return mountFlags(prog, mount) & MNT_SHARED ? groupId(prog, mount) : undefined;
}

/** Peer group that it receives mounts from. */
export function mountMaster(prog: Program, mount: number): number | undefined {
  const master = prog.pointer(mount, prog.fields.mount.mnt_master);
  return master === 0 ? undefined : groupId(prog, master);
}

function groupId(prog: Program, mount: number): number {
  return prog.u32(mount, prog.fields.mount.mnt_group_id) | 0;
}

export function mountUnbindable(prog: Program, mount: number): boolean {
  return (mountFlags(prog, mount) & MNT_UNBINDABLE) !== 0;
}

/** The namespace whose file is mounted. */
export function mountHolds(prog: Program, mount: number): NamespaceFile | undefined {
  if (mountType(prog, mount) !== "nsfs") return undefined;
  return namespaceOfInode(prog, dentryInode(prog, mountRootDentry(prog, mount)));
}

/** Finds the mount on `parent` at a dentry: `__lookup_mnt()`; 0 for none. */
export type MountedAt = (parent: number, dentry: number) => number;

/** By the parent's own list. */
export function mountedAt(prog: Program): MountedAt {
  const { mnt_mounts, mnt_child, mnt_mountpoint } = prog.fields.mount;
  return (parent, dentry) => {
    const children = listForEachEntry(prog, prog.member(parent, mnt_mounts), mnt_child, "mount", MAX_MOUNTS);
    for (const child of children) if (prog.pointer(child, mnt_mountpoint) === dentry) return child;
    return 0;
  };
}

/** Address of the mount that hides it: one mounted over it, or over a directory above its mount point; 0 for none. */
export function mountHider(prog: Program, mount: number, lookup: MountedAt = mountedAt(prog)): number {
  const over = lookup(mount, mountRootDentry(prog, mount));
  if (over !== 0 && over !== mount) return over;
  return mountPointHider(prog, mount, lookup);
}

/** The same of its mount point alone. */
export function mountPointHider(prog: Program, mount: number, lookup: MountedAt): number {
  let at = mount;
  for (let depth = 0; depth <= MAX_PATH_DEPTH; depth++) {
    const parent = mountParent(prog, at);
    if (parent === at) return 0;
    const hider = siblingAbove(prog, at, parent, lookup);
    if (hider !== 0) return hider;
    at = parent;
  }
  throw new MemoryFault(mount, `mounts are nested deeper than ${MAX_PATH_DEPTH}`);
}

/** The mount on the same parent, over a directory above the mount point; 0 for none. */
export function siblingAbove(prog: Program, mount: number, parent: number, lookup: MountedAt): number {
  const root = mountRootDentry(prog, parent);
  let directory = prog.pointer(mount, prog.fields.mount.mnt_mountpoint);
  for (let depth = 0; directory !== root; depth++) {
    if (depth > MAX_PATH_DEPTH) throw new MemoryFault(mount, `the path is deeper than ${MAX_PATH_DEPTH}`);
    const above = dentryParent(prog, directory);
    if (above === directory) return 0;
    const over = lookup(parent, above);
    if (over !== 0) return over;
    directory = above;
  }
  return 0;
}

/** `mnt_id` of the mount that hides it. */
export function mountHiddenBy(prog: Program, mount: number): number | undefined {
  const hider = mountHider(prog, mount);
  return hider === 0 ? undefined : mountId(prog, hider);
}
