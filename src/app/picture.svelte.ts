import type { KernelView, Task } from "../protocol/view";
import { taskKey } from "./task-key";

/** How many ended tasks are remembered. */
export const ENDED_LIMIT = 12;
/** How many new tasks are marked as new at a time; in a flood of forks the marks would say nothing. */
const FRESH_LIMIT = 40;

/** The kernel picture at the pace of the screen: however many pictures arrive, at most one a frame is drawn. */
export class Picture {
  view = $state.raw<KernelView>();
  /** Keys of tasks that were not in the picture drawn before. */
  fresh = $state.raw<ReadonlySet<string>>(new Set());
  /** The last tasks to end, newest first. */
  ended = $state.raw<Task[]>([]);

  #latest: KernelView | undefined;
  #endedSince: Task[] = [];
  #scheduled = false;

  push(view: KernelView): void {
    const before = this.#latest ?? this.view;
    if (before) {
      const living = new Set(view.tasks.map(taskKey));
      for (const task of before.tasks) if (!living.has(taskKey(task))) this.#endedSince.push(task);
    }
    this.#endedSince.push(...view.glimpsed);
    if (this.#endedSince.length > ENDED_LIMIT) this.#endedSince.splice(0, this.#endedSince.length - ENDED_LIMIT);
    this.#latest = view;
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => this.#draw());
  }

  /** Forgets everything: another guest is looked at. */
  clear(): void {
    this.#latest = undefined;
    this.#endedSince = [];
    this.view = undefined;
    this.fresh = new Set();
    this.ended = [];
  }

  #draw(): void {
    this.#scheduled = false;
    const view = this.#latest;
    if (!view) return;
    this.#latest = undefined;
    const before = this.view && new Set(this.view.tasks.map(taskKey));
    const fresh = before ? view.tasks.map(taskKey).filter((key) => !before.has(key)) : [];
    this.fresh = fresh.length <= FRESH_LIMIT ? new Set(fresh) : new Set();
    if (this.#endedSince.length) {
      this.ended = [...this.#endedSince.splice(0).reverse(), ...this.ended].slice(0, ENDED_LIMIT);
    }
    this.view = view;
  }
}
