/** Names in the tree of directories and mounts (`fs/d_path.c`, `include/linux/dcache.h`, `fs/mount.h`). */
import type { Place } from "../protocol/task";
import { MAX_NAME_BYTES, MAX_PATH_DEPTH } from "./bounds";
import { MemoryFault } from "./memory";
import type { Program } from "./program";

/** A name, as raw as the guest wrote it. */
export function dentryName(prog: Program, dentry: number): string {
  return prog.cstring(dentry, prog.fields.dentry["d_name.name"], MAX_NAME_BYTES);
}

/** Address of the directory it is in; its own for the root of a filesystem. */
export function dentryParent(prog: Program, dentry: number): number {
  return prog.pointer(dentry, prog.fields.dentry.d_parent);
}

/** Address of the inode; 0 for a name that is known not to exist. */
export function dentryInode(prog: Program, dentry: number): number {
  return prog.pointer(dentry, prog.fields.dentry.d_inode);
}

/** The name was removed while somebody still uses it: `d_unlinked()`. */
export function dentryUnlinked(prog: Program, dentry: number): boolean {
  return prog.pointer(dentry, prog.fields.dentry["d_hash.pprev"]) === 0 && dentryParent(prog, dentry) !== dentry;
}

/**
 * True while a name moves or two are exchanged (`__d_move()`): the sequence of `rename_lock`, which is what a `seqlock_t`
 * begins with, is odd. In between, a directory may have its new name in its old place.
 */
export function renaming(prog: Program): boolean {
  return (prog.variable("rename_lock") & 1) !== 0;
}

/** Path of a name below a directory above it, or below the root of its filesystem: `/etc/passwd`; `/` for the directory itself. */
export function dentryPath(prog: Program, dentry: number, root = 0): string {
  let path = "";
  let at = dentry;
  for (let depth = 0; at !== root; depth++) {
    if (depth > MAX_PATH_DEPTH) throw new MemoryFault(dentry, `the path is deeper than ${MAX_PATH_DEPTH}`);
    const parent = dentryParent(prog, at);
    if (parent === at) break;
    path = `/${dentryName(prog, at)}${path}`;
    at = parent;
  }
  return path || "/";
}

/** Address of the `struct mount` that embeds this `struct vfsmount`: `real_mount()`. */
export function realMount(prog: Program, vfsmount: number): number {
  return prog.container(vfsmount, prog.fields.mount.mnt, "mount");
}

/** `mnt_id`. */
export function mountId(prog: Program, mount: number): number {
  return prog.u32(mount, prog.fields.mount.mnt_id) | 0;
}

/** Path of a `struct mount`'s mount point, from the root of its mount namespace. */
export function mountPath(prog: Program, mount: number): string {
  const fields = prog.fields.mount;
  let path = "";
  let at = mount;
  for (let depth = 0; ; depth++) {
    if (depth > MAX_PATH_DEPTH) throw new MemoryFault(mount, `mounts are nested deeper than ${MAX_PATH_DEPTH}`);
    const parent = prog.pointer(at, fields.mnt_parent);
    if (parent === at) return path || "/";
    const point = prog.pointer(at, fields.mnt_mountpoint);
    const below = dentryPath(prog, point, prog.pointer(parent, fields["mnt.mnt_root"]));
    if (below !== "/") path = below + path;
    at = parent;
  }
}

/** Path from the root of the mount namespace of a name on a mount. */
export function fullPath(prog: Program, mount: number, dentry: number): string {
  const within = dentryPath(prog, dentry, prog.pointer(mount, prog.fields.mount["mnt.mnt_root"]));
  const point = mountPath(prog, mount);
  if (point === "/") return within;
  return within === "/" ? point : point + within;
}

/** What a `struct path` leads to; undefined when it is empty. */
export function placeOf(prog: Program, path: number): Place | undefined {
  return placeAt(prog, prog.pointer(path, prog.fields.path.mnt), prog.pointer(path, prog.fields.path.dentry));
}

/** The same by the two parts of the `struct path`. */
export function placeAt(prog: Program, vfsmount: number, dentry: number): Place | undefined {
  if (vfsmount === 0 || dentry === 0) return undefined;
  const mount = realMount(prog, vfsmount);
  const id = mountId(prog, mount);
  const root = prog.pointer(mount, prog.fields.mount["mnt.mnt_root"]);
  // A file that never had a directory, as `memfd_create` makes them: `simple_dname()` of `fs/d_path.c`.
  if (dentry !== root && dentryParent(prog, dentry) === dentry) {
    return { path: `/${dentryName(prog, dentry)}`, mount: id, deleted: true };
  }
  return { path: fullPath(prog, mount, dentry), mount: id, deleted: dentryUnlinked(prog, dentry) };
}
