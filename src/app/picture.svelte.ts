import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import { CgroupHistory } from "./cgroup-history";
import { taskKey } from "./task-key";

/** How many ended tasks are remembered. */
export const ENDED_LIMIT = 12;
/** A task counts as new for as long as the slowest way of showing it takes. */
const FRESH_MS = 2000;
/** How many new tasks are marked as new at a time; in a flood of forks the marks would say nothing. */
const FRESH_LIMIT = 40;

/** The kernel picture at the pace of the screen: however many pictures arrive, at most one a frame is drawn. */
export class Picture {
  view = $state.raw<KernelView>();
  /** Keys of tasks that came into the picture a moment ago. */
  fresh = $state.raw<ReadonlySet<string>>(new Set());
  /** The last tasks to end, newest first. */
  ended = $state.raw<Task[]>([]);
  /** The past of the cgroups; whoever draws it reads it anew with each picture. */
  readonly cgroupHistory = new CgroupHistory(() => performance.now());

  readonly #arrivedAt = new Map<string, number>();
  #latest: KernelView | undefined;
  /** Ended tasks not yet drawn, by key: one may be both missing from a picture and glimpsed before it. */
  #endedSince = new Map<string, Task>();
  #scheduled = false;

  push(view: KernelView): void {
    const before = this.#latest ?? this.view;
    if (before) {
      const living = new Set(view.tasks.map(taskKey));
      for (const task of before.tasks) if (!living.has(taskKey(task))) this.#noteEnd(task);
      for (const task of view.glimpsed) if (!living.has(taskKey(task))) this.#noteEnd(task);
    }
    this.#latest = view;
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => this.#draw());
  }

  /** Forgets everything: another guest is looked at. */
  clear(): void {
    this.#latest = undefined;
    this.#endedSince.clear();
    this.#arrivedAt.clear();
    this.cgroupHistory.clear();
    this.view = undefined;
    this.fresh = new Set();
    this.ended = [];
  }

  #draw(): void {
    this.#scheduled = false;
    const view = this.#latest;
    if (!view) return;
    this.#latest = undefined;
    this.#noteArrivals(view);
    this.cgroupHistory.push(view);
    if (this.#endedSince.size) {
      const earlier = this.ended.filter((task) => !this.#endedSince.has(taskKey(task)));
      this.ended = [...[...this.#endedSince.values()].reverse(), ...earlier].slice(0, ENDED_LIMIT);
      this.#endedSince.clear();
    }
    this.view = view;
  }

  #noteArrivals(view: KernelView): void {
    const now = performance.now();
    for (const [key, arrivedAt] of this.#arrivedAt) if (now - arrivedAt > FRESH_MS) this.#arrivedAt.delete(key);
    if (!this.view) return;
    const before = new Set(this.view.tasks.map(taskKey));
    const arrived = view.tasks.map(taskKey).filter((key) => !before.has(key));
    if (arrived.length + this.#arrivedAt.size > FRESH_LIMIT) this.#arrivedAt.clear();
    else for (const key of arrived) this.#arrivedAt.set(key, now);
    this.fresh = new Set(this.#arrivedAt.keys());
  }

  #noteEnd(task: Task): void {
    const key = taskKey(task);
    this.#endedSince.delete(key);
    this.#endedSince.set(key, task);
    if (this.#endedSince.size > ENDED_LIMIT) this.#endedSince.delete(this.#endedSince.keys().next().value!);
  }
}
