/** Bytes and streams of bytes, in the few ways this engine needs them. */
import { ImageError } from "./error";

export type ByteStream = ReadableStream<Uint8Array>;
export type Bytes = Uint8Array<ArrayBuffer>;

export function concat(chunks: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

/** The chunks of `stream`; whoever stops early cancels it. (Safari has no `for await` over streams.) */
export async function* chunksOf(stream: ByteStream): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      yield value;
    }
    ended = true;
  } catch (error) {
    ended = true;
    throw error;
  } finally {
    if (!ended) await reader.cancel().catch(() => undefined);
    reader.releaseLock();
  }
}

/** A stream of what `chunks` yields, one at a time, when somebody reads. */
export function streamOf(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): ByteStream {
  const iterator =
    Symbol.asyncIterator in chunks
      ? chunks[Symbol.asyncIterator]()
      : (chunks as Iterable<Uint8Array>)[Symbol.iterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel(reason) {
        await iterator.return?.(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/**
 * All bytes of `stream`.
 * @throws ImageError "too-large" as soon as there are more than `maxBytes`; `what` names the content in the message.
 */
export async function readAll(stream: ByteStream, maxBytes: number, what = "content"): Promise<Bytes> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunksOf(stream)) {
    size += chunk.length;
    if (size > maxBytes) throw new ImageError("too-large", `${what} is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return concat(chunks);
}

/** Whatever content may be given as, as a stream. */
export function asStream(content: Uint8Array | Blob | ByteStream): ByteStream {
  if (content instanceof ReadableStream) return content;
  return content instanceof Uint8Array ? streamOf([content]) : content.stream();
}

/** Reads a stream by numbers of bytes instead of chunks. */
export interface ByteReader {
  /** `length` bytes if that many are already here, without waiting. */
  take(length: number): Uint8Array | undefined;
  /** `length` bytes, or as many as there are before the end. */
  read(length: number): Promise<Uint8Array>;
  /** Between one and `length` bytes, as they come; none at the end. */
  some(length: number): Promise<Uint8Array>;
  /** Passes over `length` bytes and returns how many there were. */
  skip(length: number): Promise<number>;
  cancel(reason?: unknown): Promise<void>;
}

export function byteReader(stream: ByteStream): ByteReader {
  const reader = stream.getReader();
  let buffered: Uint8Array = new Uint8Array(0);
  let ended = false;

  async function more(): Promise<boolean> {
    if (ended) return false;
    const { done, value } = await reader.read();
    if (done) ended = true;
    else buffered = value;
    return !done;
  }
  function take(length: number): Uint8Array | undefined {
    if (buffered.length < length) return undefined;
    const taken = buffered.subarray(0, length);
    buffered = buffered.subarray(length);
    return taken;
  }
  async function some(length: number): Promise<Uint8Array> {
    while (buffered.length === 0 && (await more()));
    return take(Math.min(length, buffered.length))!;
  }
  return {
    take,
    some,
    async read(length) {
      const now = take(length);
      if (now) return now;
      const parts: Uint8Array[] = [];
      for (let missing = length; missing > 0;) {
        const part = await some(missing);
        if (part.length === 0) break;
        parts.push(part);
        missing -= part.length;
      }
      return concat(parts);
    },
    async skip(length) {
      let skipped = 0;
      while (skipped < length) {
        const part = await some(length - skipped);
        if (part.length === 0) break;
        skipped += part.length;
      }
      return skipped;
    },
    async cancel(reason) {
      buffered = new Uint8Array(0);
      if (!ended) await reader.cancel(reason);
      ended = true;
    },
  };
}
