import type { Context } from "../context";
import type { Upgraded } from "../io";
import { copyTo } from "../transfer";
import { demultiplex } from "./demultiplex";
import { parseDetachKeys, watchDetachKeys } from "./detach-keys";

export interface SessionOptions {
  tty: boolean;
  /** Which way bytes go. */
  stdin: boolean;
  output: boolean;
  detachKeys: string;
}

/** How a session came to its end: the other side ended it, or the keys to detach were typed. */
export type SessionEnd = "ended" | "detached";

/**
 * Joins this terminal with a raw stream: typed bytes one way, the process's output the other, taken apart into stdout and stderr
 * where it has no terminal of its own. A terminal is raw meanwhile and is given back in any case. Resolves when the output is
 * over, or, without output, when the input is.
 */
export const runSession = async (
  context: Context,
  upgraded: Upgraded,
  options: SessionOptions,
): Promise<SessionEnd> => {
  const { tty, stdin } = context.io;
  const raw = options.tty && options.stdin && context.stdinIsTty ? tty : undefined;
  let stopInput = (): void => undefined;
  let detach = (): void => undefined;
  // The other side may answer the end of the input with that of the output before we see our own.
  let left = false;
  const detached = new Promise<SessionEnd>((resolve) => {
    detach = () => resolve("detached");
  });

  const pumpInput = async (): Promise<void> => {
    const writer = upgraded.writable.getWriter();
    // A stream that the other side has closed is no failure: its output says the rest.
    writer.closed.catch(() => undefined);
    if (!options.stdin) return;
    const reader = stdin.getReader();
    stopInput = () => reader.releaseLock();
    const keys = options.tty ? watchDetachKeys(parseDetachKeys(options.detachKeys)) : undefined;
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        const bytes = keys ? keys.take(value) : value;
        if (bytes.length > 0) await writer.write(bytes);
        if (keys?.detached) {
          left = true;
          // What was typed before the keys is on its way, and arrives.
          await writer.close();
          detach();
          return;
        }
      }
      await writer.close();
    } catch {
      // Released at the session's end, or the other side is gone.
    }
  };

  await raw?.raw(true);
  try {
    const input = pumpInput();
    const output = options.tty
      ? copyTo(upgraded.readable, context.out)
      : demultiplex(upgraded.readable, context.out, context.err);
    const over = options.output
      ? output
      : input.then(() => {
          output.catch(() => undefined);
        });
    const end = await Promise.race([over.then((): SessionEnd => (left ? "detached" : "ended")), detached]);
    output.catch(() => undefined);
    return end;
  } finally {
    stopInput();
    await raw?.raw(false);
  }
};

/** Tells the engine the terminal's size, now and after each change, until what it resolved with is called. */
export const followSize = async (context: Context, path: string): Promise<() => void> => {
  const tty = context.io.tty;
  if (!tty || !context.stdoutIsTty) return () => undefined;
  const tell = async (): Promise<void> => {
    if (tty.rows === 0 && tty.cols === 0) return;
    // A process that has ended meanwhile has no terminal: that is no failure.
    await context.api.done("POST", `${path}/resize`, { query: { h: tty.rows, w: tty.cols } }).catch(() => undefined);
  };
  const stop = tty.onresize(() => void tell());
  await tell();
  return stop;
};

/** Signals that are the client's own business. */
const OWN_SIGNALS = ["SIGCHLD", "SIGPIPE", "SIGURG", "SIGWINCH", "SIGTSTP", "SIGTTIN", "SIGTTOU"];

/** Hands signals on to the container's process, until what it returned is called. */
export const proxySignals = (context: Context, containerPath: string): (() => void) =>
  context.takeSignals((signal) => {
    if (OWN_SIGNALS.includes(signal)) return;
    const name = signal.replace(/^SIG/, "");
    // One that has ended cannot be told; its exit follows anyway.
    context.api.done("POST", `${containerPath}/kill`, { query: { signal: name } }).catch(() => undefined);
  });
