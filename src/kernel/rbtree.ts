/** The kernel's red-black trees (`include/linux/rbtree.h`). */
import { MAX_LIST_ENTRIES, MAX_RB_DEPTH } from "./bounds";
import type { Field } from "./debuginfo";
import { MemoryFault } from "./memory";
import type { Program } from "./program";

/**
 * Addresses of the structures in the tree at `root` (a `struct rb_root`), which are linked through their member `field`,
 * in the tree's order. `name` is what evidence calls an entry. Throws `MemoryFault` where the tree is deeper than a
 * balanced one can be, which one that leads back to itself is, and after `maxEntries`.
 */
export function* rbtreeEntries(
  prog: Program,
  root: number,
  field: Field,
  name: string,
  maxEntries: number = MAX_LIST_ENTRIES,
): Generator<number, void, undefined> {
  // The way down to the next entry, and the pointer that led to each node on it.
  const nodes: number[] = [];
  const links: number[] = [];
  descend(prog, root, prog.fields.rb_root.rb_node, nodes, links);
  for (let count = 1; nodes.length > 0; count++) {
    const node = nodes.pop()!;
    if (count > maxEntries) throw new MemoryFault(node, `the tree does not end within ${maxEntries} entries`);
    prog.linked(root, node, field, count, links.pop()!);
    yield prog.container(node, field, name);
    descend(prog, node, prog.fields.rb_node.rb_right, nodes, links);
  }
}

/** To the leftmost node below. */
function descend(prog: Program, from: number, pointer: Field, nodes: number[], links: number[]): void {
  const { rb_left } = prog.fields.rb_node;
  let link = from + pointer.offset;
  for (let node = prog.pointer(from, pointer); node !== 0; node = prog.pointer(node, rb_left)) {
    if (nodes.length >= MAX_RB_DEPTH) throw new MemoryFault(node, `the tree is deeper than ${MAX_RB_DEPTH}`);
    nodes.push(node);
    links.push(link);
    link = node + rb_left.offset;
  }
}
