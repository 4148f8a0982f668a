/** Orders on their way to the guest, in order. Output in many small pieces, line by line, travels in few large ones. */
import { Order, PIECE_MAX_BYTES } from "../protocol/command-line";
import { encodeMessage } from "./messages";

/** Bytes that may wait before who writes has to. */
const ROOM_BYTES = 4 * PIECE_MAX_BYTES;

export interface Outbox {
  /** Resolves when there is room for more; rejects when the guest's side has gone. */
  send(type: number, body?: Uint8Array): Promise<void>;
  /** Resolves when all of it has been taken. */
  close(): Promise<void>;
}

interface Waiting {
  type: number;
  parts: Uint8Array[];
  sizeBytes: number;
}

export function openOutbox(writable: WritableStream<Uint8Array>): Outbox {
  const writer = writable.getWriter();
  writer.closed.catch(() => {});
  const waiting: Waiting[] = [];
  let waitingBytes = 0;
  let flushing: Promise<void> | undefined;

  async function flush() {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      waitingBytes -= next.sizeBytes;
      await writer.write(encodeMessage(next.type, ...next.parts));
    }
    flushing = undefined;
  }

  function put(type: number, body: Uint8Array) {
    const last = waiting.at(-1);
    const joins = type === Order.OUTPUT || type === Order.ERRORS;
    waitingBytes += body.length;
    if (joins && last?.type === type && last.sizeBytes + body.length <= PIECE_MAX_BYTES) {
      last.parts.push(body);
      last.sizeBytes += body.length;
    } else waiting.push({ type, parts: [body], sizeBytes: body.length });
  }

  return {
    async send(type, body = new Uint8Array(0)) {
      for (let at = 0; at === 0 || at < body.length; at += PIECE_MAX_BYTES)
        put(type, body.slice(at, at + PIECE_MAX_BYTES));
      // Not at once: what is written in the same turn goes along.
      flushing ??= Promise.resolve().then(flush);
      flushing.catch(() => {});
      if (waitingBytes > ROOM_BYTES) await flushing;
    },
    async close() {
      await flushing;
      await writer.close();
    },
  };
}
