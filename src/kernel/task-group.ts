/** The CPU controller (`kernel/sched/core.c`, `struct task_group`). Times in microseconds, as its files print them. */
import type { CgroupCpu } from "../protocol/cgroup";
import { cgroupController } from "./cgroup";
import type { Program } from "./program";

/** `RUNTIME_INF`, as far as a double tells: no quota. */
const RUNTIME_INF = 2 ** 64;

/** Address of the `struct task_group`; 0 when the cgroup has no CPU controller, and for the root. */
export function cgroupTaskGroup(prog: Program, cgroup: number): number {
  return cgroupController(prog, cgroup, "cpu_cgrp_id", "tg");
}

/** `cpu.weight`: `sched_weight_to_cgroup()`. */
export function cpuWeight(prog: Program, tg: number): number {
  const weight = Math.floor((prog.u32(tg, prog.fields.task_group.shares) * 100 + 512) / 1024);
  return Math.min(Math.max(weight, 1), 10000);
}

/** The first word of `cpu.max`; undefined for `max`. */
export function cpuQuota(prog: Program, tg: number): number | undefined {
  const quota = prog.u64(tg, prog.fields.task_group["cfs_bandwidth.quota"]);
  return quota >= RUNTIME_INF ? undefined : Math.floor(quota / 1000);
}

/** The second word of `cpu.max`. */
export function cpuPeriod(prog: Program, tg: number): number {
  return Math.floor(prog.u64(tg, prog.fields.task_group["cfs_bandwidth.period"]) / 1000);
}

/** `cpu.max.burst`. */
export function cpuBurst(prog: Program, tg: number): number {
  return Math.floor(prog.u64(tg, prog.fields.task_group["cfs_bandwidth.burst"]) / 1000);
}

export function cpuPeriods(prog: Program, tg: number): number {
  return prog.u32(tg, prog.fields.task_group["cfs_bandwidth.nr_periods"]);
}

export function cpuThrottledPeriods(prog: Program, tg: number): number {
  return prog.u32(tg, prog.fields.task_group["cfs_bandwidth.nr_throttled"]);
}

export function cpuThrottled(prog: Program, tg: number): number {
  return Math.floor(prog.u64(tg, prog.fields.task_group["cfs_bandwidth.throttled_time"]) / 1000);
}

/** All of it; undefined without the controller. */
export function cgroupCpu(prog: Program, cgroup: number): CgroupCpu | undefined {
  const tg = cgroupTaskGroup(prog, cgroup);
  if (tg === 0) return undefined;
  return {
    weight: cpuWeight(prog, tg),
    quotaUs: cpuQuota(prog, tg),
    periodUs: cpuPeriod(prog, tg),
    burstUs: cpuBurst(prog, tg),
    periods: cpuPeriods(prog, tg),
    throttledPeriods: cpuThrottledPeriods(prog, tg),
    throttledUs: cpuThrottled(prog, tg),
  };
}
