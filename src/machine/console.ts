/**
 * Input side of one virtio console. v86 drops what the guest has no buffer for, so bytes wait here until it has;
 * nothing is lost, however much is pasted.
 */
import type { Emulator } from "./emulator";

export const CONSOLE_COUNT = 4;

/** v86 hands a message larger than the guest's buffer over in part only; the guest's buffers are one page. */
const CONSOLE_CHUNK_BYTES = 4096;

export class ConsoleInput {
  readonly #port: number;
  #queue: Uint8Array[] = [];
  #waitingBytes = 0;
  #drained: (() => void)[] = [];

  constructor(port: number) {
    this.#port = port;
  }

  /** Bytes not yet taken by the guest. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Queues bytes; resolves when the guest took the last of them. */
  push(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return Promise.resolve();
    this.#queue.push(bytes);
    this.#waitingBytes += bytes.length;
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  /** Hands over as much as the guest has buffers for. Called after each slice and after each push. */
  drain(emulator: Emulator): void {
    while (this.#queue.length > 0 && emulator.canReceive(this.#port)) {
      // Taken out first: v86 may run a slice, and with it this method again, while it receives.
      const head = this.#queue.shift()!;
      const chunk = head.subarray(0, CONSOLE_CHUNK_BYTES);
      this.#waitingBytes -= chunk.length;
      const whole = chunk.length === head.length;
      if (!whole) this.#queue.unshift(head.subarray(chunk.length));
      const drained = whole ? this.#drained.shift() : undefined;
      emulator.receive(this.#port, chunk);
      drained?.();
    }
  }

  /** Forgets what waits: the guest it was meant for is gone. */
  clear(): void {
    this.#queue = [];
    this.#waitingBytes = 0;
    for (const resolve of this.#drained.splice(0)) resolve();
  }
}
