/** Words of RAM that were read: index and value by turns. */
export class WordLog {
  #words = new Int32Array(1 << 12);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  note(index: number, value: number): void {
    if (this.#length + 2 > this.#words.length) {
      const larger = new Int32Array(2 * this.#words.length);
      larger.set(this.#words);
      this.#words = larger;
    }
    this.#words[this.#length++] = index;
    this.#words[this.#length++] = value;
  }

  /** A copy of what was noted from there on. */
  since(from: number): Int32Array {
    return this.#words.slice(from, this.#length);
  }

  /** Forgets what was noted from there on. */
  cut(from: number): void {
    this.#length = from;
  }
}
