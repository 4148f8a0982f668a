/**
 * Compression of layers: none, gzip, and, for reading, zstd. Streams and bounds for all of them.
 *
 * gzip is fflate's, not the platform's: DecompressionStream stops at the end of the first gzip member (Compression
 * Streams, "gzip"), and eStargz layers have thousands; CompressionStream gives other bytes, so other digests, in each
 * browser.
 */
import { Gunzip, Gzip } from "fflate";
import { Decompress } from "fzstd";
import { byteReader, chunksOf, streamOf, type ByteStream } from "./bytes";
import { CompressionError } from "./compression-error";
import { checkZstdFrames } from "./zstd-frames";

export type Compression = "none" | "gzip" | "zstd";

/** Bytes a compressed stream may become. */
export const MAX_DECOMPRESSED_BYTES = 2 ** 30;
/** How many times its size a stream may become, once it has become RATIO_GRACE_BYTES; deflate's own limit is 1032. */
export const MAX_RATIO = 200;
export const RATIO_GRACE_BYTES = 64 * 2 ** 20;
/** Compressed bytes given to a decompressor at once: all they become is in memory together, 16 MiB at the worst. */
const SLICE_BYTES = 16 * 1024;

export interface DecompressOptions {
  maxBytes?: number;
  maxRatio?: number;
}

/** How content that begins with `head` is compressed; four bytes are enough. */
export function compressionOf(head: Uint8Array): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return "gzip";
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return "zstd";
  // A skippable frame: zstd:chunked layers may begin with one.
  if ((head[0] & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18) return "zstd";
  return "none";
}

/**
 * The uncompressed content of `stream`, whichever way it is compressed: Docker looks at the bytes as well, and not at
 * what a manifest claims. What comes out can be damaged; only the DiffID says that it is not.
 * The stream errors with a CompressionError for damaged data and for bombs.
 */
export function decompress(stream: ByteStream, options: DecompressOptions = {}): ByteStream {
  return streamOf(decompressed(stream, options));
}

async function* decompressed(stream: ByteStream, options: DecompressOptions): AsyncGenerator<Uint8Array> {
  const { maxBytes = MAX_DECOMPRESSED_BYTES, maxRatio = MAX_RATIO } = options;
  const reader = byteReader(stream);
  const out: Uint8Array[] = [];
  let inBytes = 0;
  let outBytes = 0;
  // Judged piece by piece: a few bytes of zstd can become many megabytes before the decoder returns.
  function emit(chunk: Uint8Array): void {
    outBytes += chunk.length;
    if (outBytes > maxBytes) throw bomb(`it becomes more than ${maxBytes} bytes`);
    if (outBytes > RATIO_GRACE_BYTES && outBytes > maxRatio * inBytes) {
      throw bomb(`it becomes more than ${maxRatio} times as large`);
    }
    if (chunk.length > 0) out.push(chunk);
  }
  let ended = false;
  try {
    let slice = await reader.read(4);
    const decode = DECODER[compressionOf(slice)](emit);
    do {
      inBytes += slice.length;
      decode(slice);
      yield* out.splice(0);
      slice = await reader.some(SLICE_BYTES);
    } while (slice.length > 0);
    decode(slice);
    yield* out.splice(0);
    ended = true;
  } finally {
    if (!ended) await reader.cancel().catch(() => undefined);
  }
}

function bomb(why: string): CompressionError {
  return new CompressionError("bomb", `compressed content is refused: ${why}`);
}

/** Takes compressed bytes; no bytes mean the end. */
type Decode = (slice: Uint8Array) => void;
type Emit = (chunk: Uint8Array) => void;

const DECODER: Readonly<Record<Compression, (emit: Emit) => Decode>> = {
  none: (emit) => emit,
  gzip: gunzip,
  zstd: unzstd,
};

const TRAILER_BYTES = 8;

function gunzip(emit: Emit): Decode {
  // Of the last member; digests answer for what is before it.
  let crc = 0;
  let memberBytes = 0;
  let tail: Uint8Array = new Uint8Array(0);
  const inflater = new Gunzip((chunk) => {
    crc = crc32(chunk, crc);
    memberBytes += chunk.length;
    emit(chunk);
  });
  inflater.onmember = () => {
    crc = 0;
    memberBytes = 0;
  };
  return (slice) => {
    decoding("gzip", () => inflater.push(slice, slice.length === 0));
    tail = lastBytes(tail, slice, TRAILER_BYTES);
    if (slice.length > 0) return;
    const trailer = new DataView(tail.buffer, tail.byteOffset, tail.length);
    const isWhole =
      tail.length === TRAILER_BYTES &&
      trailer.getUint32(0, true) === crc &&
      trailer.getUint32(4, true) === memberBytes % 2 ** 32;
    if (!isWhole) throw new CompressionError("damaged", "gzip data is cut off or damaged (wrong checksum)");
  };
}

function unzstd(emit: Emit): Decode {
  // The decoder goes on writing into what it gives out.
  const decoder = new Decompress((chunk) => emit(chunk.slice()));
  const check = checkZstdFrames();
  return (slice) => {
    check(slice);
    decoding("zstd", () => decoder.push(slice, slice.length === 0));
  };
}

function decoding(what: string, step: () => void): void {
  try {
    step();
  } catch (error) {
    if (error instanceof CompressionError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new CompressionError("damaged", `${what} data is cut off or damaged (${reason})`, { cause: error });
  }
}

function lastBytes(before: Uint8Array, after: Uint8Array, count: number): Uint8Array {
  if (after.length >= count) return after.slice(-count);
  return Uint8Array.from([...before, ...after].slice(-count));
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** CRC-32 of gzip (RFC 1952, section 8), continued from `crc`. */
function crc32(bytes: Uint8Array, crc: number): number {
  let state = ~crc;
  for (let index = 0; index < bytes.length; index++) state = CRC_TABLE[(state ^ bytes[index]) & 0xff] ^ (state >>> 8);
  return ~state >>> 0;
}

/** Level of gzip, 0 to 9. */
export type GzipLevel = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

/** `stream` as gzip. Equal content gives equal bytes everywhere: there is no time and no name in the header. */
export function gzip(stream: ByteStream, level: GzipLevel = 6): ByteStream {
  return streamOf(gzipped(stream, level));
}

async function* gzipped(stream: ByteStream, level: GzipLevel): AsyncGenerator<Uint8Array> {
  let out: Uint8Array[] = [];
  const deflater = new Gzip({ level, mtime: 0 }, (chunk) => void out.push(chunk));
  for await (const chunk of chunksOf(stream)) {
    deflater.push(chunk);
    yield* out;
    out = [];
  }
  deflater.push(new Uint8Array(0), true);
  yield* out;
}
