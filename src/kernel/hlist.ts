/** The kernel's lists with a single pointer for a head (`include/linux/list.h`, `struct hlist_head`). */
import { MAX_LIST_ENTRIES } from "./bounds";
import type { Field } from "./debuginfo";
import { MemoryFault } from "./memory";
import type { Program } from "./program";

/**
 * Addresses of the structures on the list at `head` (a `struct hlist_head`), which are linked through their member
 * `field`, in list order. `name` is what evidence calls an entry. Throws `MemoryFault` where the list breaks, and after
 * `maxEntries`.
 */
export function* hlistEntries(
  prog: Program,
  head: number,
  field: Field,
  name: string,
  maxEntries: number = MAX_LIST_ENTRIES,
): Generator<number, void, undefined> {
  const { next, pprev } = prog.fields.hlist_node;
  let link = head + prog.fields.hlist_head.first.offset;
  let node = prog.pointer(head, prog.fields.hlist_head.first);
  let wrong = 0;
  for (let count = 1; node !== 0; count++) {
    if (count > maxEntries) throw new MemoryFault(node, `the list does not end within ${maxEntries} entries`);
    // While a neighbour is being added or removed, one entry points past it. A list that leads back to itself has a
    // second such entry at the latest where it passes the first again.
    if (prog.pointer(node, pprev) !== link && ++wrong > 1) {
      throw new MemoryFault(node, "the list's links do not agree");
    }
    prog.linked(head, node, field, count, link);
    link = node + next.offset;
    const entry = prog.container(node, field, name);
    node = prog.pointer(node, next);
    yield entry;
  }
}
