/** Files (`struct inode`, `include/linux/fs.h`). Every function takes the address of an inode. */
import type { FileContent } from "../protocol/mount";
import { MAX_FILE_BYTES, MAX_NAME_BYTES, MAX_PATH_BYTES, MAX_XATTRS } from "./bounds";
import { pageCacheBytes } from "./pagecache";
import type { Program } from "./program";
import { rbtreeEntries } from "./rbtree";
import { superBlockType } from "./superblock";

// include/uapi/linux/stat.h
export const S_IFMT = 0xf000;
export const S_IFDIR = 0x4000;
export const S_IFREG = 0x8000;
export const S_IFLNK = 0xa000;
const S_IFCHR = 0x2000;

/** Filesystems whose files are `shmem_inode_info`: with `CONFIG_TMPFS` devtmpfs is a tmpfs (`drivers/base/devtmpfs.c`). */
const SHMEM_TYPES = new Set(["tmpfs", "devtmpfs"]);

/** Type and permissions. */
export function inodeMode(prog: Program, inode: number): number {
  return prog.u16(inode, prog.fields.inode.i_mode);
}

export function inodeNumber(prog: Program, inode: number): number {
  return prog.u32(inode, prog.fields.inode.i_ino);
}

/** Owner in the initial user namespace. */
export function inodeUid(prog: Program, inode: number): number {
  return prog.u32(inode, prog.fields.inode.i_uid);
}

export function inodeGid(prog: Program, inode: number): number {
  return prog.u32(inode, prog.fields.inode.i_gid);
}

export function inodeSizeBytes(prog: Program, inode: number): number {
  return prog.u64(inode, prog.fields.inode.i_size);
}

/** Nanoseconds since the epoch. */
export function inodeMtime(prog: Program, inode: number): number {
  const { i_mtime_sec, i_mtime_nsec } = prog.fields.inode;
  // Signed, for times before the epoch.
  const seconds = prog.u64(inode, i_mtime_sec);
  const signed = seconds < 2 ** 63 ? seconds : seconds - 2 ** 64;
  return signed * 1e9 + prog.u32(inode, i_mtime_nsec);
}

/** Number of names. */
export function inodeLinks(prog: Program, inode: number): number {
  return prog.u32(inode, prog.fields.inode.i_nlink);
}

/** A character device 0:0: `ovl_is_whiteout()`. */
export function inodeWhiteout(prog: Program, inode: number): boolean {
  return (inodeMode(prog, inode) & S_IFMT) === S_IFCHR && prog.u32(inode, prog.fields.inode.i_rdev) === 0;
}

/** It is on a filesystem whose extended attributes are in memory. */
export function inodeOnShmem(prog: Program, inode: number): boolean {
  return SHMEM_TYPES.has(superBlockType(prog, prog.pointer(inode, prog.fields.inode.i_sb)));
}

/** What overlayfs wrote down about a file (`enum ovl_xattr`, `fs/overlayfs/overlayfs.h`). */
export interface OverlayMarks {
  opaque: boolean;
  redirect?: string;
  origin: boolean;
}

export const NO_MARKS: OverlayMarks = { opaque: false, origin: false };

/** Overlays mounted with `userxattr`, as within a user namespace, use the second. */
const PREFIXES = ["trusted.overlay.", "user.overlay."];

/** The marks of a file on tmpfs: `shmem_inode_info.xattrs` of `include/linux/shmem_fs.h`. */
export function shmemMarks(prog: Program, inode: number): OverlayMarks {
  const { shmem_inode_info, simple_xattr } = prog.fields;
  const info = prog.container(inode, shmem_inode_info.vfs_inode, "info");
  const root = prog.member(info, shmem_inode_info.xattrs);
  // Nearly no file has any.
  if (prog.pointer(root, prog.fields.rb_root.rb_node) === 0) return NO_MARKS;
  const marks: OverlayMarks = { opaque: false, origin: false };
  for (const xattr of rbtreeEntries(prog, root, simple_xattr.rb_node, "xattr", MAX_XATTRS)) {
    const name = prog.cstring(xattr, simple_xattr.name, MAX_NAME_BYTES);
    const prefix = PREFIXES.find((prefix) => name.startsWith(prefix));
    if (prefix === undefined) continue;
    const mark = name.slice(prefix.length);
    if (mark === "opaque") marks.opaque = xattrText(prog, xattr) === "y";
    else if (mark === "redirect") marks.redirect = xattrText(prog, xattr);
    else if (mark === "origin") marks.origin = true;
  }
  return marks;
}

function xattrText(prog: Program, xattr: number): string {
  const { size, value } = prog.fields.simple_xattr;
  return prog.text(prog.member(xattr, value), Math.min(prog.u32(xattr, size), MAX_PATH_BYTES));
}

/** The same for a file of any filesystem; those of which nothing is known have no marks. */
export function inodeMarks(prog: Program, inode: number): OverlayMarks {
  return inodeOnShmem(prog, inode) ? shmemMarks(prog, inode) : NO_MARKS;
}

/** Where a symbolic link leads: kept beside the inode when it is short, else in the page cache. Undefined when it is in neither. */
export function inodeTarget(prog: Program, inode: number): string | undefined {
  if ((inodeMode(prog, inode) & S_IFMT) !== S_IFLNK) return undefined;
  const { i_link } = prog.fields.inode;
  if (prog.pointer(inode, i_link) !== 0) return prog.cstring(inode, i_link, MAX_PATH_BYTES);
  const { bytes, missingPages } = pageCacheBytes(prog, inode, Math.min(inodeSizeBytes(prog, inode), MAX_PATH_BYTES));
  return missingPages > 0 ? undefined : new TextDecoder().decode(bytes);
}

/** Content of a regular file, or where a symbolic link leads; undefined for what has no content. */
export function inodeContent(prog: Program, inode: number): FileContent | undefined {
  const type = inodeMode(prog, inode) & S_IFMT;
  if (type === S_IFREG) {
    const sizeBytes = inodeSizeBytes(prog, inode);
    return { ...pageCacheBytes(prog, inode, Math.min(sizeBytes, MAX_FILE_BYTES)), sizeBytes };
  }
  const target = inodeTarget(prog, inode);
  if (target === undefined) return undefined;
  const bytes = new TextEncoder().encode(target);
  return { bytes, sizeBytes: bytes.length, missingPages: 0 };
}
