/** Control groups, unified hierarchy (`kernel/cgroup/cgroup.c`, `include/linux/cgroup-defs.h`, `include/linux/kernfs.h`). */
import { CONTROLLERS, type Cgroup, type Controller } from "../protocol/cgroup";
import { MAX_CGROUP_DEPTH, MAX_CGROUPS, MAX_NAME_BYTES } from "./bounds";
import { listForEachEntry } from "./list";
import { MemoryFault } from "./memory";
import type { Program } from "./program";

/** Address of the task's `css_set`: tasks of one cgroup share one. */
export function taskCssSet(prog: Program, task: number): number {
  return prog.pointer(task, prog.fields.task_struct.cgroups);
}

/** Path in the unified hierarchy from its root: `/`, `/bubble`. */
export function cssSetPath(prog: Program, cssSet: number): string {
  return cgroupPath(prog, prog.pointer(cssSet, prog.fields.css_set.dfl_cgrp));
}

/** The cgroup is to be frozen, by its own `cgroup.freeze` or by one above: `cgroup_task_freeze()`. */
export function cssSetFreezing(prog: Program, cssSet: number): boolean {
  const cgroup = prog.pointer(cssSet, prog.fields.css_set.dfl_cgrp);
  return ((prog.u32(cgroup, prog.fields.cgroup.flags) >>> prog.info.enumerators.CGRP_FREEZE) & 1) !== 0;
}

export function taskCgroup(prog: Program, task: number): string {
  return cssSetPath(prog, taskCssSet(prog, task));
}

export function cgroupPath(prog: Program, cgroup: number): string {
  return kernfsPath(prog, prog.pointer(cgroup, prog.fields.cgroup.kn));
}

function kernfsPath(prog: Program, node: number): string {
  const { parent, name } = prog.fields.kernfs_node;
  let path = "";
  for (let depth = 0; ; depth++) {
    if (depth > MAX_CGROUP_DEPTH) throw new MemoryFault(node, `the path is deeper than ${MAX_CGROUP_DEPTH}`);
    const above = prog.pointer(node, parent);
    // The root's own name is empty.
    if (above === 0) return path || "/";
    path = `/${prog.cstring(node, name, MAX_NAME_BYTES)}${path}`;
    node = above;
  }
}

/** Address of the root of the unified hierarchy. */
export function rootCgroup(prog: Program): number {
  return prog.member(prog.symbol("cgrp_dfl_root"), prog.fields.cgroup_root.cgrp);
}

/** Those right below, also some that were removed and are still being taken apart: see `cgroupShows`. */
export function cgroupChildren(prog: Program, cgroup: number): Iterable<number> {
  const field = prog.fields.cgroup;
  return listForEachEntry(prog, prog.member(cgroup, field["self.children"]), field["self.sibling"], "cgroup");
}

/** Every cgroup that cgroupfs shows, a parent before its children. */
export function* allCgroups(prog: Program): Generator<number, void, undefined> {
  let left = MAX_CGROUPS;
  function* below(cgroup: number, depth: number): Generator<number, void, undefined> {
    yield cgroup;
    if (depth >= MAX_CGROUP_DEPTH) return;
    for (const child of cgroupChildren(prog, cgroup)) {
      if (--left < 0) return;
      if (cgroupShows(prog, child)) yield* below(child, depth + 1);
    }
  }
  yield* below(rootCgroup(prog), 0);
}

/**
 * True from the end of `mkdir` to the beginning of `rmdir`: its directory is there. A removed cgroup stays on the list of
 * its siblings as long as somebody refers to it, memory that is charged to it for example.
 */
export function cgroupShows(prog: Program, cgroup: number): boolean {
  const { CSS_ONLINE, KERNFS_ACTIVATED } = prog.info.enumerators;
  if ((prog.u32(cgroup, prog.fields.cgroup["self.flags"]) & CSS_ONLINE) === 0) return false;
  return (
    (prog.u16(prog.pointer(cgroup, prog.fields.cgroup.kn), prog.fields.kernfs_node.flags) & KERNFS_ACTIVATED) !== 0
  );
}

/** Address of the one above; 0 for the root. The parent's `self` is its first member. */
export function cgroupParent(prog: Program, cgroup: number): number {
  return prog.pointer(cgroup, prog.fields.cgroup["self.parent"]);
}

/** Name of its directory, as raw as the guest wrote it; empty for the root. */
export function cgroupName(prog: Program, cgroup: number): string {
  return prog.cstring(prog.pointer(cgroup, prog.fields.cgroup.kn), prog.fields.kernfs_node.name, MAX_NAME_BYTES);
}

/** Inode number of its directory: on a 32-bit machine the low half of the id, whose high half is a generation. */
export function cgroupInode(prog: Program, cgroup: number): number {
  return prog.u32(prog.pointer(cgroup, prog.fields.cgroup.kn), prog.fields.kernfs_node.id);
}

/** `cgroup_is_threaded()`. */
function isThreaded(prog: Program, cgroup: number): boolean {
  return prog.pointer(cgroup, prog.fields.cgroup.dom_cgrp) !== cgroup;
}

/** `cgroup_is_thread_root()`. */
function isThreadRoot(prog: Program, cgroup: number): boolean {
  const { nr_threaded_children, nr_populated_csets, subtree_control } = prog.fields.cgroup;
  if (isThreaded(prog, cgroup)) return false;
  if (prog.u32(cgroup, nr_threaded_children) !== 0) return true;
  if (prog.u32(cgroup, nr_populated_csets) === 0) return false;
  return (prog.u16(cgroup, subtree_control) & prog.shortVariable("cgrp_dfl_threaded_ss_mask")) !== 0;
}

/** `cgroup.type`. The root has no such file, and may be both; it is given out as a domain. */
export function cgroupType(prog: Program, cgroup: number): Cgroup["type"] {
  let above = cgroupParent(prog, cgroup);
  if (above === 0) return "domain";
  if (isThreaded(prog, cgroup)) return "threaded";
  for (let depth = 0; ; depth++) {
    if (depth > MAX_CGROUP_DEPTH) throw new MemoryFault(cgroup, `it is deeper than ${MAX_CGROUP_DEPTH}`);
    const next = cgroupParent(prog, above);
    // The root may have domains and threads below it at the same time.
    if (next === 0) break;
    if (isThreaded(prog, above) || isThreadRoot(prog, above)) return "domain invalid";
    above = next;
  }
  return isThreadRoot(prog, cgroup) ? "domain threaded" : "domain";
}

/** Bits of the controllers that are available in it: `cgroup_control()`. */
export function cgroupControl(prog: Program, cgroup: number): number {
  const parent = cgroupParent(prog, cgroup);
  if (parent === 0) {
    const all = prog.u32(prog.symbol("cgrp_dfl_root"), prog.fields.cgroup_root.subsys_mask);
    return all & ~(prog.shortVariable("cgrp_dfl_inhibit_ss_mask") | prog.shortVariable("cgrp_dfl_implicit_ss_mask"));
  }
  const control = cgroupSubtreeControl(prog, parent);
  return isThreaded(prog, cgroup) ? control & prog.shortVariable("cgrp_dfl_threaded_ss_mask") : control;
}

/** Bits of the controllers that it gives to its children. */
export function cgroupSubtreeControl(prog: Program, cgroup: number): number {
  return prog.u16(cgroup, prog.fields.cgroup.subtree_control);
}

/** The controllers of a mask, in the order in which the kernel prints them. */
export function controllers(prog: Program, mask: number): Controller[] {
  const ids: Partial<Record<string, number>> = prog.info.enumerators;
  return CONTROLLERS.filter((name) => (mask >>> (ids[`${name}_cgrp_id`] ?? 31)) & 1);
}

/** `cgroup_is_populated()`. */
export function cgroupPopulated(prog: Program, cgroup: number): boolean {
  const fields = prog.fields.cgroup;
  return (
    prog.u32(cgroup, fields.nr_populated_csets) !== 0 ||
    prog.u32(cgroup, fields.nr_populated_domain_children) !== 0 ||
    prog.u32(cgroup, fields.nr_populated_threaded_children) !== 0
  );
}

export function cgroupFreeze(prog: Program, cgroup: number): boolean {
  return prog.u8(cgroup, prog.fields.cgroup["freezer.freeze"]) !== 0;
}

export function cgroupFrozen(prog: Program, cgroup: number): boolean {
  return ((prog.u32(cgroup, prog.fields.cgroup.flags) >>> prog.info.enumerators.CGRP_FROZEN) & 1) !== 0;
}

/** A controller whose files, other than `*.stat`, every cgroup but the root can have. */
export type ControllerId = "cpu_cgrp_id" | "io_cgrp_id" | "memory_cgrp_id" | "pids_cgrp_id";

/**
 * Address of the controller's own structure for the cgroup, which embeds its `css` as the first member; 0 when its files are
 * not there, and for the root. A controller that another one depends on, as io does on memory, works without being shown.
 */
export function cgroupController(prog: Program, cgroup: number, id: ControllerId, name: string): number {
  if (cgroupParent(prog, cgroup) === 0) return 0;
  const css = cgroupSubsys(prog, cgroup, id);
  if (css === 0) return 0;
  const visible = prog.u32(css, prog.fields.cgroup_subsys_state.flags) & prog.info.enumerators.CSS_VISIBLE;
  return visible === 0 ? 0 : prog.name(css, name);
}

/** The same, shown or not. */
export function cgroupSubsys(prog: Program, cgroup: number, id: ControllerId): number {
  return prog.word(prog.member(cgroup, prog.fields.cgroup.subsys), prog.info.enumerators[id]);
}
