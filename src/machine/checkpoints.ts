/** Saved machines that share what they have in common: the steps of a lesson differ in few of their pages. */
import type { SavedState } from "../protocol/machine";

const PAGE_BYTES = 4096;

/** A stretch of bytes that several checkpoints may have. */
interface Page {
  bytes: Uint8Array;
  hash: number;
  users: number;
}

interface Checkpoint {
  about: Omit<SavedState, "bytes">;
  sizeBytes: number;
  pages: Page[];
}

export class Checkpoints<Slot> {
  readonly #kept = new Map<Slot, Checkpoint>();
  readonly #pages = new Map<number, Page[]>();
  #bytes = 0;

  /** Bytes that all of them take together. */
  get sizeBytes(): number {
    return this.#bytes;
  }

  has(slot: Slot): boolean {
    return this.#kept.has(slot);
  }

  /** Keeps a machine; what was in the slot is forgotten. */
  keep(slot: Slot, { bytes, ...about }: SavedState): void {
    const pages = [...pieces(new Uint8Array(bytes))].map((piece) => this.#share(piece));
    this.forget(slot);
    this.#kept.set(slot, { about, sizeBytes: bytes.byteLength, pages });
  }

  /** The machine as it was kept. */
  get(slot: Slot): SavedState | undefined {
    const checkpoint = this.#kept.get(slot);
    if (!checkpoint) return undefined;
    const bytes = new Uint8Array(checkpoint.sizeBytes);
    let at = 0;
    for (const page of checkpoint.pages) {
      bytes.set(page.bytes, at);
      at += page.bytes.length;
    }
    return { ...checkpoint.about, bytes: bytes.buffer };
  }

  forget(slot: Slot): void {
    const pages = this.#kept.get(slot)?.pages ?? [];
    this.#kept.delete(slot);
    for (const page of pages) {
      page.users--;
      if (page.users > 0) continue;
      this.#bytes -= page.bytes.length;
      const alike = this.#pages.get(page.hash)!.filter((other) => other !== page);
      if (alike.length > 0) this.#pages.set(page.hash, alike);
      else this.#pages.delete(page.hash);
    }
  }

  clear(): void {
    this.#kept.clear();
    this.#pages.clear();
    this.#bytes = 0;
  }

  #share(bytes: Uint8Array): Page {
    const hash = hashOf(bytes);
    const alike = this.#pages.get(hash);
    let page = alike?.find((other) => equal(other.bytes, bytes));
    if (!page) {
      page = { bytes: bytes.slice(), hash, users: 0 };
      this.#bytes += bytes.length;
      if (alike) alike.push(page);
      else this.#pages.set(hash, [page]);
    }
    page.users++;
    return page;
  }
}

/**
 * A state cut where its pages of memory begin, which is not at multiples of their size: a state is four words (magic,
 * version, length of all, length of what follows), a description in JSON of that length, and at the next multiple of four
 * the buffers, each at the place that the description says (v86, src/state.js). What is described otherwise is cut as it lies.
 */
function* pieces(state: Uint8Array): Generator<Uint8Array> {
  let at = 0;
  for (const cut of cuts(state)) {
    for (; at < cut; at = Math.min(cut, at + PAGE_BYTES)) yield state.subarray(at, Math.min(cut, at + PAGE_BYTES));
  }
}

/** Offsets at which pages begin anew, in order; the last one is the end. */
function cuts(state: Uint8Array): number[] {
  const HEADER_BYTES = 16;
  try {
    const aboutBytes = new DataView(state.buffer, state.byteOffset).getUint32(12, true);
    const about = new TextDecoder().decode(state.subarray(HEADER_BYTES, HEADER_BYTES + aboutBytes));
    const { buffer_infos } = JSON.parse(about) as { buffer_infos: { offset: number }[] };
    const base = (HEADER_BYTES + aboutBytes + 3) & ~3;
    const offsets = buffer_infos.map(({ offset }) => base + offset).filter((offset) => offset < state.length);
    return [...new Set([...offsets.sort((a, b) => a - b), state.length])];
  } catch {
    return [state.length];
  }
}

/** FNV-1a over words; pages of one hash are compared byte by byte. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  const aligned = bytes.byteOffset % 4 === 0;
  const words = aligned
    ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2)
    : new Uint32Array(bytes.slice(0, bytes.length & ~3).buffer);
  for (let at = 0; at < words.length; at++) hash = Math.imul(hash ^ words[at], 0x01000193);
  for (let at = bytes.length & ~3; at < bytes.length; at++) hash = Math.imul(hash ^ bytes[at], 0x01000193);
  return hash;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
