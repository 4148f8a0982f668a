/** How many arrivals are marked at a time; in a flood of them the marks would say nothing. */
const LIMIT = 40;
/** How long somebody may need to see a mark: several pictures may come in a frame. */
const FRESH_NS = 2e9;

/** Tells what is new in a list that is read again and again. */
export class Arrivals {
  #subject: string | undefined;
  #before: ReadonlySet<string> = new Set();
  #arrivedAtNs = new Map<string, number>();

  /**
   * Keys that came in the last two seconds of guest time, of which `nowNs` is the instant; none when `subject` is another one
   * than the last time.
   */
  note(subject: string, keys: Iterable<string>, nowNs: number): ReadonlySet<string> {
    const now = new Set(keys);
    if (subject !== this.#subject) this.#arrivedAtNs.clear();
    else for (const key of now) if (!this.#before.has(key)) this.#arrivedAtNs.set(key, nowNs);
    for (const [key, atNs] of this.#arrivedAtNs) {
      if (!now.has(key) || nowNs - atNs > FRESH_NS) this.#arrivedAtNs.delete(key);
    }
    this.#subject = subject;
    this.#before = now;
    if (this.#arrivedAtNs.size > LIMIT) this.#arrivedAtNs.clear();
    return new Set(this.#arrivedAtNs.keys());
  }
}
