/** Guest RAM by kernel-virtual address. */
import { text, texts } from "./text";
import type { WordLog } from "./word-log";

/** Where the kernel maps physical memory: `CONFIG_VMSPLIT_3G`, no highmem, so all of RAM lies there in one piece. */
export const PAGE_OFFSET = 0xc0000000;

/** A read that guest memory does not allow; readers turn it into a listed problem. */
export class MemoryFault extends Error {
  readonly address: number;

  /** @param what What is wrong with the address, or with what was found there. */
  constructor(address: number, what: string) {
    super(`${hex(address)}: ${what}`);
    this.address = address >>> 0;
  }
}

/** A kernel address as the kernel prints it: `0xc1a03f80`. */
export function hex(address: number): string {
  return `0x${(address >>> 0).toString(16).padStart(8, "0")}`;
}

/**
 * Reads little-endian values from guest-physical RAM (`ram[0]` is physical address 0) by kernel-virtual address:
 * physical = virtual - `PAGE_OFFSET`. Every read is checked and throws `MemoryFault` outside of RAM or where the
 * kernel's alignment is broken. Make a new one when the array is another: the emulator's memory moves when it grows.
 */
export class Memory {
  readonly sizeBytes: number;
  /** Takes down each word that is read, while there is one. */
  log: WordLog | undefined;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;

  constructor(ram: Uint8Array) {
    const whole = ram.byteOffset & 3 ? ram.slice() : ram;
    this.sizeBytes = whole.length & ~3;
    this.#bytes = whole;
    this.#words = new Uint32Array(whole.buffer, whole.byteOffset, this.sizeBytes >>> 2);
  }

  u8(address: number): number {
    const at = (address - PAGE_OFFSET) >>> 0;
    if (at >= this.sizeBytes) throw outside(address);
    if (this.log) this.#note(at, 1);
    return this.#bytes[at];
  }

  u16(address: number): number {
    const at = (address - PAGE_OFFSET) >>> 0;
    if (at >= this.sizeBytes) throw outside(address);
    if (at & 1) throw misaligned(address);
    if (this.log) this.#note(at, 2);
    return this.#bytes[at] | (this.#bytes[at + 1] << 8);
  }

  u32(address: number): number {
    const at = (address - PAGE_OFFSET) >>> 0;
    if (at >= this.sizeBytes) throw outside(address);
    if (at & 3) throw misaligned(address);
    const word = this.#words[at >>> 2];
    if (this.log) this.log.note(at >>> 2, word);
    return word;
  }

  /** Exact up to 2^53, which nanoseconds reach after 104 days. */
  u64(address: number): number {
    // The low word first: a fault then names the address that was asked for.
    const low = this.u32(address);
    return this.u32(address + 4) * 0x1_0000_0000 + low;
  }

  /** The bytes in place, not a copy. */
  bytes(address: number, lengthBytes: number): Uint8Array {
    const at = (address - PAGE_OFFSET) >>> 0;
    if (at >= this.sizeBytes || lengthBytes > this.sizeBytes - at) throw outside(address);
    if (this.log) this.#note(at, lengthBytes);
    return this.#bytes.subarray(at, at + lengthBytes);
  }

  /** Text up to a NUL or to `maxBytes`, whichever comes first. */
  cstring(address: number, maxBytes: number): string {
    const at = (address - PAGE_OFFSET) >>> 0;
    if (at >= this.sizeBytes) throw outside(address);
    const end = Math.min(at + maxBytes, this.sizeBytes);
    if (this.log) {
      const nul = this.#bytes.subarray(at, end).indexOf(0);
      this.#note(at, nul < 0 ? end - at : nul + 1);
    }
    return text(this.#bytes, at, end);
  }

  /** Texts that end in a NUL each, the last one perhaps at the end of the range. */
  strings(address: number, lengthBytes: number): string[] {
    const at = (address - PAGE_OFFSET) >>> 0;
    if (at >= this.sizeBytes || lengthBytes > this.sizeBytes - at) throw outside(address);
    if (this.log) this.#note(at, lengthBytes);
    return texts(this.#bytes, at, at + lengthBytes);
  }

  /** Whether these words, as a log has them, are still what they were. */
  has(words: Int32Array): boolean {
    for (let i = 0; i < words.length; i += 2) if ((this.#words[words[i]] | 0) !== words[i + 1]) return false;
    return true;
  }

  #note(at: number, lengthBytes: number): void {
    for (let word = at >>> 2; word << 2 < at + lengthBytes; word++) this.log!.note(word, this.#words[word]);
  }
}

function outside(address: number): MemoryFault {
  return new MemoryFault(address, "the address is outside of guest memory");
}

function misaligned(address: number): MemoryFault {
  return new MemoryFault(address, "the address is misaligned");
}
