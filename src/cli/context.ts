import type { Api } from "./api";
import type { Cli } from "./io";

/** What a command works with. */
export interface Context {
  io: Cli;
  api: Api;
  /** `docker` or `box`, as it was called. */
  program: string;
  /** The command as it was typed, without options: `docker container ls`. */
  path: string;
  /** Writes text, or bytes, and waits until they are taken. */
  out(text: string | Uint8Array): Promise<void>;
  err(text: string | Uint8Array): Promise<void>;
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP that nobody took. */
  signal: AbortSignal;
  /** From here on signals are given to `handler` and abort nothing, until what it returned is called. */
  takeSignals(handler: (signal: string) => void): () => void;
  /** Whether stdin, stdout are the terminal. */
  stdinIsTty: boolean;
  stdoutIsTty: boolean;
}
