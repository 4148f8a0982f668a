/** The kernel's sparse arrays, which carry IDRs and page caches (`include/linux/xarray.h`, `lib/xarray.c`, `lib/radix-tree.c`). */
import { MAX_XARRAY_NODES } from "./bounds";
import { hex, MemoryFault } from "./memory";
import type { Program } from "./program";

/** `XA_CHUNK_SHIFT`: a node has 64 slots. */
const CHUNK_SHIFT = 6;
const CHUNK_SIZE = 1 << CHUNK_SHIFT;
const CHUNK_MASK = CHUNK_SIZE - 1;
/** `shift` of the topmost node of an array that goes up to `ULONG_MAX`. */
const MAX_SHIFT = 30;

/** An index and what is stored there. */
export type XArrayEntry = [index: number, entry: number];

interface Walk {
  prog: Program;
  first: number;
  last: number;
  nodes: number;
}

/**
 * What the `struct xarray` at this address holds from index `first` to `last`, in order. An entry is an address, or
 * a value (`isXArrayValue`): page caches keep one where a page was evicted. Throws `MemoryFault` where the tree is torn,
 * and after `MAX_XARRAY_NODES` nodes.
 */
export function* xarrayEntries(
  prog: Program,
  xarray: number,
  first = 0,
  last = 0xffffffff,
): Generator<XArrayEntry, void, undefined> {
  const head = prog.pointer(xarray, prog.fields.xarray.xa_head);
  if (isNode(head)) {
    const node = nodeOf(prog, head);
    yield* nodeEntries({ prog, first, last, nodes: 0 }, node, nodeShift(prog, node), 0);
  } else if (first === 0 && isEntry(head)) {
    yield [0, head];
  }
}

/** What is stored at one index (`xa_load()`); 0 for nothing. */
export function xarrayEntry(prog: Program, xarray: number, index: number): number {
  let entry = prog.pointer(xarray, prog.fields.xarray.xa_head);
  if (!isNode(entry)) return index === 0 && isEntry(entry) ? entry : 0;
  let node = nodeOf(prog, entry);
  let shift = nodeShift(prog, node);
  // The shift of 2 ** 32 slots is beyond what `>>>` can do.
  if (shift + CHUNK_SHIFT < 32 && index >>> (shift + CHUNK_SHIFT) !== 0) return 0;
  for (;;) {
    entry = nodeSlot(prog, node, (index >>> shift) & CHUNK_MASK);
    if (shift === 0 || !isNode(entry)) return shift === 0 && isEntry(entry) ? entry : 0;
    node = nodeOf(prog, entry);
    shift = lowerShift(prog, node, shift);
  }
}

/** The entry is a number and no address: `xa_is_value()`. */
export function isXArrayValue(entry: number): boolean {
  return (entry & 1) === 1;
}

function* nodeEntries(walk: Walk, node: number, shift: number, base: number): Generator<XArrayEntry, void, undefined> {
  if (++walk.nodes > MAX_XARRAY_NODES) {
    throw new MemoryFault(node, `the array has more than ${MAX_XARRAY_NODES} nodes`);
  }
  const { prog, first, last } = walk;
  const span = 2 ** shift;
  const from = first > base ? Math.floor((first - base) / span) : 0;
  for (let slot = from; slot < CHUNK_SIZE; slot++) {
    const index = base + slot * span;
    if (index > last) return;
    const entry = nodeSlot(prog, node, slot);
    if (entry === 0) continue;
    if (shift > 0 && isNode(entry)) {
      const below = nodeOf(prog, entry);
      yield* nodeEntries(walk, below, lowerShift(prog, below, shift), index);
    } else if (isEntry(entry)) {
      // Above the lowest level it stands for all indexes of its slot, as a large folio does.
      yield [index, entry];
    }
  }
}

/** A pointer to a node (`xa_is_node()`): smaller numbers mark siblings, retries and reserved indexes. */
function isNode(entry: number): boolean {
  return (entry & 3) === 2 && entry > 4096;
}

/** Neither empty nor internal. */
function isEntry(entry: number): boolean {
  return entry !== 0 && (entry & 3) !== 2;
}

function nodeOf(prog: Program, entry: number): number {
  return prog.name(entry - 2, "node");
}

function nodeShift(prog: Program, node: number): number {
  const shift = prog.u8(node, prog.fields.xa_node.shift);
  if (shift > MAX_SHIFT || shift % CHUNK_SHIFT !== 0) throw new MemoryFault(node, `xa_node.shift is ${shift}`);
  return shift;
}

/** Of a node below another, which lies one step lower: a tree that leads back to itself ends here. */
function lowerShift(prog: Program, node: number, above: number): number {
  const shift = nodeShift(prog, node);
  if (shift !== above - CHUNK_SHIFT) {
    throw new MemoryFault(node, `xa_node.shift is ${shift} below ${above}; ${hex(node)} is no node of this array`);
  }
  return shift;
}

function nodeSlot(prog: Program, node: number, slot: number): number {
  return prog.word(prog.member(node, prog.fields.xa_node.slots), slot);
}
