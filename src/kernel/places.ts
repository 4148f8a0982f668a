/** Places in filesystems of one picture, each once: most tasks share theirs. */
import type { Place } from "../protocol/task";
import { placeAt } from "./path";
import type { Program } from "./program";

export class Places {
  readonly #prog: Program;
  /** By mount, then by dentry. Addresses as signed words, which are small integers to V8. */
  readonly #known = new Map<number, Map<number, Place>>();

  constructor(prog: Program) {
    this.#prog = prog;
  }

  /** What the `struct path` at this address leads to; undefined when it is empty. Throws `MemoryFault`. */
  readonly at = (prog: Program, path: number): Place | undefined => {
    const vfsmount = prog.pointer(path, prog.fields.path.mnt);
    const dentry = prog.pointer(path, prog.fields.path.dentry);
    // A trace looks for the fault itself.
    if (prog !== this.#prog) return placeAt(prog, vfsmount, dentry);
    let onMount = this.#known.get(vfsmount | 0);
    if (!onMount) this.#known.set(vfsmount | 0, (onMount = new Map<number, Place>()));
    let place = onMount.get(dentry | 0);
    if (place) return place;
    place = placeAt(prog, vfsmount, dentry);
    if (place) onMount.set(dentry | 0, place);
    return place;
  };
}
