/** The pids controller (`kernel/cgroup/pids.c`). */
import type { CgroupPids } from "../protocol/cgroup";
import { MAX_TASKS } from "./bounds";
import { cgroupController } from "./cgroup";
import type { Program } from "./program";

/** Address of the `struct pids_cgroup`; 0 when the cgroup has no pids controller, and for the root. */
export function cgroupPidsController(prog: Program, cgroup: number): number {
  return cgroupController(prog, cgroup, "pids_cgrp_id", "pids");
}

export function pidsCurrent(prog: Program, pids: number): number {
  return prog.u64(pids, prog.fields.pids_cgroup.counter);
}

export function pidsPeak(prog: Program, pids: number): number {
  return prog.u64(pids, prog.fields.pids_cgroup.watermark);
}

/** `pids.max`; undefined for `max`, which the kernel keeps as one more than there can be (`PIDS_MAX`). */
export function pidsMax(prog: Program, pids: number): number | undefined {
  const limit = prog.u64(pids, prog.fields.pids_cgroup.limit);
  return limit > MAX_TASKS ? undefined : limit;
}

/**
 * `max` of `pids.events`: forks that this cgroup's limit, or one below it, refused. With the mount option `pids_localevents`: forks
 * from within this cgroup that any limit refused.
 */
export function pidsRefused(prog: Program, pids: number): number {
  const { events, events_local } = prog.fields.pids_cgroup;
  const { CGRP_ROOT_PIDS_LOCAL_EVENTS, PIDCG_FORKFAIL, PIDCG_MAX } = prog.info.enumerators;
  const flags = prog.u32(prog.symbol("cgrp_dfl_root"), prog.fields.cgroup_root.flags);
  return (flags & CGRP_ROOT_PIDS_LOCAL_EVENTS) === 0
    ? prog.long(prog.member(pids, events), PIDCG_MAX)
    : prog.long(prog.member(pids, events_local), PIDCG_FORKFAIL);
}

/** All of it; undefined without the controller. */
export function cgroupPids(prog: Program, cgroup: number): CgroupPids | undefined {
  const pids = cgroupPidsController(prog, cgroup);
  if (pids === 0) return undefined;
  return {
    current: pidsCurrent(prog, pids),
    peak: pidsPeak(prog, pids),
    max: pidsMax(prog, pids),
    refused: pidsRefused(prog, pids),
  };
}
