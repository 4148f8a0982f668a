/**
 * Output side of one terminal: bytes are batched for the page, counted until the page has drawn them, and the last of
 * them kept, so that a restored machine can show the screen it was saved with.
 */
import type { TerminalBytes } from "../protocol/machine";

/** The machine waits while a terminal has more than this not yet drawn. */
export const OUTSTANDING_LIMIT_BYTES = 512 * 1024;
/** What a saved machine remembers of a terminal. */
export const SCREEN_LIMIT_BYTES = 64 * 1024;

export class TerminalOutput {
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #outstandingBytes = 0;
  #screen: Uint8Array[] = [];
  #screenBytes = 0;

  push(bytes: Uint8Array): void {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    this.#remember(bytes);
  }

  /** Everything not yet taken, as one array of its own; undefined when there is nothing. */
  take(): TerminalBytes | undefined {
    if (this.#pendingBytes === 0) return undefined;
    const bytes = concatenate(this.#pending, this.#pendingBytes);
    this.#outstandingBytes += bytes.length;
    this.#pending = [];
    this.#pendingBytes = 0;
    return bytes;
  }

  acknowledge(sizeBytes: number): void {
    this.#outstandingBytes = Math.max(0, this.#outstandingBytes - sizeBytes);
  }

  /** True when the page is too far behind. */
  get congested(): boolean {
    return this.#pendingBytes + this.#outstandingBytes > OUTSTANDING_LIMIT_BYTES;
  }

  /** The tail of what this terminal printed. */
  screen(): TerminalBytes {
    const all = concatenate(this.#screen, this.#screenBytes);
    return all.slice(Math.max(0, all.length - SCREEN_LIMIT_BYTES));
  }

  /** Starts anew from a remembered screen, which is shown again. */
  restart(screen: Uint8Array): void {
    this.#pending = [];
    this.#pendingBytes = this.#outstandingBytes = this.#screenBytes = 0;
    this.#screen = [];
    if (screen.length > 0) this.push(screen.slice());
  }

  #remember(bytes: Uint8Array): void {
    this.#screen.push(bytes);
    this.#screenBytes += bytes.length;
    while (this.#screenBytes - this.#screen[0].length >= SCREEN_LIMIT_BYTES)
      this.#screenBytes -= this.#screen.shift()!.length;
  }
}

function concatenate(parts: readonly Uint8Array[], sizeBytes: number): TerminalBytes {
  const whole = new Uint8Array(sizeBytes);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
