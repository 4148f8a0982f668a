import type { CauseGroup, TimelineBatch, TimelineEvent } from "../protocol/change";

/** Events kept; older ones are forgotten. */
export const EVENT_LIMIT = 2000;

/** What happened in the guest, as far back as it is remembered. */
export class Timeline {
  /** Oldest first. */
  events = $state.raw<readonly TimelineEvent[]>([]);
  groups = $state.raw<ReadonlyMap<number, CauseGroup>>(new Map());
  /** Events that were forgotten. */
  forgotten = $state(0);

  #pending: TimelineBatch[] = [];

  /** Takes a batch; however many come, they are drawn once a frame. */
  push(batch: TimelineBatch): void {
    this.#pending.push(batch);
    if (this.#pending.length === 1) requestAnimationFrame(() => this.#draw());
  }

  /** Another guest is looked at. */
  clear(): void {
    this.#pending = [];
    this.events = [];
    this.groups = new Map();
    this.forgotten = 0;
  }

  #draw(): void {
    const batches = this.#pending;
    if (batches.length === 0) return;
    this.#pending = [];
    const events = [...this.events, ...batches.flatMap((batch) => batch.events)];
    const kept = events.slice(-EVENT_LIMIT);
    const used = new Set(kept.map((event) => event.group));
    const groups = new Map(this.groups);
    for (const batch of batches) for (const group of batch.groups) groups.set(group.id, group);
    for (const id of groups.keys()) if (!used.has(id)) groups.delete(id);
    this.forgotten += events.length - kept.length;
    this.events = kept;
    this.groups = groups;
  }
}
