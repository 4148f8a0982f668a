import { expect, test } from "vitest";
import { newSeed, random } from "../../tests/support/hostile";
import { loadRecording } from "../../tests/support/recorded-memory";
import { debugInfo } from "./debuginfo";
import { Memory, MemoryFault, PAGE_OFFSET } from "./memory";
import { Program } from "./program";
import { isXArrayValue, xarrayEntries, xarrayEntry } from "./xarray";

const info = debugInfo(loadRecording("bubble").layout);
const { xa_head } = info.fields.xarray;
const { shift: shiftField, slots } = info.fields.xa_node;
const XARRAY = PAGE_OFFSET + 64;

/** Memory with one array in it, built the way `lib/xarray.c` builds one. */
class Sketch {
  readonly ram = new Uint8Array(1 << 20);
  readonly prog = new Program(info, new Memory(this.ram));
  readonly #words = new Uint32Array(this.ram.buffer);
  #free = PAGE_OFFSET + 4096;

  set(address: number, value: number): void {
    this.#words[(address - PAGE_OFFSET) >>> 2] = value;
  }

  get(address: number): number {
    return this.#words[(address - PAGE_OFFSET) >>> 2];
  }

  node(shift: number): number {
    const node = this.#free;
    this.#free += info.sizes.xa_node;
    this.ram[node - PAGE_OFFSET + shiftField.offset] = shift;
    return node;
  }

  slot(node: number, index: number): number {
    return node + slots.offset + index * 4;
  }

  /** The least tree that reaches the highest index. */
  fill(entries: ReadonlyMap<number, number>): void {
    const highest = Math.max(...entries.keys());
    let shift = 0;
    while (2 ** (shift + 6) <= highest) shift += 6;
    const root = this.node(shift);
    this.set(XARRAY + xa_head.offset, root + 2);
    for (const [index, entry] of entries) {
      let node = root;
      for (let at = shift; at > 0; at -= 6) {
        const slot = this.slot(node, Math.floor(index / 2 ** at) % 64);
        if (this.get(slot) === 0) this.set(slot, this.node(at - 6) + 2);
        node = this.get(slot) - 2;
      }
      this.set(this.slot(node, index % 64), entry);
    }
  }
}

test("arrays of random indexes give back what is in them, in order", () => {
  const seed = newSeed();
  const next = random(seed);
  for (let round = 0; round < 50; round++) {
    const sketch = new Sketch();
    const bits = 1 + Math.floor(next() * 32);
    const entries = new Map<number, number>();
    for (let count = 1 + Math.floor(next() * 60); count > 0; count--) {
      // Addresses are aligned to four bytes, values are odd.
      const entry = next() < 0.2 ? (Math.floor(next() * 2 ** 31) * 2 + 1) >>> 0 : PAGE_OFFSET + count * 4;
      entries.set(Math.floor(next() * 2 ** bits), entry);
    }
    sketch.fill(entries);
    const where = `SEED=${seed}, round ${round}`;
    const sorted = [...entries].sort(([a], [b]) => a - b);
    expect([...xarrayEntries(sketch.prog, XARRAY)], where).toEqual(sorted);
    const [first, last] = [Math.floor(next() * 2 ** bits), Math.floor(next() * 2 ** bits)];
    const between = sorted.filter(([index]) => index >= first && index <= last);
    expect([...xarrayEntries(sketch.prog, XARRAY, first, last)], where).toEqual(between);
    for (const [index, entry] of sorted) expect(xarrayEntry(sketch.prog, XARRAY, index), where).toBe(entry);
    for (let probe = 0; probe < 20; probe++) {
      const index = Math.floor(next() * 2 ** 32);
      expect(xarrayEntry(sketch.prog, XARRAY, index), where).toBe(entries.get(index) ?? 0);
    }
  }
});

test("an array of one entry at index 0 has no node, and an empty one has nothing", () => {
  const sketch = new Sketch();
  expect([...xarrayEntries(sketch.prog, XARRAY)]).toEqual([]);
  expect(xarrayEntry(sketch.prog, XARRAY, 0)).toBe(0);
  sketch.set(XARRAY + xa_head.offset, PAGE_OFFSET + 8);
  expect([...xarrayEntries(sketch.prog, XARRAY)]).toEqual([[0, PAGE_OFFSET + 8]]);
  expect([...xarrayEntries(sketch.prog, XARRAY, 1)]).toEqual([]);
  expect(xarrayEntry(sketch.prog, XARRAY, 0)).toBe(PAGE_OFFSET + 8);
  expect(xarrayEntry(sketch.prog, XARRAY, 1)).toBe(0);
});

test("reserved indexes and siblings are no entries", () => {
  const sketch = new Sketch();
  // XA_ZERO_ENTRY, XA_RETRY_ENTRY, and the sibling of slot 3.
  sketch.fill(new Map([257, 256, 3].map((internal, index) => [index, (internal << 2) | 2])));
  expect([...xarrayEntries(sketch.prog, XARRAY)]).toEqual([]);
  expect(xarrayEntry(sketch.prog, XARRAY, 0)).toBe(0);
  expect(isXArrayValue(5)).toBe(true);
  expect(isXArrayValue(PAGE_OFFSET)).toBe(false);
});

test("a tree that leads back to itself, or goes on without end, is a fault", () => {
  const loop = new Sketch();
  loop.fill(new Map([[4095, PAGE_OFFSET]]));
  const root = loop.get(XARRAY + xa_head.offset);
  loop.set(loop.slot(root - 2, 0), root);
  expect(() => [...xarrayEntries(loop.prog, XARRAY)]).toThrow(MemoryFault);
  expect(() => xarrayEntry(loop.prog, XARRAY, 0)).toThrow(MemoryFault);

  const wide = new Sketch();
  const levels = [24, 18, 12, 6, 0].map((shift) => wide.node(shift));
  wide.set(XARRAY + xa_head.offset, levels[0] + 2);
  levels.slice(1).forEach((below, index) => {
    for (let slot = 0; slot < 64; slot++) wide.set(wide.slot(levels[index], slot), below + 2);
  });
  expect(() => [...xarrayEntries(wide.prog, XARRAY)]).toThrow(/more than \d+ nodes/);
});
