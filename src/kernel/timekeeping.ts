/** The kernel's clock (`kernel/time/timekeeping.c`). */
import type { Program } from "./program";

/**
 * Nanoseconds since boot as of the last tick: `ktime_get_boottime()` without the cycles since. An idle kernel stops its
 * tick and catches up on the interrupt that wakes it.
 */
export function bootTime(prog: Program): number {
  const timekeeper = prog.fields.timekeeper;
  // `tk_core` holds a sequence count and then the timekeeper, whose strictest member is aligned to four bytes on i386.
  const tk = prog.symbol("tk_core") + prog.info.sizes.seqcount_raw_spinlock;
  const base = prog.u64(tk, timekeeper["tkr_mono.base"]);
  const fraction = prog.u64(tk, timekeeper["tkr_mono.xtime_nsec"]);
  const shift = prog.u32(tk, timekeeper["tkr_mono.shift"]);
  return base + prog.u64(tk, timekeeper.offs_boot) + Math.floor(fraction / 2 ** shift);
}
