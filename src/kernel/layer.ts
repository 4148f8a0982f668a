/** Directory trees that overlays stack, by the address of their root dentry (`include/linux/dcache.h`). */
import { MAX_LIST_ENTRIES } from "./bounds";
import type { LayerEntry } from "../protocol/mount";
import { hlistForEachEntry } from "./list";
import {
  inodeGid,
  inodeLinks,
  inodeMode,
  inodeMtime,
  inodeNumber,
  inodeSizeBytes,
  inodeTarget,
  inodeUid,
  inodeWhiteout,
  NO_MARKS,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  shmemMarks,
} from "./inode";
import { dentryInode } from "./path";
import type { Program } from "./program";

/** Addresses of the dentries of all names in a directory, those in memory, the youngest first. */
export function* directoryEntries(prog: Program, directory: number): Generator<number, void, undefined> {
  const { d_children, d_sib, "d_hash.pprev": hashed } = prog.fields.dentry;
  const children = hlistForEachEntry(prog, prog.member(directory, d_children), d_sib, "dentry", MAX_LIST_ENTRIES);
  for (const dentry of children) {
    // Names that do not exist, readers' places in the directory, and removed files that somebody holds open.
    if (dentryInode(prog, dentry) !== 0 && prog.pointer(dentry, hashed) !== 0) yield dentry;
  }
}

/** What the picture says of a file at `path`; `shmem` when it is on tmpfs. */
export function layerEntry(prog: Program, inode: number, path: string, shmem: boolean): LayerEntry {
  const mode = inodeMode(prog, inode);
  const marks = shmem ? shmemMarks(prog, inode) : NO_MARKS;
  const entry: LayerEntry = {
    path,
    inode,
    ino: inodeNumber(prog, inode),
    mode,
    uid: inodeUid(prog, inode),
    gid: inodeGid(prog, inode),
    sizeBytes: inodeSizeBytes(prog, inode),
    mtimeNs: inodeMtime(prog, inode),
    links: inodeLinks(prog, inode),
    whiteout: inodeWhiteout(prog, inode),
    opaque: marks.opaque,
  };
  if (marks.redirect !== undefined) entry.redirect = marks.redirect;
  if (shmem) entry.origin = marks.origin;
  if ((mode & S_IFMT) === S_IFLNK) {
    const target = inodeTarget(prog, inode);
    if (target !== undefined) entry.target = target;
  }
  return entry;
}

export function isDirectory(mode: number): boolean {
  return (mode & S_IFMT) === S_IFDIR;
}
