/** Bytes of a stream, taken in the pieces that a protocol has. */
export class ByteReader {
  #reader: ReadableStreamDefaultReader<Uint8Array>;
  #held: Uint8Array = new Uint8Array(0);
  #ended = false;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /** What came and was not taken yet. */
  get held(): Uint8Array {
    return this.#held;
  }

  /** Waits for more; false at the end. */
  async more(): Promise<boolean> {
    if (this.#ended) return false;
    const { value, done } = await this.#reader.read();
    if (done) {
      this.#ended = true;
      return false;
    }
    if (this.#held.length === 0) this.#held = value;
    else {
      const joined = new Uint8Array(this.#held.length + value.length);
      joined.set(this.#held);
      joined.set(value, this.#held.length);
      this.#held = joined;
    }
    return true;
  }

  /** Takes the first bytes of what is held. */
  take(count: number): Uint8Array {
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return taken;
  }

  /** What is there, waiting for some; undefined at the end. */
  async some(most = Infinity): Promise<Uint8Array | undefined> {
    while (this.#held.length === 0) if (!(await this.more())) return undefined;
    return this.take(Math.min(most, this.#held.length));
  }

  /** A line without its end; undefined when the stream ends before it does. @throws RangeError for a line longer than `most` */
  async line(most: number): Promise<string | undefined> {
    for (;;) {
      const end = this.#held.indexOf(10);
      if (end >= 0) return new TextDecoder("latin1").decode(this.take(end + 1)).replace(/\r?\n$/, "");
      if (this.#held.length > most) throw new RangeError(`A line has more than ${most} bytes.`);
      if (!(await this.more())) return undefined;
    }
  }

  /** All that is to come, as a stream again. */
  rest(): ReadableStream<Uint8Array> {
    return new ReadableStream({
      pull: async (controller) => {
        const bytes = await this.some();
        if (bytes) controller.enqueue(bytes);
        else controller.close();
      },
      cancel: (reason) => this.cancel(reason),
    });
  }

  async cancel(reason?: unknown): Promise<void> {
    this.#ended = true;
    await this.#reader.cancel(reason).catch(() => {});
  }
}
