/**
 * Decides when the X-ray looks and when the page is told. Counters in guest memory trigger a look, so a process that
 * lives for one slice is seen; looking is kept below a share of the worker's time, telling below the frame rate.
 */
import { pictureChanged, ranSince, type Counters } from "../kernel/counters";
import type { Xray } from "../kernel/xray";
import type { KernelView, Task } from "../protocol/view";
import { samePicture } from "./same-picture";

/** Looking takes at most one part in this many of the time while the guest is busy. */
const SHARE = 10;
/** A busy guest in which nothing changed for certain is looked at this often. */
const BUSY_INTERVAL_MS = 100;
/** Pictures are sent at most this often. */
const FRAME_MS = 16;

export class Sampler {
  readonly #xray: Xray;
  readonly #now: () => number;
  readonly #emit: (view: KernelView) => void;
  #last: Counters | undefined;
  /** Something ran. */
  #ran = false;
  /** The picture is another one for certain. */
  #changed = false;
  #lookedAt = -Infinity;
  #costMs = 0;
  #sentAt = -Infinity;
  #held: KernelView | undefined;
  #sent: KernelView | undefined;
  #previous: KernelView | undefined;
  #glimpsed = new Map<number, Task>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sequence = 0;

  constructor(xray: Xray, emit: (view: KernelView) => void, now: () => number = () => performance.now()) {
    this.#xray = xray;
    this.#emit = emit;
    this.#now = now;
  }

  /** To be called after each slice with the guest's memory; `idle` tells whether the CPU waits. Returns the counters. */
  slice(ram: () => Uint8Array, idle: boolean): Counters | undefined {
    const memory = ram();
    const counters = this.#xray.counters(memory);
    const last = this.#last;
    this.#last = counters;
    if (!counters) return undefined; // no kernel yet
    if (!last || pictureChanged(last, counters)) this.#changed = true;
    if (!last || ranSince(last, counters)) this.#ran = true;
    if (!this.#ran && !this.#changed) return counters;
    const sinceMs = this.#now() - this.#lookedAt;
    const affordableMs = this.#costMs * (SHARE - 1);
    const dueMs = Math.max(affordableMs, this.#changed || idle ? 0 : BUSY_INTERVAL_MS);
    if (sinceMs >= dueMs) this.look(memory);
    else this.#arm(dueMs - sinceMs, ram);
    return counters;
  }

  /** Looks now, whatever the budget, and lets the page know. */
  look(memory: Uint8Array): KernelView {
    const startedAt = this.#now();
    const view: KernelView = { ...this.#xray.observe(memory), sequence: ++this.#sequence, glimpsed: [] };
    this.#lookedAt = this.#now();
    this.#costMs = this.#lookedAt - startedAt;
    this.#changed = this.#ran = false;
    this.#noteEnded(view);
    this.#previous = view;
    this.#held = view;
    if (startedAt - this.#sentAt >= FRAME_MS) this.#send();
    else this.#arm(FRAME_MS - (startedAt - this.#sentAt));
    return view;
  }

  /** Stops for good. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#held = undefined;
  }

  #noteEnded(view: KernelView): void {
    if (!this.#previous) return;
    const alive = new Map(view.tasks.map((task) => [task.address, task.startTimeNs]));
    for (const task of this.#previous.tasks) {
      if (alive.get(task.address) !== task.startTimeNs) this.#glimpsed.set(task.startTimeNs, task);
    }
  }

  #send(): void {
    if (!this.#held) return;
    if (this.#sent && this.#glimpsed.size === 0 && samePicture(this.#sent, this.#held)) {
      this.#held = undefined;
      return;
    }
    this.#sentAt = this.#now();
    this.#sent = this.#held;
    this.#emit({ ...this.#held, glimpsed: [...this.#glimpsed.values()] });
    this.#held = undefined;
    this.#glimpsed.clear();
  }

  /** The guest may fall idle before the next slice, so what is due later needs a timer. */
  #arm(delayMs: number, ram?: () => Uint8Array): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        if (ram && (this.#changed || this.#ran)) this.look(ram());
        this.#send();
      },
      Math.max(0, delayMs),
    );
  }
}
