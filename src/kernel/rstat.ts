/**
 * Statistics that each CPU collects and the kernel adds up when a file is read (`kernel/cgroup/rstat.c`). Here they are added up
 * without being written back, so what comes out is what the file would print now.
 */
import { MAX_CGROUP_DEPTH, MAX_LIST_ENTRIES } from "./bounds";
import { MemoryFault } from "./memory";
import type { Program } from "./program";
import { cgroupParent } from "./cgroup";

/** CPU time in nanoseconds (`struct cgroup_base_stat`). */
interface CpuTime {
  user: number;
  system: number;
  /** `sum_exec_runtime`, which the scheduler measures; the other two are counted in ticks. */
  usage: number;
}

/** What `cpu.stat` prints, in microseconds. */
export interface CpuStat {
  usageUs: number;
  userUs: number;
  systemUs: number;
}

/** CPU time with all that is not yet added, by address of the cgroup. Fill it within one picture. */
export type Flushed = Map<number, CpuTime>;

/**
 * `cpu.stat` of a cgroup. Time of the task that runs right now counts from the next tick on, for the file as well. The root's is
 * that of the whole system: `root_cgroup_cputime()`.
 */
export function cgroupCpuStat(prog: Program, cgroup: number, flushed: Flushed = new Map()): CpuStat {
  if (cgroupParent(prog, cgroup) === 0) return rootCpuStat(prog);
  const time = flush(prog, cgroup, flushed, 0);
  const { user, system } = adjust(prog, cgroup, time);
  return { usageUs: microseconds(time.usage), userUs: microseconds(user), systemUs: microseconds(system) };
}

/**
 * Cgroups right below, removed ones included, that have something to add since the kernel last added it up
 * (`cgroup_rstat_updated_list()`). None when the cgroup itself has nothing to add.
 */
export function* updatedChildren(prog: Program, cgroup: number): Generator<number, void, undefined> {
  const { updated_children, updated_next } = prog.fields.cgroup_rstat_cpu;
  const rstat = prog.pointer(cgroup, prog.fields.cgroup.rstat_cpu);
  // Its last step is the parent, or itself for the root.
  if (rstat === 0 || prog.pointer(rstat, updated_next) === 0) return;
  let child = prog.pointer(rstat, updated_children);
  for (let count = 0; child !== cgroup; count++) {
    if (count >= MAX_LIST_ENTRIES) throw new MemoryFault(child, "the list of updated cgroups does not end");
    const next = prog.pointer(prog.pointer(child, prog.fields.cgroup.rstat_cpu), updated_next);
    yield child;
    child = next;
  }
}

/** `cgroup_base_stat_flush()` of the cgroup and of those below it. */
function flush(prog: Program, cgroup: number, flushed: Flushed, depth: number): CpuTime {
  const known = flushed.get(cgroup);
  if (known) return known;
  if (depth > MAX_CGROUP_DEPTH) throw new MemoryFault(cgroup, `cgroups are nested deeper than ${MAX_CGROUP_DEPTH}`);
  const own = prog.fields.cgroup;
  const time: CpuTime = {
    user: prog.u64(cgroup, own["bstat.cputime.utime"]),
    system: prog.u64(cgroup, own["bstat.cputime.stime"]),
    usage: prog.u64(cgroup, own["bstat.cputime.sum_exec_runtime"]),
  };
  // Set before those below are read, so a list that leads back here ends.
  flushed.set(cgroup, time);
  const cpu = prog.fields.cgroup_rstat_cpu;
  const rstat = prog.pointer(cgroup, own.rstat_cpu);
  if (rstat === 0 || prog.pointer(rstat, cpu.updated_next) === 0) return time;
  time.user += prog.u64(rstat, cpu["bstat.cputime.utime"]) - prog.u64(rstat, cpu["last_bstat.cputime.utime"]);
  time.system += prog.u64(rstat, cpu["bstat.cputime.stime"]) - prog.u64(rstat, cpu["last_bstat.cputime.stime"]);
  time.usage +=
    prog.u64(rstat, cpu["bstat.cputime.sum_exec_runtime"]) -
    prog.u64(rstat, cpu["last_bstat.cputime.sum_exec_runtime"]);
  if (prog.pointer(rstat, cpu.updated_children) === cgroup) return time;
  for (const child of updatedChildren(prog, cgroup)) {
    const below = flush(prog, child, flushed, depth + 1);
    time.user += below.user - prog.u64(child, own["last_bstat.cputime.utime"]);
    time.system += below.system - prog.u64(child, own["last_bstat.cputime.stime"]);
    time.usage += below.usage - prog.u64(child, own["last_bstat.cputime.sum_exec_runtime"]);
  }
  return time;
}

/**
 * `cputime_adjust()` (`kernel/sched/cputime.c`): splits the measured time in the ratio of the ticks, and lets neither part run
 * backwards since the file was read last.
 */
function adjust(prog: Program, cgroup: number, { user, system, usage }: CpuTime): { user: number; system: number } {
  const previous = {
    user: prog.u64(cgroup, prog.fields.cgroup["prev_cputime.utime"]),
    system: prog.u64(cgroup, prog.fields.cgroup["prev_cputime.stime"]),
  };
  if (previous.system + previous.user >= usage) return previous;
  if (system === 0) system = 0;
  else if (user === 0) system = usage;
  else system = Math.min(usage, scale(system, usage, system + user));
  system = Math.max(system, previous.system);
  user = usage - system;
  return user < previous.user ? { user: previous.user, system: usage - previous.user } : { user, system };
}

/** `factor * numerator / denominator` without its fraction: `mul_u64_u64_div_u64()`. */
function scale(factor: number, numerator: number, denominator: number): number {
  const product = factor * numerator;
  // Below 2^53 a quotient that is not whole is never rounded up to a whole one.
  if (product <= Number.MAX_SAFE_INTEGER) return Math.floor(product / denominator);
  const exact = [factor, numerator, denominator].every(Number.isSafeInteger) && denominator > 0;
  if (!exact) return Math.floor(factor * (numerator / denominator));
  return Number((BigInt(factor) * BigInt(numerator)) / BigInt(denominator));
}

function rootCpuStat(prog: Program): CpuStat {
  const { CPUTIME_USER, CPUTIME_NICE, CPUTIME_SYSTEM, CPUTIME_IRQ, CPUTIME_SOFTIRQ } = prog.info.enumerators;
  const times = prog.member(prog.symbol("kernel_cpustat"), prog.fields.kernel_cpustat.cpustat);
  const user = prog.long(times, CPUTIME_USER) + prog.long(times, CPUTIME_NICE);
  const system = prog.long(times, CPUTIME_SYSTEM) + prog.long(times, CPUTIME_IRQ) + prog.long(times, CPUTIME_SOFTIRQ);
  return { usageUs: microseconds(user + system), userUs: microseconds(user), systemUs: microseconds(system) };
}

function microseconds(nanoseconds: number): number {
  return Math.floor(nanoseconds / 1000);
}
