import { ExitKind, FrameType, KillTarget, UNTIL_END } from "../protocol/frame";
import type { RunRequest, RunResult, RunStatus } from "../protocol/machine";
import { encodeFrame, encodeResize, encodeU32, get32, type Frame } from "./codec";
import { AgentError } from "./error";
import { Inlet } from "./inlet";
import type { Link } from "./link";
import { Outlet } from "./outlet";

const SIGTERM = 15;

/**
 * A command in the guest.
 *
 * Its output ends when it has exited and everything it wrote before was received. What its background children write to
 * the same pipes afterwards is not waited for: they find them closed. With a pty, stdout and stderr are one, on stdout,
 * and end when the terminal is closed.
 *
 * Read (or cancel) both outputs: unread output beyond `Inlet.WINDOW_BYTES` holds the command up, as a full pipe does.
 */
export class Process {
  /** Resolves with its pid in the guest when it was executed; rejects with the reason when it could not be. */
  readonly started: Promise<number>;
  /** Resolves when it ended; rejects when it could not be executed, was cancelled, or the agent was reset. */
  readonly exited: Promise<RunStatus>;

  #link: Link;
  #id: number;
  #stdin: Outlet;
  #outputs: [Inlet, Inlet];
  #done = false;
  #status?: RunStatus;
  /** Outputs that the guest still has open. */
  #openOutputs: number;
  #forget: () => void;
  #start!: { resolve(pid: number): void; reject(error: AgentError): void };
  #exit!: { resolve(status: RunStatus): void; reject(error: AgentError): void };

  /**
   * Made by `Agent.run`.
   * @param forget called when no frame can concern it any more
   */
  constructor(link: Link, id: number, request: RunRequest, forget: () => void) {
    this.#link = link;
    this.#id = id;
    this.#forget = forget;
    this.started = new Promise((resolve, reject) => (this.#start = { resolve, reject }));
    this.exited = new Promise((resolve, reject) => (this.#exit = { resolve, reject }));
    // Whoever awaits them hears of a failure; nobody has to.
    this.started.catch(() => {});
    this.exited.catch(() => {});
    this.#stdin = new Outlet(link, id);
    if (!request.stdin && !request.pty)
      this.#stdin.fail(new AgentError("closed", "the command was started without standard input"));
    const output = (channel: number) =>
      new Inlet(
        (bytes) => this.#link.send(encodeFrame(FrameType.CREDIT, channel, id, encodeU32(bytes))),
        () => {
          this.#openOutputs--;
          this.#link.send(encodeFrame(FrameType.END, channel, id));
        },
      );
    this.#outputs = [output(1), output(2)];
    if (request.pty) this.#outputs[1].end();
    this.#openOutputs = request.pty ? 1 : 2;
  }

  /** Standard input. Errors with `closed` when the command reads no more. */
  get stdin(): WritableStream<Uint8Array> {
    return this.#stdin.writable;
  }

  get stdout(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#outputs[0].readable;
  }

  get stderr(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#outputs[1].readable;
  }

  /** Sets the size of its terminal; the foreground process group gets SIGWINCH. */
  resize(cols: number, rows: number) {
    if (!this.#done) this.#link.send(encodeFrame(FrameType.RESIZE, 0, this.#id, encodeResize(cols, rows)));
  }

  /** Sends a signal by number (default SIGTERM) to its whole process group, or to it alone. Nothing happens when it has ended. */
  kill(signal = SIGTERM, target: "group" | "process" = "group") {
    if (this.#status || this.#done) return;
    const payload = Uint8Array.of(signal, target === "group" ? KillTarget.GROUP : KillTarget.PROCESS);
    this.#link.send(encodeFrame(FrameType.KILL, 0, this.#id, payload));
  }

  /** Gives the command up: its process group is killed, pending reads and `exited` reject with `cancelled`. */
  cancel() {
    if (this.#done) return;
    this.#link.send(encodeFrame(FrameType.CLOSE, 0, this.#id));
    this.fail(new AgentError("cancelled", "the command was cancelled"));
  }

  /**
   * Writes `stdin` (when given) and ends it, reads both outputs to their end.
   *
   * @throws AgentError as `exited` does. A command that does not read its input is no error.
   */
  async collect(stdin?: Uint8Array): Promise<RunResult> {
    if (stdin) void this.#write(stdin);
    try {
      const [stdout, stderr, status] = await Promise.all([
        gather(this.#outputs[0]),
        gather(this.#outputs[1]),
        this.exited,
      ]);
      return { ...status, stdout, stderr };
    } catch (error) {
      await this.exited; // It knows the reason better than a broken read.
      throw error;
    }
  }

  async #write(bytes: Uint8Array) {
    const writer = this.#stdin.writable.getWriter();
    try {
      await writer.write(bytes);
      await writer.close();
    } catch {
      // It ended, or closed its input, without reading everything. How it ended tells whether that was wrong.
    }
  }

  /** A frame of its stream. */
  receive(frame: Frame) {
    switch (frame.type) {
      case FrameType.DATA:
        this.#output(frame.channel)?.receive(frame.payload);
        break;
      case FrameType.END:
        if (frame.channel === 0) this.#stdin.fail(new AgentError("closed", "the command reads no more of its input"));
        else {
          this.#openOutputs--;
          this.#output(frame.channel)?.end();
        }
        break;
      case FrameType.CREDIT:
        this.#stdin.granted(get32(frame.payload, 0));
        break;
      case FrameType.STARTED:
        this.#start.resolve(get32(frame.payload, 0));
        break;
      case FrameType.EXIT:
        this.#exited(frame.payload);
        break;
    }
    this.#settle();
  }

  #output(channel: number): Inlet | undefined {
    return this.#outputs[channel - 1];
  }

  #exited(payload: Uint8Array) {
    this.#status = payload[0] === ExitKind.SIGNAL ? { signal: payload[1] } : { exitCode: payload[1] };
    this.#stdin.fail(new AgentError("closed", "the command has ended"));
    for (const [i, output] of this.#outputs.entries()) {
      const pending = get32(payload, 4 + 4 * i);
      if (pending !== UNTIL_END) output.endAfter(pending);
    }
    this.#exit.resolve(this.#status);
  }

  #settle() {
    if (this.#done || !this.#status || !this.#outputs.every((output) => output.ended)) return;
    // With everything closed the guest has freed the slot by itself.
    if (this.#openOutputs > 0) this.#link.send(encodeFrame(FrameType.CLOSE, 0, this.#id));
    this.#done = true;
    this.#forget();
  }

  /** The command could not be executed, or its end will never be heard of. */
  fail(error: AgentError) {
    this.#done = true;
    this.#start.reject(error);
    this.#exit.reject(error);
    this.#stdin.fail(error);
    for (const output of this.#outputs) output.fail(error);
    this.#forget();
  }
}

async function gather(inlet: Inlet): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for (let bytes = await inlet.next(); bytes; bytes = await inlet.next()) {
    parts.push(bytes);
    size += bytes.length;
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
