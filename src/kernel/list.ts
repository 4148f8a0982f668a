/** The kernel's lists (`include/linux/list.h`). */
import { MAX_LIST_ENTRIES } from "./bounds";
import type { Field } from "./debuginfo";
import { hex, MemoryFault } from "./memory";
import type { Program } from "./program";

/**
 * Addresses of the structures on the list at `head`, which are linked through their member `field`, in list order.
 * `name` is what evidence calls an entry. Throws `MemoryFault` where the list breaks, which is checked before an entry
 * is given out, and after `maxEntries`, because a list that never returns to its head is torn.
 */
export function* listForEachEntry(
  prog: Program,
  head: number,
  field: Field,
  name: string,
  maxEntries: number = MAX_LIST_ENTRIES,
): Generator<number, void, undefined> {
  const { next, prev } = prog.fields.list_head;
  let before = head;
  let node = prog.pointer(head, next);
  for (let count = 0; node !== head; count++) {
    if (count >= maxEntries) throw new MemoryFault(node, `the list does not end within ${maxEntries} entries`);
    const back = prog.pointer(node, prev);
    // While its predecessor is being removed, an entry already points past it.
    if (back !== before && back !== prog.pointer(before, prev)) {
      throw new MemoryFault(node, `the list's links do not agree: ${hex(before)} leads here, and back is ${hex(back)}`);
    }
    before = prog.listed(head, node, field, count + 1);
    node = prog.pointer(node, next);
    yield prog.container(before, field, name);
  }
}

/** The same from the end of the list: what is left to see when the list is broken in the middle. */
export function* listForEachEntryReverse(
  prog: Program,
  head: number,
  field: Field,
  name: string,
  maxEntries: number = MAX_LIST_ENTRIES,
): Generator<number, void, undefined> {
  const { next, prev } = prog.fields.list_head;
  let after = head;
  let node = prog.pointer(head, prev);
  for (let count = 0; node !== head; count++) {
    if (count >= maxEntries) throw new MemoryFault(node, `the list does not end within ${maxEntries} entries`);
    if (prog.pointer(node, next) !== after) throw new MemoryFault(node, "the list's links do not agree");
    after = node;
    node = prog.pointer(node, prev);
    yield prog.container(after, field, name);
  }
}

/**
 * The same for a list that is not circular (`struct hlist_head`). Throws `MemoryFault` where the list leads back to itself,
 * and after `maxEntries`.
 */
export function* hlistForEachEntry(
  prog: Program,
  head: number,
  field: Field,
  name: string,
  maxEntries: number = MAX_LIST_ENTRIES,
): Generator<number, void, undefined> {
  const { next, pprev } = prog.fields.hlist_node;
  const { first } = prog.fields.hlist_head;
  let link = head + first.offset;
  let node = prog.pointer(head, first);
  let wrong = 0;
  for (let count = 1; node !== 0; count++) {
    if (count > maxEntries) throw new MemoryFault(node, `the list does not end within ${maxEntries} entries`);
    // While a neighbour is being added or removed, one entry points past it. A list that leads back to itself has a
    // second such entry at the latest where it passes the first again.
    if (prog.pointer(node, pprev) !== link && ++wrong > 1) throw new MemoryFault(node, "the list's links do not agree");
    prog.linked(head, node, field, count, link);
    link = node + next.offset;
    const entry = prog.container(node, field, name);
    node = prog.pointer(node, next);
    yield entry;
  }
}
