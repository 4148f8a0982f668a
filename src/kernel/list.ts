/** The kernel's circular lists (`include/linux/list.h`). */
import { MAX_LIST_ENTRIES } from "./bounds";
import type { Field } from "./debuginfo";
import { MemoryFault } from "./memory";
import type { Program } from "./program";

/**
 * Addresses of the structures on the list at `head`, which are linked through their member `field`, in list order.
 * `name` is what evidence calls an entry. Throws `MemoryFault` where the list breaks, or after `maxEntries`, because a
 * list that never returns to its head is torn.
 */
export function* listForEachEntry(
  prog: Program,
  head: number,
  field: Field,
  name: string,
  maxEntries: number = MAX_LIST_ENTRIES,
): Generator<number, void, undefined> {
  const { next } = prog.fields.list_head;
  let node = prog.pointer(head, next);
  for (let count = 0; node !== head; count++) {
    if (count >= maxEntries) throw new MemoryFault(node, `the list does not end within ${maxEntries} entries`);
    yield prog.container(node, field, name);
    node = prog.pointer(node, next);
  }
}
