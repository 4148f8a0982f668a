/** What a guest that died said last (`kernel/panic.c`). */
import { readCounters } from "./counters";
import { kernelLog } from "./printk";
import type { Program } from "./program";

const PANIC = "Kernel panic - not syncing: ";

/**
 * The kernel's last words: the line that names the panic, then the end of the log before it. Undefined while the kernel
 * lives.
 */
export function panicMessage(prog: Program): string | undefined {
  if (!readCounters(prog).panicked) return undefined;
  const log = kernelLog(prog);
  const reason = log.findLast((line) => line.startsWith(PANIC));
  return [reason ?? `${PANIC}no reason in the log`, ...log.filter((line) => line !== reason)].join("\n");
}
