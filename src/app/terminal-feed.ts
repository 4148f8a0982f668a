import type { TerminalBytes } from "../protocol/machine";

/** What draws a terminal's output. `drawn` must be called once the bytes are on screen. */
export interface TerminalScreen {
  write(bytes: TerminalBytes, drawn: () => void): void;
  /** Clears everything: another guest speaks from here on. */
  reset(): void;
}

/** A terminal that nobody has opened yet remembers this much of its output. */
export const UNSEEN_LIMIT_BYTES = 256 * 1024;

/**
 * Carries the output of one terminal to its screen, and says when it was drawn, which is what keeps the guest from
 * running ahead of the browser. Without a screen the tail is kept, and acknowledged, so that the guest never waits
 * for a terminal that is not open.
 */
export class TerminalFeed {
  readonly #acknowledge: (sizeBytes: number) => void;
  #screen: TerminalScreen | undefined;
  #unseen: TerminalBytes[] = [];
  #unseenBytes = 0;

  constructor(acknowledge: (sizeBytes: number) => void) {
    this.#acknowledge = acknowledge;
  }

  push(bytes: TerminalBytes): void {
    if (this.#screen) {
      this.#screen.write(bytes, () => this.#acknowledge(bytes.length));
      return;
    }
    this.#acknowledge(bytes.length);
    this.#unseen.push(bytes);
    this.#unseenBytes += bytes.length;
    while (this.#unseenBytes - this.#unseen[0].length >= UNSEEN_LIMIT_BYTES) {
      this.#unseenBytes -= this.#unseen.shift()!.length;
    }
  }

  reset(): void {
    this.#unseen = [];
    this.#unseenBytes = 0;
    this.#screen?.reset();
  }

  /** Draws on `screen` from now on, what was kept first. Returns the function that detaches it. */
  attach(screen: TerminalScreen): () => void {
    this.#screen = screen;
    for (const bytes of this.#unseen.splice(0)) screen.write(bytes, () => {});
    this.#unseenBytes = 0;
    return () => {
      if (this.#screen === screen) this.#screen = undefined;
    };
  }
}
