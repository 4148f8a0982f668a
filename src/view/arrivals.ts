/** How many arrivals are marked at a time; in a flood of them the marks would say nothing. */
const LIMIT = 40;

/** Tells what is new in a list that is read again and again. */
export class Arrivals {
  #subject: string | undefined;
  #before: ReadonlySet<string> = new Set();

  /** Keys that were not there the last time; none when `subject` is another one than then. */
  note(subject: string, keys: Iterable<string>): ReadonlySet<string> {
    const now = new Set(keys);
    const fresh = new Set<string>();
    if (subject === this.#subject) for (const key of now) if (!this.#before.has(key)) fresh.add(key);
    this.#subject = subject;
    this.#before = now;
    return fresh.size > LIMIT ? new Set() : fresh;
  }
}
