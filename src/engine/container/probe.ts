/** One probe of a health check: a program in the container, what it says, and how it ends. */
import type { Context } from "../context";
import { SIGKILL } from "./signal";
import type { Container } from "./container";
import type { Execs } from "./execs";

/** As much as Docker keeps of what a probe says (moby `daemon/health.go`, `maxOutputLen`). */
const OUTPUT_MAX_BYTES = 4096;
/** What Docker says of a probe that could not be run or did not end. */
const NO_EXIT_CODE = -1;

export interface ProbeResult {
  /** 0 when the container is well; -1 when the probe could not be run or took too long. */
  exitCode: number;
  output: string;
}

/** Runs a probe to its end, or until its time is over or `signal` says so; then it is killed. */
export async function runProbe(
  { context, execs }: { context: Pick<Context, "boxd">; execs: Execs },
  container: Container,
  command: string[],
  options: { timeoutNs: number; signal: AbortSignal },
): Promise<ProbeResult> {
  const kept = boundedText();
  let exec;
  try {
    exec = execs.create(container, { Cmd: command, AttachStdout: true, AttachStderr: true });
    const serve = await execs.start(exec, { detach: false, tty: false });
    const { pid } = exec;
    let isLate = false;
    const kill = () =>
      void context.boxd.take([{ kind: "kill", pid, signal: SIGKILL, why: "Its time is over." }]).catch(() => {}); // It has ended by itself.
    const timer = setTimeout(() => {
      isLate = true;
      kill();
    }, options.timeoutNs / 1e6);
    options.signal.addEventListener("abort", kill);
    try {
      await serve({
        readable: new ReadableStream({ start: (controller) => controller.close() }),
        writable: kept.writable,
      });
    } finally {
      clearTimeout(timer);
      options.signal.removeEventListener("abort", kill);
    }
    if (isLate)
      return {
        exitCode: NO_EXIT_CODE,
        output: `Health check exceeded timeout (${goDuration(options.timeoutNs)})${kept.text() && `: ${kept.text()}`}`,
      };
    return { exitCode: exec.exitCode ?? NO_EXIT_CODE, output: kept.text() };
  } catch (error) {
    return { exitCode: NO_EXIT_CODE, output: error instanceof Error ? error.message : String(error) };
  } finally {
    if (exec) execs.forgetOne(exec);
  }
}

/** The first bytes of both streams of a program, as a text. */
function boundedText() {
  const bytes: number[] = [];
  let cut = false;
  const writable = new WritableStream<Uint8Array>({
    write(frame) {
      // After the header that says which stream it is; each piece comes with one.
      const payload = frame.subarray(8);
      const room = OUTPUT_MAX_BYTES - bytes.length;
      cut ||= payload.length > room;
      bytes.push(...payload.subarray(0, room));
    },
  });
  return {
    writable,
    text: () => new TextDecoder().decode(Uint8Array.from(bytes)) + (cut ? "..." : ""),
  };
}

/** `1m30s`, `500ms`: as Go prints a duration. */
export function goDuration(ns: number): string {
  if (ns < 1e9) return ns < 1e6 ? `${ns / 1e3}µs` : `${ns / 1e6}ms`;
  const hours = Math.floor(ns / 3600e9);
  const minutes = Math.floor((ns % 3600e9) / 60e9);
  const seconds = (ns % 60e9) / 1e9;
  return `${hours > 0 ? `${hours}h` : ""}${hours + minutes > 0 ? `${minutes}m` : ""}${seconds}s`;
}
