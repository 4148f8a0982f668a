/** Pressure stall information (`kernel/sched/psi.c`). */
import type { Cgroup, Pressure, ResourcePressure } from "../protocol/cgroup";
import { cgroupParent } from "./cgroup";
import type { Program } from "./program";

export type PressureResource = "cpu" | "memory" | "io";

/** Bits of the fraction of an average (`FSHIFT`, `include/linux/sched/loadavg.h`). */
const FRACTION_BITS = 11;

/** Address of the `struct psi_group`; 0 when the cgroup has none, or it was switched off (`cgroup.pressure`). */
export function cgroupPsi(prog: Program, cgroup: number): number {
  const root = cgroupParent(prog, cgroup) === 0;
  const group = root ? prog.symbol("psi_system") : prog.pointer(cgroup, prog.fields.cgroup.psi);
  return group === 0 || prog.u8(group, prog.fields.psi_group.enabled) === 0 ? 0 : group;
}

/** A `*.pressure` file of the group. */
export function psiPressure(prog: Program, group: number, resource: PressureResource): ResourcePressure {
  const { PSI_CPU, PSI_MEM, PSI_IO } = prog.info.enumerators;
  const some = 2 * (resource === "cpu" ? PSI_CPU : resource === "memory" ? PSI_MEM : PSI_IO);
  // Somebody is always on the CPU, so of the whole system this is not defined, and the file says 0.
  const undefinedFull = resource === "cpu" && group === prog.symbol("psi_system");
  return {
    some: statePressure(prog, group, some),
    full: undefinedFull ? { avg10: 0, avg60: 0, avg300: 0, totalUs: 0 } : statePressure(prog, group, some + 1),
  };
}

/** All three; undefined when they are switched off. */
export function cgroupPressure(prog: Program, cgroup: number): Cgroup["pressure"] {
  const group = cgroupPsi(prog, cgroup);
  if (group === 0) return undefined;
  return {
    cpu: psiPressure(prog, group, "cpu"),
    memory: psiPressure(prog, group, "memory"),
    io: psiPressure(prog, group, "io"),
  };
}

/** `state` is one of `enum psi_states`. Of `total`, the first row is what the averages are made from (`PSI_AVGS`). */
function statePressure(prog: Program, group: number, state: number): Pressure {
  const averages = prog.member(group, prog.fields.psi_group.avg);
  return {
    avg10: percent(prog.word(averages, state * 3)),
    avg60: percent(prog.word(averages, state * 3 + 1)),
    avg300: percent(prog.word(averages, state * 3 + 2)),
    totalUs: Math.floor(prog.long(prog.member(group, prog.fields.psi_group.total), state) / 1000),
  };
}

/** `LOAD_INT` and `LOAD_FRAC`: two decimals, cut off. */
function percent(average: number): number {
  const fraction = average & ((1 << FRACTION_BITS) - 1);
  return ((average >>> FRACTION_BITS) * 100 + ((fraction * 100) >>> FRACTION_BITS)) / 100;
}
