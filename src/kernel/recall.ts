/**
 * What was read from guest memory is given out again while the words that it was read from are the same. Comparing them
 * takes a fraction of the time that reading does and leaves nothing to the garbage collector, and what is the very same
 * object needs no comparison with the picture before.
 */
import type { Memory } from "./memory";
import { WordLog } from "./word-log";

/** Something that was read. */
interface Kept<T> {
  value: T;
  /** What it was read from, as `WordLog` has it. */
  words: Int32Array;
  /** Others that it was made of. */
  parts: readonly Kept<unknown>[];
  /** Look that found it to hold. */
  look: number;
}

/** A reading that is under way. */
interface Frame {
  /** Where its words begin in the log. */
  from: number;
  parts: Kept<unknown>[];
  /** It depends on more than memory: not to be given out again. */
  spoiled: boolean;
}

const NO_PARTS: readonly Kept<unknown>[] = [];

/** What is kept from look to look, of all kinds. */
export class Recall {
  readonly #log = new WordLog();
  readonly #frames: Frame[] = [];
  readonly #stores: { forget(): void }[] = [];
  #memory: Memory | undefined;
  #look = 0;

  /** To be called before a look at this memory. */
  begin(memory: Memory): void {
    this.#memory = memory;
    this.#look++;
  }

  /** To be called after a look that asked for everything there is: forgets what it did not ask for. */
  end(): void {
    for (const store of this.#stores) store.forget();
  }

  /** A place for values of one kind, by address. */
  store<T>(): Recalled<T> {
    const store = new Recalled<T>(this);
    this.join(store);
    return store;
  }

  /** A place of another shape, which is to forget when this does. */
  join(store: { forget(): void }): void {
    this.#stores.push(store);
  }

  /** What is being read must be read again by the next look: a fault is to be listed by each, and a bound may be reached by one. */
  spoil(): void {
    for (const frame of this.#frames) frame.spoiled = true;
  }

  /** For stores: whether it is as it was; then it is part of what is being read. */
  holds(kept: Kept<unknown>): boolean {
    if (!this.#valid(kept)) return false;
    this.#frames.at(-1)?.parts.push(kept);
    return true;
  }

  /** For stores: whether this look has asked for it. */
  asked({ look }: Kept<unknown>): boolean {
    return look === this.#look;
  }

  /** For stores: reads, and notes what was read. The result is kept unless it depends on more than memory. */
  read<T>(address: number, reader: (address: number) => T): { value: T; kept?: Kept<T> } {
    const memory = this.#memory!;
    const frame: Frame = { from: this.#log.length, parts: [], spoiled: false };
    const outer = this.#frames.at(-1);
    this.#frames.push(frame);
    memory.log = this.#log;
    try {
      const value = reader(address);
      if (frame.spoiled) return { value };
      const parts = frame.parts.length > 0 ? frame.parts : NO_PARTS;
      const kept = { value, words: this.#log.since(frame.from), parts, look: this.#look };
      outer?.parts.push(kept);
      return { value, kept };
    } finally {
      this.#frames.pop();
      this.#log.cut(frame.from);
      if (!outer) memory.log = undefined;
    }
  }

  #valid(kept: Kept<unknown>): boolean {
    if (kept.look === this.#look) return true;
    if (!this.#memory!.has(kept.words)) return false;
    for (const part of kept.parts) if (!this.#valid(part)) return false;
    kept.look = this.#look;
    return true;
  }
}

/** Values of one kind, by address. */
export class Recalled<T> {
  readonly #recall: Recall;
  // By address as a signed word, which is a small integer to V8.
  readonly #kept = new Map<number, Kept<T>>();

  constructor(recall: Recall) {
    this.#recall = recall;
  }

  get empty(): boolean {
    return this.#kept.size === 0;
  }

  /** What `reader` makes of memory, or the same as last time. Throws what `reader` throws. */
  get(address: number, reader: (address: number) => T): T {
    const known = this.#kept.get(address | 0);
    if (known && this.#recall.holds(known)) return known.value;
    const { value, kept } = this.#recall.read(address, reader);
    if (kept) this.#kept.set(address | 0, kept);
    else this.#kept.delete(address | 0);
    return value;
  }

  /** Of what is gone. */
  forget(): void {
    for (const [address, kept] of this.#kept) if (!this.#recall.asked(kept)) this.#kept.delete(address);
  }
}
