import type { ObjectRef } from "../protocol/evidence";
import type { Check, Fact, Verdict } from "../protocol/lesson";
import type { EventMatch, MatchedKind, TaskMatch } from "../protocol/match";
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import { matchesEvent } from "./match/event";
import { MATCHED_KINDS, matching } from "./match/objects";
import { matchesTask } from "./match/task";
import { Scenes, type Scene } from "./scene";

/** What a fact came to in the latest picture. `holders` are the objects that made it hold. */
export interface Finding {
  holds: boolean;
  holders: ObjectRef[];
}

const NOTHING: Finding = { holds: false, holders: [] };

/** Keeps what `seen` and `event` facts need to remember from picture to picture, so that each picture is looked at once. */
export class FactWatcher {
  readonly #fact: Fact;
  readonly #seen = new Map<TaskMatch, ObjectRef[]>();
  readonly #events = new Map<EventMatch, number>();

  constructor(fact: Fact) {
    this.#fact = fact;
  }

  /** Looks at the next picture. Answers whether the fact holds now, and which objects make it hold. */
  feed(now: Scene): Finding {
    this.#remember(this.#fact, now);
    return this.#judge(this.#fact, now);
  }

  // Apart from judging: a `seen` inside an `all` must be noticed even while an earlier part does not hold.
  #remember(fact: Fact, now: Scene): void {
    if ("seen" in fact) {
      if (this.#seen.has(fact.seen)) return;
      const found = among(now.processes, fact.seen, now);
      if (found.length === 0) found.push(...among(now.glimpsed, fact.seen, now));
      if (found.length > 0) this.#seen.set(fact.seen, found);
    } else if ("event" in fact) {
      const news = now.changes.filter((change) => matchesEvent(fact.event, change)).length;
      this.#events.set(fact.event, (this.#events.get(fact.event) ?? 0) + news);
    } else if ("all" in fact) fact.all.forEach((part) => this.#remember(part, now));
    else if ("any" in fact) fact.any.forEach((part) => this.#remember(part, now));
    else if ("not" in fact) this.#remember(fact.not, now);
  }

  #judge(fact: Fact, now: Scene): Finding {
    if ("seen" in fact) {
      const found = this.#seen.get(fact.seen);
      return found ? { holds: true, holders: found } : NOTHING;
    }
    if ("event" in fact) return { holds: isCount(this.#events.get(fact.event) ?? 0, fact.count), holders: [] };
    if ("not" in fact) return { holds: !this.#judge(fact.not, now).holds, holders: [] };
    if ("any" in fact) return fact.any.map((part) => this.#judge(part, now)).find((part) => part.holds) ?? NOTHING;
    if ("all" in fact) {
      const parts = fact.all.map((part) => this.#judge(part, now));
      return { holds: parts.every((part) => part.holds), holders: parts.flatMap((part) => part.holders) };
    }
    const kind = MATCHED_KINDS.find((kind) => kind in fact)!;
    const holders = matching(kind, (fact as Record<MatchedKind, never>)[kind], now);
    return { holds: isCount(holders.length, fact.count), holders };
  }
}

function among(tasks: Task[], match: TaskMatch, now: Scene): ObjectRef[] {
  return tasks
    .filter((task) => matchesTask(match, task, now))
    .map(({ address }): ObjectRef => ({ object: "task", address }));
}

function isCount(count: number, { min = 0, max = Infinity }: { min?: number; max?: number } = { min: 1 }): boolean {
  return count >= min && count <= max;
}

/** Objects of this picture that make a fact hold: what a reader is pointed to. */
export function find(fact: Fact, now: Scene): ObjectRef[] {
  return present(new FactWatcher(fact).feed(now).holders, now);
}

/**
 * Judges a check picture by picture. A pass is kept: what the learner does afterwards does not take it back.
 * A near-miss is what the latest picture says; one that must outlive a short command is written with `seen`.
 */
export class Watcher {
  readonly #check: Check;
  readonly #pass: FactWatcher;
  readonly #nearMisses: FactWatcher[];
  #verdict: Verdict = { state: "not-yet" };
  /** How the check's script ended last: undefined before it ran. */
  #script: boolean | undefined;
  #holders: ObjectRef[] | undefined;

  constructor(check: Check) {
    this.#check = check;
    this.#pass = new FactWatcher(check.pass);
    this.#nearMisses = check.nearMisses.map((nearMiss) => new FactWatcher(nearMiss.when));
  }

  get verdict(): Verdict {
    return this.#verdict;
  }

  feed(now: Scene): Verdict {
    if (this.#verdict.state === "passed") return this.#verdict;
    const pass = this.#pass.feed(now);
    const missed = this.#nearMisses.map((nearMiss) => nearMiss.feed(now).holds).indexOf(true);
    const { script, say } = this.#check;
    this.#holders = pass.holds ? present(pass.holders, now) : undefined;
    if (this.#holders && (!script || this.#script)) this.#verdict = { state: "passed", say, holders: this.#holders };
    else if (this.#holders && this.#script === false) this.#verdict = { state: "near-miss", say: script!.say };
    else if (missed >= 0) this.#verdict = { state: "near-miss", say: this.#check.nearMisses[missed].say };
    else this.#verdict = { state: "not-yet" };
    return this.#verdict;
  }

  /** The picture shows what it should, and the check's script has the last word. */
  get awaitsScript(): boolean {
    return this.#verdict.state !== "passed" && this.#check.script !== undefined && this.#holders !== undefined;
  }

  /** The script ended so. */
  scriptEnded(ok: boolean): Verdict {
    this.#script = ok;
    const { script, say } = this.#check;
    if (!this.#holders || this.#verdict.state === "passed") return this.#verdict;
    this.#verdict = ok ? { state: "passed", say, holders: this.#holders } : { state: "near-miss", say: script!.say };
    return this.#verdict;
  }
}

/** Each once, without tasks that have gone. */
function present(holders: ObjectRef[], { view }: Scene): ObjectRef[] {
  const alive = new Set(view.tasks.map(({ address }) => address));
  const once = new Map(holders.map((holder) => [`${holder.object}:${holder.address}`, holder]));
  return [...once.values()].filter(({ object, address }) => object !== "task" || alive.has(address));
}

/** The verdict after these pictures, oldest first; the first one is the step's beginning. */
export function judge(check: Check, history: Iterable<KernelView>, view: KernelView): Verdict {
  const watcher = new Watcher(check);
  const scenes = new Scenes();
  for (const earlier of history) watcher.feed(scenes.next(earlier));
  return watcher.feed(scenes.next(view));
}
