/** Facts of the files in the layers that overlays stack, by the address of their inode. Commands run on the host. */
import { MAX_LAYER_ENTRIES_TOTAL, MAX_PATH_DEPTH } from "./bounds";
import { type Fact, fact, type ObjectFacts, quoted } from "./fact";
import {
  inodeGid,
  inodeLinks,
  inodeMarks,
  inodeMode,
  inodeMtime,
  inodeNumber,
  inodeSizeBytes,
  inodeTarget,
  inodeUid,
  inodeWhiteout,
} from "./inode";
import { directoryEntries, isDirectory } from "./layer";
import { MemoryFault } from "./memory";
import { mountedAt, mountHider, mountRootDentry, mountSuperBlock, namespaceMounts } from "./mount";
import { initialNamespace } from "./namespace";
import { overlayInfo, overlayLowers, overlaySuperBlocks, overlayUpper } from "./overlay";
import { dentryInode, dentryParent, fullPath } from "./path";
import type { Program } from "./program";

/** The files of every layer, the kernel's way: overlay, layer, directory, name. */
export function* layerInodes(prog: Program): Generator<number, void, undefined> {
  const seen = new Set<number>();
  for (const superBlock of overlaySuperBlocks(prog)) {
    const info = overlayInfo(prog, superBlock);
    if (info === 0) continue;
    for (const root of [overlayUpper(prog, info), ...overlayLowers(prog, info)]) {
      if (root === 0 || seen.has(root)) continue;
      seen.add(root);
      yield* inodesBelow(prog, root);
    }
  }
}

function* inodesBelow(prog: Program, root: number): Generator<number, void, undefined> {
  const directories = [root];
  let count = 0;
  for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
    try {
      for (const dentry of directoryEntries(prog, directory)) {
        if (++count > MAX_LAYER_ENTRIES_TOTAL) return;
        const inode = dentryInode(prog, dentry);
        yield inode;
        if (isDirectory(inodeMode(prog, inode))) directories.push(dentry);
      }
    } catch (error) {
      // The rest of the tree stands.
      if (!(error instanceof MemoryFault)) throw error;
    }
  }
}

/** Path of a file on the host, by the first mount there that leads to it; undefined when none does. */
function hostPath(prog: Program, inode: number): string | undefined {
  const { i_dentry, i_sb } = prog.fields.inode;
  const alias = prog.pointer(prog.member(inode, i_dentry), prog.fields.hlist_head.first);
  if (alias === 0) return undefined;
  const dentry = prog.container(alias, prog.fields.dentry["d_u.d_alias"], "dentry");
  const superBlock = prog.pointer(inode, i_sb);
  const lookup = mountedAt(prog);
  for (const mount of namespaceMounts(prog, initialNamespace(prog, "mnt"))) {
    if (mountSuperBlock(prog, mount) !== superBlock || mountHider(prog, mount, lookup) !== 0) continue;
    if (isOn(prog, dentry, mountRootDentry(prog, mount))) return fullPath(prog, mount, dentry);
  }
  return undefined;
}

function isOn(prog: Program, dentry: number, root: number): boolean {
  let at = dentry;
  for (let depth = 0; at !== root; depth++) {
    const parent = dentryParent(prog, at);
    if (parent === at || depth > MAX_PATH_DEPTH) return false;
    at = parent;
  }
  return true;
}

function onHost(command: (path: string) => string): Fact["command"] {
  return (prog, inode) => {
    const path = hostPath(prog, inode);
    return path === undefined ? undefined : command(`'${path.replaceAll("'", `'\\''`)}'`);
  };
}

const stat = (format: string) => onHost((path) => `stat -c ${format} ${path}`);
const xattr = (name: string) => onHost((path) => `getfattr -h -n trusted.overlay.${name} ${path}`);

export const FILE_FACTS: ObjectFacts = {
  all: layerInodes,
  facts: {
    ino: fact("dentry->d_inode->i_ino", inodeNumber, String, stat("%i")),
    mode: fact("dentry->d_inode->i_mode", inodeMode, (mode) => mode.toString(8), stat("%f")),
    uid: fact("dentry->d_inode->i_uid", inodeUid, String, stat("%u")),
    gid: fact("dentry->d_inode->i_gid", inodeGid, String, stat("%g")),
    sizeBytes: fact("dentry->d_inode->i_size", inodeSizeBytes, String, stat("%s")),
    mtimeNs: fact("dentry->d_inode->i_mtime_sec", inodeMtime, String, stat("%y")),
    links: fact("dentry->d_inode->i_nlink", inodeLinks, String, stat("%h")),
    whiteout: fact("dentry->d_inode->i_rdev", inodeWhiteout, String, stat("'%F %t:%T'")),
    opaque: fact("info->xattrs.rb_root", (prog, inode) => inodeMarks(prog, inode).opaque, String, xattr("opaque")),
    redirect: fact(
      "info->xattrs.rb_root",
      (prog, inode) => inodeMarks(prog, inode).redirect,
      (redirect) => (redirect === undefined ? "none" : quoted(redirect)),
      xattr("redirect"),
    ),
    origin: fact("info->xattrs.rb_root", (prog, inode) => inodeMarks(prog, inode).origin, String, xattr("origin")),
    target: fact(
      "dentry->d_inode->i_link",
      inodeTarget,
      (target) => (target === undefined ? "none" : quoted(target)),
      onHost((path) => `readlink ${path}`),
    ),
  },
};
