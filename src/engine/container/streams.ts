/** The streams of a container to and from a client: attach, exec and logs. */
import type { Duplex } from "../http/connection";
import { Shim, type Output } from "../shim";

export const RAW_STREAM = "application/vnd.docker.raw-stream";
export const MULTIPLEXED_STREAM = "application/vnd.docker.multiplexed-stream";

const STREAM_NUMBER = { stdout: 1, stderr: 2 } as const;

/** A piece of output with the header by which clients tell the two streams apart (API, `ContainerAttach`, "Stream format"). */
export function multiplexed({ stream, bytes }: Output): Uint8Array {
  const frame = new Uint8Array(8 + bytes.length);
  frame[0] = STREAM_NUMBER[stream];
  new DataView(frame.buffer).setUint32(4, bytes.length);
  frame.set(bytes, 8);
  return frame;
}

export interface AttachOptions {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  /** Then the output is one stream, and bare. */
  tty: boolean;
  /** What was printed before, from the log, first. */
  logs: boolean;
  /** What is printed from now on. */
  stream: boolean;
  /** When the client sends no more, neither will the container get more. */
  closeInput: boolean;
}

/**
 * Carries bytes between a client and the shim until the task has ended or the client has gone. `ready` is called once the
 * shim knows what is wanted. Resolves when it is over.
 */
export async function attach(shim: Shim, client: Duplex, options: AttachOptions): Promise<void> {
  const writer = client.writable.getWriter();
  // Who sends no more may still read; who has gone away does not.
  writer.closed.catch(() => shim.close());
  await shim.subscribe({ stdout: options.stdout, stderr: options.stderr, log: options.logs });
  void (options.stdin ? carryInput(shim, client.readable, options.closeInput) : drained(client.readable));
  try {
    for await (const event of shim.events(options.logs)) {
      if (event.kind === "exit" || (event.kind === "live" && !options.stream)) break;
      if (event.kind === "output") await writer.write(options.tty ? event.bytes : multiplexed(event));
    }
  } catch {
    // The client or the shim has gone; either way it is over.
  } finally {
    shim.close();
    await writer.close().catch(() => {});
  }
}

async function carryInput(shim: Shim, readable: ReadableStream<Uint8Array>, close: boolean): Promise<void> {
  try {
    for await (const bytes of readable) await shim.write(bytes);
    if (close) await shim.closeInput();
  } catch {
    // The container reads no more.
  }
}

async function drained(readable: ReadableStream<Uint8Array>): Promise<void> {
  try {
    for await (const bytes of readable) void bytes;
  } catch {
    // Closed the hard way.
  }
}
