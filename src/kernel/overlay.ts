/** Overlay filesystems (`fs/overlayfs/ovl_entry.h`), by the address of their `struct super_block` or `struct ovl_fs`. */
import { MAX_OVERLAY_LAYERS, MAX_OVERLAYS, MAX_PATH_BYTES } from "./bounds";
import type { Field, SymbolName } from "./debuginfo";
import { hlistForEachEntry } from "./list";
import { MemoryFault } from "./memory";
import type { Program } from "./program";

/** Addresses of the super blocks of all overlays, also of those that are mounted nowhere any more and still in use. */
export function overlaySuperBlocks(prog: Program): Generator<number, void, undefined> {
  const supers = prog.member(prog.symbol("ovl_fs_type"), prog.fields.file_system_type.fs_supers);
  return hlistForEachEntry(prog, supers, prog.fields.super_block.s_instances, "sb", MAX_OVERLAYS);
}

/** Address of the `struct ovl_fs`; 0 until the filesystem is filled, and once it is being taken down. */
export function overlayInfo(prog: Program, superBlock: number): number {
  const { s_root, s_fs_info } = prog.fields.super_block;
  return prog.pointer(superBlock, s_root) === 0 ? 0 : prog.pointer(superBlock, s_fs_info);
}

/** Address of the root dentry of the upper layer; 0 for a read-only overlay. */
export function overlayUpper(prog: Program, info: number): number {
  return layerRoot(prog, info, 0);
}

/** Addresses of the root dentries of the lower layers, topmost first, without those that only hold data. */
export function overlayLowers(prog: Program, info: number): number[] {
  const lowers: number[] = [];
  for (let index = 1, count = mergedLayers(prog, info); index < count; index++) {
    lowers.push(layerRoot(prog, info, index));
  }
  return lowers;
}

/** Directories as the mount options name them. */
export function overlayUpperPath(prog: Program, info: number): string | undefined {
  return optionText(prog, info, prog.fields.ovl_fs["config.upperdir"]);
}

export function overlayWorkPath(prog: Program, info: number): string | undefined {
  return optionText(prog, info, prog.fields.ovl_fs["config.workdir"]);
}

export function overlayLowerPaths(prog: Program, info: number): string[] {
  const names = prog.pointer(info, prog.fields.ovl_fs["config.lowerdirs"]);
  const paths: string[] = [];
  for (let index = 1, count = mergedLayers(prog, info); index < count; index++) {
    paths.push(lowerName(prog, names, index) ?? "");
  }
  return paths;
}

/** `ovl_redirect_follow()`. */
export function overlayFollowsRedirects(prog: Program, info: number): boolean {
  return prog.u32(info, prog.fields.ovl_fs["config.redirect_mode"]) !== REDIRECT.indexOf("nofollow");
}

/** Prefix of the xattrs by which it marks files (`OVL_XATTR_TRUSTED_PREFIX`, `fs/overlayfs/overlayfs.h`). */
export function overlayXattrPrefix(prog: Program, info: number): string {
  return prog.u8(info, prog.fields.ovl_fs["config.userxattr"]) !== 0 ? "user.overlay." : "trusted.overlay.";
}

// Values of the options, as the tables of `fs/overlayfs/params.c` number them.
const REDIRECT = ["off", "follow", "nofollow", "on"];
const UUID = ["off", "null", "auto", "on"];
const XINO = ["off", "auto", "on"];
const VERITY = ["off", "on", "require"];
const FSYNC = ["volatile", "auto", "strict"];

/** `ovl_show_options()` of `fs/overlayfs/params.c`. */
export function overlayOptions(prog: Program, info: number): string[] {
  const fields = prog.fields.ovl_fs;
  const options: string[] = [];
  const names = prog.pointer(info, fields["config.lowerdirs"]);
  const whole = lowerName(prog, names, 0);
  if (whole !== undefined) {
    options.push(`lowerdir=${whole}`);
  } else {
    const [merged, all] = [mergedLayers(prog, info), layerCount(prog, info)];
    for (let index = 1; index < all; index++) {
      options.push(`${index < merged ? "lowerdir+" : "datadir+"}=${lowerName(prog, names, index) ?? ""}`);
    }
  }
  const upper = overlayUpperPath(prog, info);
  if (upper !== undefined) options.push(`upperdir=${upper}`, `workdir=${overlayWorkPath(prog, info) ?? ""}`);
  if (flag(prog, info, fields["config.default_permissions"])) options.push("default_permissions");
  const follow = byDefault(prog, "ovl_redirect_always_follow") ? "follow" : "nofollow";
  const redirect = byDefault(prog, "ovl_redirect_dir_def") ? "on" : follow;
  unless(options, redirect, "redirect_dir", REDIRECT[prog.u32(info, fields["config.redirect_mode"])]);
  unless(options, onOff(byDefault(prog, "ovl_index_def")), "index", onOff(flag(prog, info, fields["config.index"])));
  unless(options, "auto", "uuid", UUID[prog.u32(info, fields["config.uuid"])]);
  unless(
    options,
    onOff(byDefault(prog, "ovl_nfs_export_def")),
    "nfs_export",
    onOff(flag(prog, info, fields["config.nfs_export"])),
  );
  if (prog.u32(info, fields.xino_mode) !== 0) {
    unless(
      options,
      byDefault(prog, "ovl_xino_auto_def") ? "auto" : "off",
      "xino",
      XINO[prog.u32(info, fields["config.xino"])],
    );
  }
  unless(
    options,
    onOff(byDefault(prog, "ovl_metacopy_def")),
    "metacopy",
    onOff(flag(prog, info, fields["config.metacopy"])),
  );
  unless(options, "auto", "fsync", FSYNC[prog.u32(info, fields["config.fsync_mode"])]);
  if (flag(prog, info, fields["config.userxattr"])) options.push("userxattr");
  unless(options, "off", "verity", VERITY[prog.u32(info, fields["config.verity_mode"])]);
  return options;
}

function flag(prog: Program, info: number, field: Field): boolean {
  return prog.u8(info, field) !== 0;
}

function byDefault(prog: Program, name: SymbolName): boolean {
  return prog.byte(prog.symbol(name)) !== 0;
}

function onOff(on: boolean): string {
  return on ? "on" : "off";
}

function unless(options: string[], usual: string, option: string, value: string): void {
  if (value !== usual) options.push(`${option}=${value}`);
}

/** Layers with the upper one, which is counted also where there is none. */
function layerCount(prog: Program, info: number): number {
  const count = prog.u32(info, prog.fields.ovl_fs.numlayer);
  if (count > MAX_OVERLAY_LAYERS) {
    throw new MemoryFault(info, `ovl_fs.numlayer is ${count}; the kernel allows ${MAX_OVERLAY_LAYERS}`);
  }
  return count;
}

function mergedLayers(prog: Program, info: number): number {
  return layerCount(prog, info) - prog.u32(info, prog.fields.ovl_fs.numdatalayer);
}

function layerRoot(prog: Program, info: number, index: number): number {
  const layers = prog.pointer(info, prog.fields.ovl_fs.layers);
  const layer = prog.name(layers + index * prog.info.sizes.ovl_layer, "layer");
  // A structure of its own that no namespace knows: `clone_private_mount()`.
  const vfsmount = prog.pointer(layer, prog.fields.ovl_layer.mnt);
  return vfsmount === 0 ? 0 : prog.pointer(vfsmount, prog.fields.vfsmount.mnt_root);
}

function lowerName(prog: Program, names: number, index: number): string | undefined {
  const name = prog.word(names, index);
  return name === 0 ? undefined : prog.text(name, MAX_PATH_BYTES);
}

/** The text behind a `char *` that may be null. */
function optionText(prog: Program, base: number, field: Field): string | undefined {
  return prog.pointer(base, field) === 0 ? undefined : prog.cstring(base, field, MAX_PATH_BYTES);
}
