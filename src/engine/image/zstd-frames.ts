/**
 * Walks the frames of a zstd stream (RFC 8878, section 3) without decoding them, to refuse what the decoder would
 * allocate or copy without measure: it makes each frame's window at once, and moves it for each block.
 */
import { CompressionError } from "./compression-error";

/** The window a frame may ask for: what `zstd -22` asks for without --long. */
export const MAX_WINDOW_BYTES = 128 * 2 ** 20;

const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const RLE_BLOCK = 1;
const MAX_BLOCK_BYTES = 128 * 1024;

/** Takes the stream slice by slice, at last no bytes, and throws CompressionError where it is damaged, cut off or asks for too much. */
export function checkZstdFrames(): (slice: Uint8Array) => void {
  let held: number[] = [];
  let skip = 0;
  let needed = 4;
  let next: (bytes: number[]) => void = magic;

  function expect(count: number, then: (bytes: number[]) => void, skipping = 0): void {
    needed = count;
    next = then;
    skip = skipping;
  }
  function magic(bytes: number[]): void {
    const value = littleEndian(bytes);
    if ((value & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) expect(4, (size) => expect(4, magic, littleEndian(size)));
    else if (value === MAGIC) expect(1, descriptor);
    else throw new CompressionError("damaged", "zstd data is damaged (no frame where one should begin)");
  }
  function descriptor([flags]: number[]): void {
    const isSingleSegment = (flags & 0x20) !== 0;
    const hasChecksum = (flags & 4) !== 0;
    const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][flags >> 6];
    const dictionaryBytes = [0, 1, 2, 4][flags & 3];
    expect((isSingleSegment ? 0 : 1) + dictionaryBytes + sizeBytes, (bytes) => {
      let window: number;
      if (isSingleSegment) {
        window = littleEndian(bytes.slice(dictionaryBytes)) + (sizeBytes === 2 ? 256 : 0);
      } else {
        const base = 2 ** (10 + (bytes[0] >> 3));
        window = base + (base / 8) * (bytes[0] & 7);
      }
      if (window > MAX_WINDOW_BYTES) {
        throw new CompressionError(
          "bomb",
          `zstd data asks for a window of ${window} bytes; at most ${MAX_WINDOW_BYTES}`,
        );
      }
      expect(3, (header) => block(header, hasChecksum));
    });
  }
  function block(bytes: number[], hasChecksum: boolean): void {
    const header = littleEndian(bytes);
    const isLastBlock = (header & 1) === 1;
    if (header >> 3 > MAX_BLOCK_BYTES) {
      throw new CompressionError("damaged", `zstd data is damaged (a block of ${header >> 3} bytes)`);
    }
    const contentBytes = ((header >> 1) & 3) === RLE_BLOCK ? 1 : header >> 3;
    if (isLastBlock) expect(4, magic, contentBytes + (hasChecksum ? 4 : 0));
    else expect(3, (following) => block(following, hasChecksum), contentBytes);
  }

  return (slice) => {
    let at = 0;
    while (at < slice.length) {
      if (skip > 0) {
        const passed = Math.min(skip, slice.length - at);
        skip -= passed;
        at += passed;
        continue;
      }
      held.push(slice[at++]);
      if (held.length < needed) continue;
      const bytes = held;
      held = [];
      next(bytes);
      // A header of no bytes: nothing to wait for.
      while (needed === 0) next([]);
    }
    if (slice.length === 0 && (held.length > 0 || skip > 0 || next !== magic)) {
      throw new CompressionError("damaged", "zstd data is cut off");
    }
  };
}

function littleEndian(bytes: readonly number[]): number {
  return bytes.reduce((value, byte, index) => value + byte * 2 ** (8 * index), 0);
}
