import { AgentError } from "./error";

/** One channel from the guest: bytes wait here until they are read, and reading is what grants the guest more credit. */
export class Inlet {
  /** Bytes the guest may send before any is read. */
  static readonly WINDOW_BYTES = 131072;

  #grant: (bytes: number) => void;
  #refuse: () => void;
  #queue: Uint8Array<ArrayBuffer>[] = [];
  #ungranted = 0;
  #endAt = Infinity;
  #receivedBytes = 0;
  #ended = false;
  #error?: AgentError;
  #wake?: () => void;
  #readable?: ReadableStream<Uint8Array<ArrayBuffer>>;

  /**
   * @param grant sends credit
   * @param refuse says that nothing more is wanted
   */
  constructor(grant: (bytes: number) => void, refuse: () => void) {
    this.#grant = grant;
    this.#refuse = refuse;
  }

  /** True when every byte there will be was received (though perhaps not read yet), or the channel failed. */
  get ended(): boolean {
    return this.#ended;
  }

  receive(bytes: Uint8Array) {
    if (this.#ended) return;
    this.#queue.push(bytes as Uint8Array<ArrayBuffer>);
    this.#receivedBytes += bytes.length;
    if (this.#receivedBytes >= this.#endAt) this.#ended = true;
    this.#wake?.();
  }

  end() {
    this.#ended = true;
    this.#wake?.();
  }

  /** Ends the channel behind `bytes` more. */
  endAfter(bytes: number) {
    this.#endAt = this.#receivedBytes + bytes;
    if (bytes === 0) this.end();
  }

  /** Readers get the error at once, also for what they have not read. */
  fail(error: AgentError) {
    if (this.#ended) return;
    this.#queue = [];
    this.#error = error;
    this.end();
  }

  /** The next bytes; undefined at the end. One call at a time. */
  async next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    while (!this.#queue.length && !this.#ended) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
    if (this.#error) throw this.#error;
    const bytes = this.#queue.shift();
    if (bytes && !this.#ended) {
      this.#ungranted += bytes.length;
      if (this.#ungranted >= Inlet.WINDOW_BYTES / 2) {
        this.#grant(this.#ungranted);
        this.#ungranted = 0;
      }
    }
    return bytes;
  }

  /** Reads no more: the guest's side is closed, so that whoever writes there learns of it. */
  cancel() {
    if (!this.#ended) this.#refuse();
    this.#queue = [];
    this.end();
  }

  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return (this.#readable ??= new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        pull: async (controller) => {
          const bytes = await this.next();
          if (bytes) controller.enqueue(bytes);
          else controller.close();
        },
        cancel: () => this.cancel(),
      },
      // Nothing is taken before it is asked for: the queue here is the only one.
      { highWaterMark: 0 },
    ));
  }
}
