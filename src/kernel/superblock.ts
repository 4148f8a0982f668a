/** Filesystems (`struct super_block`, `include/linux/fs.h`), as the end of a line of mountinfo shows them (`fs/proc_namespace.c`). */
import { MAX_NAME_BYTES } from "./bounds";
import { overlayOptions } from "./overlay";
import type { Program } from "./program";

const PAGE_KIB = 4;

/** `s_flags` (`include/linux/fs.h`). */
const SB_RDONLY = 1 << 0;
const FLAGS = [
  [1 << 4, "sync"],
  [1 << 7, "dirsync"],
  [1 << 6, "mand"],
  [1 << 25, "lazytime"],
] as const;

/** Bits of a device number below its major (`MINORBITS`, `include/linux/kdev_t.h`). */
const MINOR_BITS = 20;

/** `s_type->name`, and the subtype that some have: `tmpfs`, `fuse.sshfs`. */
export function superBlockType(prog: Program, superBlock: number): string {
  const { s_type, s_subtype } = prog.fields.super_block;
  const type = prog.cstring(prog.pointer(superBlock, s_type), prog.fields.file_system_type.name, MAX_NAME_BYTES);
  if (prog.pointer(superBlock, s_subtype) === 0) return type;
  return `${type}.${prog.cstring(superBlock, s_subtype, MAX_NAME_BYTES)}`;
}

/** `s_dev`, major and minor: `0:23`. */
export function superBlockDevice(prog: Program, superBlock: number): string {
  const device = prog.u32(superBlock, prog.fields.super_block.s_dev);
  return `${device >>> MINOR_BITS}:${device & ((1 << MINOR_BITS) - 1)}`;
}

/** `rw` and what else holds for every mount of it: the last field of mountinfo, unescaped. Of some types their own options too. */
export function superBlockOptions(prog: Program, superBlock: number): string[] {
  const flags = prog.u32(superBlock, prog.fields.super_block.s_flags);
  const options: string[] = [flags & SB_RDONLY ? "ro" : "rw"];
  for (const [flag, name] of FLAGS) if (flags & flag) options.push(name);
  const type = superBlockType(prog, superBlock);
  if (!Object.hasOwn(OWN_OPTIONS, type)) return options;
  const info = prog.pointer(superBlock, prog.fields.super_block.s_fs_info);
  return [...options, ...OWN_OPTIONS[type](prog, info)];
}

/** What each filesystem prints of itself (`show_options`), from its `s_fs_info`. */
const OWN_OPTIONS: Readonly<Record<string, (prog: Program, info: number) => string[]>> = {
  tmpfs: shmemOptions,
  devtmpfs: shmemOptions,
  overlay: overlayOptions,
  proc: procOptions,
  devpts: devptsOptions,
};

/** `shmem_show_options()` of `mm/shmem.c`. */
function shmemOptions(prog: Program, info: number): string[] {
  const fields = prog.fields.shmem_sb_info;
  const options: string[] = [];
  // Both defaults: half of all pages.
  const half = prog.variable("_totalram_pages") >>> 1;
  const blocks = prog.u32(info, fields.max_blocks);
  if (blocks !== half) options.push(`size=${blocks * PAGE_KIB}k`);
  const inodes = prog.u32(info, fields.max_inodes);
  if (inodes !== half) options.push(`nr_inodes=${inodes}`);
  const mode = prog.u16(info, fields.mode);
  if (mode !== 0o1777) options.push(`mode=${octal(mode)}`);
  const uid = prog.u32(info, fields.uid);
  if (uid !== 0) options.push(`uid=${uid}`);
  const gid = prog.u32(info, fields.gid);
  if (gid !== 0) options.push(`gid=${gid}`);
  if (prog.u8(info, fields.full_inums) !== 0) options.push("inode64");
  if (prog.u8(info, fields.noswap) !== 0) options.push("noswap");
  return options;
}

const HIDEPID: Readonly<Record<number, string>> = { 1: "noaccess", 2: "invisible", 4: "ptraceable" };

/** `proc_show_options()` of `fs/proc/inode.c`. */
function procOptions(prog: Program, info: number): string[] {
  const { pid_gid, hide_pid, pidonly } = prog.fields.proc_fs_info;
  const options: string[] = [];
  const gid = prog.u32(info, pid_gid);
  if (gid !== 0) options.push(`gid=${gid}`);
  const hidden = prog.u32(info, hide_pid);
  if (hidden !== 0) options.push(`hidepid=${HIDEPID[hidden] ?? "unknown"}`);
  if (prog.u32(info, pidonly) !== 0) options.push("subset=pid");
  return options;
}

/** `NR_UNIX98_PTY_MAX` of `include/linux/tty.h`. */
const NR_UNIX98_PTY_MAX = 1 << MINOR_BITS;

/** `devpts_show_options()` of `fs/devpts/inode.c`. */
function devptsOptions(prog: Program, info: number): string[] {
  const fields = prog.fields.pts_fs_info;
  const options: string[] = [];
  if (prog.u32(info, fields["mount_opts.setuid"]) !== 0) {
    options.push(`uid=${prog.u32(info, fields["mount_opts.uid"])}`);
  }
  if (prog.u32(info, fields["mount_opts.setgid"]) !== 0) {
    options.push(`gid=${prog.u32(info, fields["mount_opts.gid"])}`);
  }
  options.push(`mode=${octal(prog.u16(info, fields["mount_opts.mode"]))}`);
  options.push(`ptmxmode=${octal(prog.u16(info, fields["mount_opts.ptmxmode"]))}`);
  const max = prog.u32(info, fields["mount_opts.max"]) | 0;
  if (max < NR_UNIX98_PTY_MAX) options.push(`max=${max}`);
  return options;
}

function octal(mode: number): string {
  return mode.toString(8).padStart(3, "0");
}
