import type { Check, Fact, TaskMatch, Verdict } from "../protocol/lesson";
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import { matches } from "./match";
import { Scenes, type Scene } from "./scene";

/** What a fact came to in the latest picture. `holders` are addresses of the tasks that made it hold. */
interface Finding {
  holds: boolean;
  holders: number[];
}

const NOTHING: Finding = { holds: false, holders: [] };

/** Keeps what `seen` facts need to remember from picture to picture, so that each picture is looked at once. */
export class FactWatcher {
  readonly #fact: Fact;
  readonly #seen = new Map<TaskMatch, number[]>();

  constructor(fact: Fact) {
    this.#fact = fact;
  }

  /** Looks at the next picture. Answers whether the fact holds now. */
  feed(now: Scene): Finding {
    this.#remember(this.#fact, now);
    return this.#judge(this.#fact, now);
  }

  // Apart from judging: a `seen` inside an `all` must be noticed even while an earlier part does not hold.
  #remember(fact: Fact, now: Scene): void {
    if ("seen" in fact) {
      if (this.#seen.has(fact.seen)) return;
      const found = holders(fact.seen, now.processes, now);
      if (found.length === 0) found.push(...holders(fact.seen, now.glimpsed, now));
      if (found.length > 0) this.#seen.set(fact.seen, found);
    } else if ("all" in fact) fact.all.forEach((part) => this.#remember(part, now));
    else if ("any" in fact) fact.any.forEach((part) => this.#remember(part, now));
    else if ("not" in fact) this.#remember(fact.not, now);
  }

  #judge(fact: Fact, now: Scene): Finding {
    if ("task" in fact) {
      const found = holders(fact.task, now.processes, now);
      const { min = 0, max = Infinity } = fact.count ?? { min: 1 };
      return { holds: found.length >= min && found.length <= max, holders: found };
    }
    if ("seen" in fact) {
      const found = this.#seen.get(fact.seen);
      return found ? { holds: true, holders: found } : NOTHING;
    }
    if ("not" in fact) return { holds: !this.#judge(fact.not, now).holds, holders: [] };
    if ("any" in fact) return fact.any.map((part) => this.#judge(part, now)).find((part) => part.holds) ?? NOTHING;
    const parts = fact.all.map((part) => this.#judge(part, now));
    return { holds: parts.every((part) => part.holds), holders: parts.flatMap((part) => part.holders) };
  }
}

function holders(match: TaskMatch, tasks: Task[], now: Scene): number[] {
  return tasks.filter((task) => matches(match, task, now)).map((task) => task.address);
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
    if (pass.holds) {
      const alive = new Set(now.view.tasks.map((task) => task.address));
      const present = [...new Set(pass.holders)].filter((address) => alive.has(address));
      this.#verdict = { state: "passed", say: this.#check.say, holders: present };
    } else if (missed >= 0) this.#verdict = { state: "near-miss", say: this.#check.nearMisses[missed].say };
    else this.#verdict = { state: "not-yet" };
    return this.#verdict;
  }
}

/** The verdict after these pictures, oldest first; the first one is the step's beginning. */
export function judge(check: Check, history: Iterable<KernelView>, view: KernelView): Verdict {
  const watcher = new Watcher(check);
  const scenes = new Scenes();
  for (const earlier of history) watcher.feed(scenes.next(earlier));
  return watcher.feed(scenes.next(view));
}
