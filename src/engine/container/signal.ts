/** Signals by name and number on i386 (`include/uapi/asm-generic/signal.h`). */
const SIGNALS =
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS".split(
    " ",
  );

export const SIGTERM = 15;
export const SIGKILL = 9;

/** `TERM`, `SIGTERM`, `term` or `15`; undefined for what is no signal. */
export function signalNumber(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) >= 1 && Number(text) <= 64 ? Number(text) : undefined;
  const index = SIGNALS.indexOf(text.toUpperCase().replace(/^SIG/, ""));
  return index < 0 ? undefined : index + 1;
}

export function signalName(number: number): string {
  return SIGNALS[number - 1] ?? String(number);
}
