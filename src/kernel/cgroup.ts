/** Control groups, unified hierarchy (`include/linux/cgroup-defs.h`, `include/linux/kernfs.h`). */
import { MAX_CGROUP_DEPTH, MAX_NAME_BYTES } from "./bounds";
import { MemoryFault } from "./memory";
import type { Program } from "./program";

/** Address of the task's `css_set`: tasks of one cgroup share one. */
export function taskCssSet(prog: Program, task: number): number {
  return prog.pointer(task, prog.fields.task_struct.cgroups);
}

/** Path in the unified hierarchy from its root: `/`, `/bubble`. */
export function cssSetPath(prog: Program, cssSet: number): string {
  const cgroup = prog.pointer(cssSet, prog.fields.css_set.dfl_cgrp);
  return kernfsPath(prog, prog.pointer(cgroup, prog.fields.cgroup.kn));
}

/** The cgroup is to be frozen, by its own `cgroup.freeze` or by one above: `cgroup_task_freeze()`. */
export function cssSetFreezing(prog: Program, cssSet: number): boolean {
  const cgroup = prog.pointer(cssSet, prog.fields.css_set.dfl_cgrp);
  return ((prog.u32(cgroup, prog.fields.cgroup.flags) >>> prog.info.enumerators.CGRP_FREEZE) & 1) !== 0;
}

export function taskCgroup(prog: Program, task: number): string {
  return cssSetPath(prog, taskCssSet(prog, task));
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
