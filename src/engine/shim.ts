/** A connection to the shim of a task: its standard streams, its log, its end. */
import type { Stream } from "../agent/stream";
import { ShimFrame, ShimRequest, Subscription } from "../protocol/boxd";
import { concat } from "./boxd";
import { errnoText } from "./errno";
import type { Guest } from "./guest";

/** What a task printed. */
export interface Output {
  stream: "stdout" | "stderr";
  bytes: Uint8Array<ArrayBuffer>;
  /** Nanoseconds since 1970; only of what was logged. */
  at?: bigint;
}

export type ShimEvent =
  | ({ kind: "output" } & Output)
  /** What was logged before has all been sent. */
  | { kind: "live" }
  /** A name server listens, or could not: errno, or 0. */
  | { kind: "resolving"; errno: number }
  | { kind: "exit"; exitCode: number; signal: number };

const FRAME_BYTES = 8;
/** Most of standard input in one frame: a shim takes no more (`PIECE_BYTES` of `guest/boxd/task.c`). */
const PIECE_BYTES = 16384;

export class Shim {
  #stream: Stream;
  #writer: WritableStreamDefaultWriter<Uint8Array>;

  /** Connects to the shim of a task. @throws AgentError through `events` or `opened` when there is none */
  constructor(guest: Guest, directory: string) {
    this.#stream = guest.connect({ path: `${directory}/shim.sock` });
    this.#writer = this.#stream.writable.getWriter();
    this.#writer.closed.catch(() => {});
  }

  get opened(): Promise<void> {
    return this.#stream.opened;
  }

  /** From now on, or with `log` from the beginning of its log. */
  subscribe(what: { stdout?: boolean; stderr?: boolean; log?: boolean }): Promise<void> {
    const wants =
      (what.stdout ? Subscription.STDOUT : 0) |
      (what.stderr ? Subscription.STDERR : 0) |
      (what.log ? Subscription.LOG : 0);
    return this.#send(ShimRequest.SUBSCRIBE, Uint8Array.of(wants));
  }

  /** Writes to its standard input; waits while nobody reads. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES)
      await this.#send(ShimRequest.STDIN, bytes.subarray(at, at + PIECE_BYTES));
  }

  closeInput(): Promise<void> {
    return this.#send(ShimRequest.CLOSE_STDIN, new Uint8Array(0));
  }

  resize(cols: number, rows: number): Promise<void> {
    return this.#send(ShimRequest.RESIZE, Uint8Array.of(cols & 255, cols >> 8, rows & 255, rows >> 8));
  }

  /** Answers names in the network namespace called `netns` from now on. To be the only use of a connection. */
  async resolve(netns: string): Promise<void> {
    await this.#send(ShimRequest.RESOLVE, new TextEncoder().encode(netns));
    for await (const event of this.events()) {
      if (event.kind !== "resolving") continue;
      if (event.errno === 0) return;
      throw new Error(`its name server cannot listen: ${errnoText(event.errno)}`);
    }
    throw new Error("its name server cannot listen: the container has ended");
  }

  /** What it sends, until the task has ended or the connection is closed. To be read once. */
  async *events(log = false): AsyncGenerator<ShimEvent> {
    let held = new Uint8Array(0);
    for await (const bytes of this.#stream.readable) {
      held = concat(held, bytes);
      let at = 0;
      while (held.length - at >= FRAME_BYTES) {
        const view = new DataView(held.buffer, held.byteOffset + at);
        const end = at + FRAME_BYTES + view.getUint32(4);
        if (end > held.length) break;
        yield decode(view.getUint8(0), held.slice(at + FRAME_BYTES, end), log);
        at = end;
      }
      held = held.slice(at);
    }
  }

  /** Lets go of it; the task goes on. */
  close() {
    this.#stream.close();
  }

  async #send(type: number, payload: Uint8Array): Promise<void> {
    const frame = new Uint8Array(FRAME_BYTES + payload.length);
    frame[0] = type;
    new DataView(frame.buffer).setUint32(4, payload.length);
    frame.set(payload, FRAME_BYTES);
    await this.#writer.write(frame);
  }
}

function decode(type: number, payload: Uint8Array<ArrayBuffer>, log: boolean): ShimEvent {
  if (type === ShimFrame.EXIT) return { kind: "exit", exitCode: payload[0], signal: payload[1] };
  if (type === ShimFrame.LIVE) return { kind: "live" };
  if (type === ShimFrame.RESOLVING) return { kind: "resolving", errno: payload[0] | (payload[1] << 8) };
  const stream = type === ShimFrame.STDERR ? "stderr" : "stdout";
  if (!log) return { kind: "output", stream, bytes: payload };
  const at = new DataView(payload.buffer).getBigUint64(0, true);
  return { kind: "output", stream, bytes: payload.slice(8), at };
}
