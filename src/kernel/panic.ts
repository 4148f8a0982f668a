/** What a guest that died said last (`kernel/panic.c`). */
import { readCounters } from "./counters";
import { kernelLog } from "./printk";
import type { Program } from "./program";

const PANIC = "Kernel panic - not syncing: ";

/** Log lines that come with the reason. */
const CONTEXT_LINES = 12;

/**
 * The kernel's last words: the reason in the first line, then the end of the log. Undefined while the kernel lives.
 */
export function panicMessage(prog: Program): string | undefined {
  if (!readCounters(prog).panicked) return undefined;
  const log = kernelLog(prog);
  const reason = log.findLast((line) => line.startsWith(PANIC))?.slice(PANIC.length);
  return [reason ?? "the log holds no reason", ...log.slice(-CONTEXT_LINES)].join("\n");
}
