/**
 * Decides when the X-ray looks and when the page is told. Counters in guest memory trigger a glance at the tasks, so a
 * process that lives for one slice is seen; the whole picture follows as soon as it can be afforded. Looking is kept below
 * a share of the worker's time, telling below the frame rate.
 */
import { changes } from "../kernel/changes";
import { difference } from "../kernel/difference";
import { pictureChanged, ranSince, type Counters } from "../kernel/counters";
import { share } from "../kernel/share";
import type { Xray } from "../kernel/xray";
import type { Change } from "../protocol/change";
import type { Task } from "../protocol/task";
import { SECTIONS, type KernelView } from "../protocol/view";
import { Comparison } from "./comparison";

/** Whole looks take at most one part in this many of the time while the guest is busy. */
const LOOK_SHARE = 20;
/** The same for glances, which only follow forks, execs and the like: what lives for a moment has no second one. */
const GLANCE_SHARE = 4;
/** They come at least this often, as long as they take no longer themselves: a command may live for few milliseconds. */
const GLANCE_INTERVAL_MS = 3;
/** A busy guest in which nothing changed for certain is looked at this often. */
const BUSY_INTERVAL_MS = 100;
/** The cost of a look is the least of this many: a look that another program of the host interrupted says nothing. */
const COSTS_KEPT = 8;
/** Tasks of which it is remembered what they were when they last ran; beyond it all are new, which costs a look each. */
const FINGERPRINTS_KEPT = 4096;
/** What ran before a look counts as running for this many more, unless the CPU came to rest: its doings may follow late. */
const LOOKS_REMEMBERED = 3;
/** Pictures are sent at most this often. */
const FRAME_MS = 16;

/** What the sampler tells. */
export interface SamplerEvents {
  /** A picture to show, not more often than the screen is drawn. */
  onview(view: KernelView): void;
  /** What happened between two looks, and the addresses of the tasks that ran since the CPU last rested. */
  onchanges?(changes: readonly Change[], before: KernelView, after: KernelView, ran: ReadonlySet<number>): void;
}

/** What looks of one kind cost, and when the next one can be afforded. */
class Budget {
  readonly #share: number;
  readonly #longestMs: number;
  #costsMs: number[] = [];
  #endedAt = -Infinity;

  /** One part in `share` of the time, or more, so that no wait is longer than `longestMs` and than what it waits for. */
  constructor(share: number, longestMs = Infinity) {
    this.#share = share;
    this.#longestMs = longestMs;
  }

  spend(startedAt: number, endedAt: number): void {
    this.#endedAt = endedAt;
    this.#costsMs = [...this.#costsMs, endedAt - startedAt].slice(-COSTS_KEPT);
  }

  /** When it may be done next; not before `intervalMs` after the last time. */
  dueAt(intervalMs = 0): number {
    const costMs = this.#costsMs.length > 0 ? Math.min(...this.#costsMs) : 0;
    const waitMs = Math.min(costMs * (this.#share - 1), Math.max(costMs, this.#longestMs));
    return this.#endedAt + Math.max(waitMs, intervalMs);
  }
}

export class Sampler {
  readonly #xray: Xray;
  readonly #now: () => number;
  readonly #events: SamplerEvents;
  readonly #looks = new Budget(LOOK_SHARE);
  readonly #glances = new Budget(GLANCE_SHARE, GLANCE_INTERVAL_MS);
  #counters: Counters | undefined;
  /** Something ran since the last whole look. */
  #ran = false;
  /** The picture is another one for certain: since the last whole look, and since the last glance. */
  #changed = false;
  #tasksChanged = false;
  /** Addresses of tasks that ran, since the last whole look, and since the last glance. */
  #active = new Set<number>();
  #glanced = new Set<number>();
  /** Addresses of tasks that ran before the last looks, latest first, since the CPU last waited for something to do. */
  #before: ReadonlySet<number>[] = [];
  #rested = false;
  /** `Counters.current` of each task when it last ran. Another one tells of exec, unshare, setns or setuid since. */
  #fingerprints = new Map<number, number>();
  #sentAt = -Infinity;
  #held: KernelView | undefined;
  #sent: KernelView | undefined;
  /** The last look's picture, sharing with those before what did not change. */
  #last: KernelView | undefined;
  readonly #comparison = new Comparison();
  /** Its tasks by address, with what was known of them when they were whole. */
  #known = new Map<number, Task>();
  #glimpsed: Task[] = [];
  /** Ends that a glance saw last of all: the whole look may tell what those tasks did before. */
  #ends: Change[] = [];
  #endedTasks: Task[] = [];
  /** Something happened since the last picture was sent, be it that it was undone since. */
  #happened = false;
  #lookTimer: ReturnType<typeof setTimeout> | undefined;
  #sendTimer: ReturnType<typeof setTimeout> | undefined;
  #sequence = 0;

  constructor(xray: Xray, events: SamplerEvents, now: () => number = () => performance.now()) {
    this.#xray = xray;
    this.#events = events;
    this.#now = now;
  }

  /** The picture of the last look. */
  get last(): KernelView | undefined {
    return this.#last;
  }

  /** To be called after each slice with the guest's memory; `idle` tells whether the CPU waits. Returns the counters. */
  slice(ram: () => Uint8Array, idle: boolean): Counters | undefined {
    const memory = ram();
    const counters = this.#xray.counters(memory);
    const before = this.#counters;
    this.#counters = counters;
    if (!counters) return undefined; // no kernel yet
    // What woke by a timer or by input is nobody's doing any more.
    if (this.#rested && !this.#changed) this.#before = [];
    this.#rested = idle;
    this.#note(before, counters);
    if (!this.#ran && !this.#changed) return counters;
    const now = this.#now();
    const dueAt = this.#looks.dueAt(this.#changed || idle ? 0 : BUSY_INTERVAL_MS);
    if (now >= dueAt) this.look(memory);
    else {
      if (this.#tasksChanged && this.#last && now >= this.#glances.dueAt()) this.#glance(memory, this.#last);
      // The guest may fall idle before the next slice.
      clearTimeout(this.#lookTimer);
      this.#lookTimer = setTimeout(() => (this.#changed || this.#ran) && this.look(ram()), dueAt - now);
    }
    return counters;
  }

  /** Looks now, whatever the budget, and lets the page know. */
  look(memory: Uint8Array): KernelView {
    const startedAt = this.#now();
    const seen = this.#xray.observe(memory);
    const view = this.#take(seen, memory, true);
    this.#looks.spend(startedAt, this.#now());
    this.#changed = this.#ran = false;
    this.#before = [this.#active, ...this.#before].slice(0, LOOKS_REMEMBERED);
    this.#active = new Set();
    this.#glanceAgain(view);
    return view;
  }

  /** Looks now if something may have happened since the last whole look: before a new command, so that none of it is its doing. */
  catchUp(memory: Uint8Array): void {
    if (this.#changed || this.#ran) this.look(memory);
  }

  /** Stops for good. */
  stop(): void {
    clearTimeout(this.#lookTimer);
    clearTimeout(this.#sendTimer);
    this.#held = undefined;
  }

  #note(before: Counters | undefined, counters: Counters): void {
    if (!before || pictureChanged(before, counters)) this.#changed = this.#tasksChanged = true;
    if (!before || ranSince(before, counters)) this.#ran = true;
    // A task may go on from slice to slice without a switch or a tick.
    this.#active.add(counters.task);
    this.#glanced.add(counters.task);
    if (this.#fingerprints.get(counters.task) !== counters.current) {
      if (this.#fingerprints.size >= FINGERPRINTS_KEPT) this.#fingerprints.clear();
      this.#fingerprints.set(counters.task, counters.current);
      this.#changed = this.#tasksChanged = true;
    }
  }

  #glance(memory: Uint8Array, last: KernelView): void {
    const startedAt = this.#now();
    const view = this.#take(this.#xray.glance(memory, last, this.#glanced), memory, false);
    this.#glances.spend(startedAt, this.#now());
    this.#glanceAgain(view);
  }

  /** A task in the middle of exec does not say yet what it executes, and what it executes may be short. */
  #glanceAgain({ tasks }: KernelView): void {
    const starting = tasks.filter((task) => this.#glanced.has(task.address) && isStarting(task));
    this.#tasksChanged = starting.length > 0;
    this.#glanced = new Set(starting.map(({ address }) => address));
  }

  /** Makes what was seen the present picture, and tells what happened since the one before. */
  #take(seen: KernelView, memory: Uint8Array, whole: boolean): KernelView {
    const last = this.#last;
    // What is half done is shown when it is done.
    const { devices, routes } = last && this.#xray.networkChanging(memory) ? last : seen;
    const { layers } = last && this.#xray.renaming(memory) ? last : seen;
    const fresh: KernelView = { ...seen, devices, routes, layers, sequence: ++this.#sequence, glimpsed: [] };
    const compared = this.#comparison.view;
    let view = compared ? share(compared, fresh) : fresh;
    const { before, after } = this.#comparison.next(view);
    if (before) {
      const ended = this.#ended(before, after, memory);
      this.#glimpsed.push(...ended);
      this.#tell(changes(before, { ...after, glimpsed: ended }), before, after, ended, whole);
    } else this.#known = new Map(view.tasks.map((task) => [task.address, task]));
    this.#last = view;
    view = { ...view, glimpsed: [...this.#glimpsed] };
    this.#held = view;
    const sinceSentMs = this.#now() - this.#sentAt;
    clearTimeout(this.#sendTimer);
    if (sinceSentMs >= FRAME_MS) this.#send();
    else this.#sendTimer = setTimeout(() => this.#send(), FRAME_MS - sinceSentMs);
    return view;
  }

  #tell(happened: Change[], last: KernelView, view: KernelView, ended: Task[], whole: boolean): void {
    if (happened.length > 0) this.#happened = true;
    const { now, later } = whole
      ? { now: amongEnds(happened, this.#ends), later: [] }
      : withoutEnds(happened, this.#ends);
    this.#ends = later;
    this.#endedTasks.push(...ended);
    if (now.length > 0) {
      const acted = new Set([this.#active, ...this.#before].flatMap((addresses) => [...addresses]));
      this.#events.onchanges?.(now, last, { ...view, glimpsed: this.#endedTasks }, acted);
    }
    if (later.length === 0) this.#endedTasks = [];
  }

  /** Tasks that are gone since the last look, with what was known of them, and how they ended if that can still be read. */
  #ended(last: KernelView, view: KernelView, memory: Uint8Array): Task[] {
    const { added, changed, removed } = difference(last, view, "tasks");
    const ended = removed.map((task) => {
      const known = this.#known.get(task.address) ?? task;
      this.#known.delete(task.address);
      const exitStatus = known.exitStatus ?? this.#xray.exitStatus(memory, known);
      return exitStatus === undefined ? known : { ...known, exitStatus };
    });
    for (const task of added) this.#known.set(task.address, task);
    for (const [, task] of changed) {
      const known = this.#known.get(task.address);
      const now = wholeTask(task, known);
      if (known && isAnother(known, now) && !this.#sent?.tasks.includes(known)) this.#glimpsed.push(known);
      this.#known.set(task.address, now);
    }
    return ended;
  }

  #send(): void {
    const view = this.#held;
    this.#held = undefined;
    if (!view || (this.#sent && !this.#happened && showsTheSame(this.#sent, view))) return;
    this.#sentAt = this.#now();
    this.#sent = view;
    this.#glimpsed = [];
    this.#happened = false;
    this.#events.onview(view);
  }
}

/** What a whole look saw, and `ends` seen before it: of tasks that may have done all of it, unless others were made since. */
function amongEnds(happened: Change[], ends: Change[]): Change[] {
  if (happened.some(({ type }) => type === "fork")) return [...ends, ...happened];
  const at = happened.findIndex(({ type }) => type === "exit" || type === "cgroup-removed");
  return at < 0 ? [...happened, ...ends] : [...happened.slice(0, at), ...ends, ...happened.slice(at)];
}

/** What a glance saw, and the ends that are to wait for the whole look: those that nothing else came after. */
function withoutEnds(happened: Change[], ends: Change[]): { now: Change[]; later: Change[] } {
  const others = happened.filter(({ type }) => type !== "exit");
  const later = happened.filter(({ type }) => type === "exit");
  return others.length > 0 ? { now: [...ends, ...others], later } : { now: [], later: [...ends, ...later] };
}

/** A task on its way out has given up its memory and then its namespaces (`do_exit`): an earlier look knows them. */
function wholeTask(task: Task, earlier: Task | undefined): Task {
  if (earlier === task || earlier?.startTimeNs !== task.startTimeNs) return task;
  const argv = task.argv.length > 0 || earlier.comm !== task.comm ? task.argv : earlier.argv;
  const namespaces = task.namespaces.mnt !== 0 ? task.namespaces : earlier.namespaces;
  return argv === task.argv && namespaces === task.namespaces ? task : { ...task, argv, namespaces };
}

/** Its memory is the new program's, which has not been given its arguments yet (`begin_new_exec`, `create_elf_tables`). */
function isStarting({ argv, kernelThread, rssBytes, state }: Task): boolean {
  return argv.length === 0 && !kernelThread && rssBytes > 0 && state !== "Z" && state !== "X";
}

/** The same task, and yet another program, in other namespaces or with other rights. */
function isAnother(one: Task, other: Task): boolean {
  const kind = ({ comm, argv, namespaces, uid }: Task): string => JSON.stringify([comm, argv, namespaces, uid]);
  return one.startTimeNs === other.startTimeNs && kind(one) !== kind(other);
}

/** True when nothing differs but the time at which two pictures were taken, so that an idle guest sends nothing. */
function showsTheSame(one: KernelView, other: KernelView): boolean {
  return (
    one.totalForks === other.totalForks &&
    one.problems === other.problems &&
    one.omitted === other.omitted &&
    SECTIONS.every((section) => one[section] === other[section])
  );
}
