/** Every way a machine can fail, in words a visitor can act on. */
import type { Failure, FailureCode } from "../protocol/machine";

/** Carries a `Failure` up to the edge of the machine, where it becomes data. */
export class MachineError extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(`${failure.what} ${failure.remedy}`);
    this.name = "MachineError";
    this.failure = failure;
  }
}

const NOTHING_LOST = "Saved sessions and lesson progress are untouched.";

const TEXT: Record<FailureCode, { kept: string; remedy: string }> = {
  "wasm-missing": { kept: NOTHING_LOST, remedy: "Use a current version of Chrome, Firefox, Safari or Edge." },
  "wasm-blocked": {
    kept: NOTHING_LOST,
    remedy: "Ask whoever runs this site to allow 'wasm-unsafe-eval' in script-src of its Content-Security-Policy.",
  },
  "memory-refused": { kept: NOTHING_LOST, remedy: "Close other tabs or programs, then start the machine again." },
  "file-missing": { kept: NOTHING_LOST, remedy: "Check the connection, then reload the page." },
  "file-damaged": { kept: NOTHING_LOST, remedy: "Reload the page without cache (Ctrl+Shift+R)." },
  "storage-denied": {
    kept: "The machine goes on; nothing is stored.",
    remedy: "Allow this site to store data, or leave private browsing.",
  },
  "snapshot-unusable": { kept: NOTHING_LOST, remedy: "Start the machine from power-on." },
  "not-halted": { kept: "The machine goes on unchanged.", remedy: "End what keeps the machine busy, then save again." },
  "guest-panic": { kept: NOTHING_LOST + " The terminals keep their text.", remedy: "Reset the machine." },
  "guest-silent": { kept: NOTHING_LOST, remedy: "Reset the machine, or start it from power-on." },
  "worker-crashed": { kept: NOTHING_LOST, remedy: "Start the machine again." },
  "bad-request": { kept: "The machine goes on unchanged.", remedy: "Correct the request." },
};

/** The failure `code` with the sentence that says what happened. */
export function failure(code: FailureCode, what: string): Failure {
  return { code, what, ...TEXT[code] };
}

export function machineError(code: FailureCode, what: string): MachineError {
  return new MachineError(failure(code, what));
}

/** Whatever was thrown, as a failure; `fallback` is the code for errors that do not tell theirs. */
export function asFailure(error: unknown, fallback: FailureCode): Failure {
  if (error instanceof MachineError) return error.failure;
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof RangeError || /out of memory|could not allocate/i.test(text)) {
    return failure("memory-refused", `The browser refused the machine's memory (${text}).`);
  }
  if (/unsafe-eval|Content Security Policy/i.test(text)) {
    return failure("wasm-blocked", `This page may not run WebAssembly (${text}).`);
  }
  return failure(fallback, text.endsWith(".") ? text : `${text}.`);
}
