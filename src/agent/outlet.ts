import { FrameType, HEADER_BYTES, STREAM_WINDOW_BYTES } from "../protocol/frame";
import { writeHeader } from "./codec";
import type { AgentError } from "./error";
import type { Link, Source } from "./link";

/** One channel to the guest: a write is done when the guest had credit, and the link room, for all of it. */
export class Outlet implements Source {
  readonly writable: WritableStream<Uint8Array>;

  #link: Link;
  #stream: number;
  #credit = STREAM_WINDOW_BYTES;
  #bytes?: Uint8Array;
  #written = 0;
  #settle?: { resolve(): void; reject(error: AgentError): void };
  #error?: AgentError;
  #onend: () => void;
  #controller!: WritableStreamDefaultController;

  /** @param onend called when this side said that it writes no more */
  constructor(link: Link, stream: number, onend: () => void = () => {}) {
    this.#link = link;
    this.#stream = stream;
    this.#onend = onend;
    this.writable = new WritableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      write: (bytes) => this.#write(bytes),
      close: () => this.#end(),
      abort: () => {
        this.#bytes = undefined;
        this.#end();
      },
    });
  }

  #write(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      if (this.#error) return reject(this.#error);
      this.#bytes = bytes;
      this.#written = 0;
      this.#settle = { resolve, reject };
      if (this.#credit) this.#link.offer(this);
    });
  }

  #end() {
    if (this.#error) return;
    const frame = new Uint8Array(HEADER_BYTES);
    writeHeader(frame, 0, FrameType.END, 0, this.#stream, 0);
    this.#link.send(frame);
    this.#onend();
  }

  fill(target: Uint8Array, at: number, room: number): number {
    if (!this.#bytes || this.#credit === 0) return 0;
    const length = Math.min(room - HEADER_BYTES, this.#credit, this.#bytes.length - this.#written);
    writeHeader(target, at, FrameType.DATA, 0, this.#stream, length);
    target.set(this.#bytes.subarray(this.#written, this.#written + length), at + HEADER_BYTES);
    this.#written += length;
    this.#credit -= length;
    if (this.#written === this.#bytes.length) {
      this.#bytes = undefined;
      this.#settle?.resolve();
    }
    return HEADER_BYTES + length;
  }

  granted(bytes: number) {
    this.#credit += bytes;
    if (this.#bytes) this.#link.offer(this);
  }

  /** Nothing can be written any more. */
  fail(error: AgentError) {
    if (this.#error) return;
    this.#error = error;
    this.#bytes = undefined;
    this.#settle?.reject(error);
    this.#controller.error(error);
  }
}
