/** Places in filesystems, each once: most tasks share theirs. */
import type { Place } from "../protocol/task";
import { placeAt } from "./path";
import type { Program } from "./program";
import { Recalled, type Recall } from "./recall";

export class Places {
  readonly #recall: Recall;
  /** By mount, then by dentry. Addresses as signed words, which are small integers to V8. */
  readonly #known = new Map<number, Recalled<Place | undefined>>();

  constructor(recall: Recall) {
    this.#recall = recall;
    recall.join(this);
  }

  /** `placeAt()`. Throws `MemoryFault`. */
  at(prog: Program, vfsmount: number, dentry: number): Place | undefined {
    let onMount = this.#known.get(vfsmount | 0);
    if (!onMount) this.#known.set(vfsmount | 0, (onMount = new Recalled(this.#recall)));
    return onMount.get(dentry, (address) => placeAt(prog, vfsmount, address));
  }

  /** Of what is gone. */
  forget(): void {
    for (const [vfsmount, onMount] of this.#known) {
      onMount.forget();
      if (onMount.empty) this.#known.delete(vfsmount);
    }
  }
}
