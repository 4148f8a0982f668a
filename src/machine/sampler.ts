/**
 * Decides when the X-ray looks and when the page is told. Counters in guest memory trigger a look, so a process that
 * lives for one slice is seen; looking is kept below a share of the worker's time, telling below the frame rate.
 */
import { pictureChanged, ranSince, type Counters } from "../kernel/counters";
import type { Xray } from "../kernel/xray";
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import { samePicture } from "./same-picture";

/** Looking takes at most one part in this many of the time while the guest is busy. */
const SHARE = 10;
/** A busy guest in which nothing changed for certain is looked at this often. */
const BUSY_INTERVAL_MS = 100;
/** The cost of a look is the least of this many: a look that another program of the host interrupted says nothing. */
const COSTS_KEPT = 8;
/** Tasks of which it is remembered what they were when they last ran; beyond it all are new, which costs a look each. */
const FINGERPRINTS_KEPT = 4096;
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
  #costsMs: number[] = [];
  /** `Counters.current` of each task when it last ran. Another one tells of exec, unshare, setns or setuid since. */
  #fingerprints = new Map<number, number>();
  #sentAt = -Infinity;
  #held: KernelView | undefined;
  #sent: KernelView | undefined;
  /** Tasks of the last look by address, with what was known of them when they were whole. */
  #known = new Map<number, Task>();
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
    if (this.#fingerprints.get(counters.task) !== counters.current) {
      if (this.#fingerprints.size >= FINGERPRINTS_KEPT) this.#fingerprints.clear();
      this.#fingerprints.set(counters.task, counters.current);
      this.#changed = true;
    }
    if (!this.#ran && !this.#changed) return counters;
    const sinceMs = this.#now() - this.#lookedAt;
    const affordableMs = this.#costsMs.length > 0 ? Math.min(...this.#costsMs) * (SHARE - 1) : 0;
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
    this.#costsMs = [...this.#costsMs, this.#lookedAt - startedAt].slice(-COSTS_KEPT);
    this.#changed = this.#ran = false;
    this.#noteEnded(view);
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
    const known = new Map(view.tasks.map((task) => [task.address, this.#whole(task)]));
    for (const task of this.#known.values()) {
      if (known.get(task.address)?.startTimeNs !== task.startTimeNs) this.#glimpsed.set(task.startTimeNs, task);
    }
    this.#known = known;
  }

  /** A task on its way out has given up its memory and then its namespaces (`do_exit`): an earlier look knows them. */
  #whole(task: Task): Task {
    const earlier = this.#known.get(task.address);
    if (earlier?.startTimeNs !== task.startTimeNs) return task;
    const argv = task.argv.length > 0 || earlier.comm !== task.comm ? task.argv : earlier.argv;
    const namespaces = task.namespaces.mnt !== 0 ? task.namespaces : earlier.namespaces;
    return argv === task.argv && namespaces === task.namespaces ? task : { ...task, argv, namespaces };
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
