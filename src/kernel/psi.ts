/**
 * Pressure stall information (`kernel/sched/psi.c`). The kernel adds up times and draws averages when a file is read, and every two
 * seconds while something stalls. Here that is done without being written back, at the time of the scheduler's clock.
 */
import type { Cgroup, Pressure, ResourcePressure } from "../protocol/cgroup";
import { cgroupParent } from "./cgroup";
import type { Program } from "./program";

export type PressureResource = "cpu" | "memory" | "io";

// Averages are fixed-point numbers (`include/linux/sched/loadavg.h`): `FSHIFT`, `FIXED_1`.
const FRACTION_BITS = 11;
const ONE = 1 << FRACTION_BITS;
// What is left of an average after one period.
const EXP_10S = 1677;
const EXP_60S = 1981;
const EXP_300S = 2034;
/** `CONFIG_HZ=100`. */
const JIFFY_NS = 10_000_000;

const NO_PRESSURE: Pressure = { avg10: 0, avg60: 0, avg300: 0, totalUs: 0 };

/** What a reader of the group's files would add now: the beginnings of `psi_show()`. */
interface Aggregation {
  /** Address of the CPU's times (`struct psi_group_cpu`). */
  cpu: number;
  /** Bits of the states that it is in, and for how long already. */
  stateMask: number;
  stateNs: number;
  /** Somebody ran or waited for a tick at least; times of less are dropped. */
  counts: boolean;
  /** Averages are due, after so many periods without one, and the length of the last. */
  due: boolean;
  missedPeriods: number;
  periodNs: number;
}

/** Address of the `struct psi_group`; 0 when the cgroup has none, or it was switched off (`cgroup.pressure`). */
export function cgroupPsi(prog: Program, cgroup: number): number {
  const root = cgroupParent(prog, cgroup) === 0;
  const group = root ? prog.symbol("psi_system") : prog.pointer(cgroup, prog.fields.cgroup.psi);
  return group === 0 || prog.u8(group, prog.fields.psi_group.enabled) === 0 ? 0 : group;
}

/** A `*.pressure` file of the group. */
export function psiPressure(prog: Program, group: number, resource: PressureResource): ResourcePressure {
  return resourcePressure(prog, group, resource, aggregation(prog, group));
}

/** All three; undefined when they are switched off. */
export function cgroupPressure(prog: Program, cgroup: number): Cgroup["pressure"] {
  const group = cgroupPsi(prog, cgroup);
  if (group === 0) return undefined;
  const now = aggregation(prog, group);
  return {
    cpu: resourcePressure(prog, group, "cpu", now),
    memory: resourcePressure(prog, group, "memory", now),
    io: resourcePressure(prog, group, "io", now),
  };
}

function resourcePressure(
  prog: Program,
  group: number,
  resource: PressureResource,
  now: Aggregation,
): ResourcePressure {
  const { PSI_CPU, PSI_MEM, PSI_IO } = prog.info.enumerators;
  const some = 2 * (resource === "cpu" ? PSI_CPU : resource === "memory" ? PSI_MEM : PSI_IO);
  // Somebody is always on the CPU, so of the whole system this is not defined, and the file says 0.
  const undefinedFull = resource === "cpu" && group === prog.symbol("psi_system");
  return {
    some: statePressure(prog, group, some, now),
    full: undefinedFull ? NO_PRESSURE : statePressure(prog, group, some + 1, now),
  };
}

function aggregation(prog: Program, group: number): Aggregation {
  const fields = prog.fields.psi_group;
  const cpu = prog.pointer(group, fields.pcpu);
  const clock = prog.u64(prog.symbol("runqueues"), prog.fields.rq.clock);
  const stateMask = prog.u32(cpu, prog.fields.psi_group_cpu.state_mask);
  const stateNs = Math.max(0, clock - prog.u64(cpu, prog.fields.psi_group_cpu.state_start));
  const periodNs = prog.longVariable("psi_period");
  // Averages go by `sched_clock()`, times by the clock of the CPU, which may be ahead.
  const sinceDue = clock - signed(prog.longVariable("__sched_clock_offset")) - prog.u64(group, fields.avg_next_update);
  const missedPeriods = sinceDue > 0 && periodNs > 0 ? Math.floor(sinceDue / periodNs) : 0;
  const now: Aggregation = {
    cpu,
    stateMask,
    stateNs,
    counts: false,
    due: sinceDue >= 0,
    missedPeriods,
    periodNs:
      sinceDue +
      prog.u64(group, fields.avg_next_update) -
      prog.u64(group, fields.avg_last_update) -
      missedPeriods * periodNs,
  };
  now.counts = newTime(prog, prog.info.enumerators.PSI_NONIDLE, now) >= JIFFY_NS;
  return now;
}

/** Nanoseconds in a state that are not yet in the group's total: `get_recent_times()`. Of earlier times, the first row is meant. */
function newTime(prog: Program, state: number, { cpu, stateMask, stateNs }: Aggregation): number {
  const { times, times_prev } = prog.fields.psi_group_cpu;
  const time = prog.word(prog.member(cpu, times), state) + ((stateMask >>> state) & 1 ? stateNs : 0);
  return (time - prog.word(prog.member(cpu, times_prev), state)) >>> 0;
}

/** `state` is one of `enum psi_states`. Of `total`, the first row is what averages are made from (`PSI_AVGS`). */
function statePressure(prog: Program, group: number, state: number, now: Aggregation): Pressure {
  const fields = prog.fields.psi_group;
  const total = prog.long(prog.member(group, fields.total), state) + (now.counts ? newTime(prog, state, now) : 0);
  // Most have never waited, and totals only grow.
  if (total === 0) return NO_PRESSURE;
  const averages = prog.member(group, fields.avg);
  let share = 0;
  if (now.due) {
    const sampleNs = Math.min((total - prog.long(prog.member(group, fields.avg_total), state)) >>> 0, now.periodNs);
    share = now.periodNs > 0 ? Math.floor((sampleNs * 100) / now.periodNs) * ONE : 0;
  }
  return {
    avg10: average(prog.word(averages, state * 3), EXP_10S, share, now),
    avg60: average(prog.word(averages, state * 3 + 1), EXP_60S, share, now),
    avg300: average(prog.word(averages, state * 3 + 2), EXP_300S, share, now),
    totalUs: Math.floor(total / 1000),
  };
}

function average(last: number, decay: number, share: number, { due, missedPeriods }: Aggregation): number {
  return percent(due ? nextAverage(last, decay, share, missedPeriods) : last);
}

/** `calc_avgs()`: nothing happened in the missed periods, and `share` in the last. */
function nextAverage(last: number, decay: number, share: number, missedPeriods: number): number {
  if (last === 0 && share === 0) return 0;
  const left = missedPeriods > 0 ? moved(last, power(decay, missedPeriods), 0) : last;
  return moved(left, decay, share);
}

/** `calc_load()`. */
function moved(last: number, decay: number, active: number): number {
  const sum = last * decay + active * (ONE - decay) + (active >= last ? ONE - 1 : 0);
  return Math.floor(sum / ONE);
}

/** `fixed_power_int()`. */
function power(base: number, exponent: number): number {
  let result = ONE;
  for (let left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = (result * base + ONE / 2) >>> FRACTION_BITS;
    base = (base * base + ONE / 2) >>> FRACTION_BITS;
  }
  return result;
}

/** `LOAD_INT` and `LOAD_FRAC`: two decimals, cut off. */
function percent(average: number): number {
  const fraction = average & (ONE - 1);
  return ((average >>> FRACTION_BITS) * 100 + ((fraction * 100) >>> FRACTION_BITS)) / 100;
}

/** A `u64` that holds an `s64`. */
function signed(value: number): number {
  return value >= 2 ** 63 ? value - 2 ** 64 : value;
}
