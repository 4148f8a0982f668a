import type { Change, TimelineBatch } from "../protocol/change";
import type { ObjectRef } from "../protocol/evidence";
import type { Block, Lesson, LessonProgress, Step, Verdict, ViewId } from "../protocol/lesson";
import type { KernelView } from "../protocol/view";
import { FactWatcher, find, Watcher, type Finding } from "./check";
import { Scenes, type Scene } from "./scene";

/** Changes kept until a picture comes. */
const MAX_CHANGES = 4096;
/** A step that is played to get to a later one passes within this time, or the way ends there. */
const REPLAY_SECONDS = 60;
/** A check's script ends within this time, or counts as failed; the other scripts within the other. */
const CHECK_SECONDS = 10;
const SCRIPT_SECONDS = 60;

/** What a checkpoint is of: the start of a step, or where a branch left the way. */
export type Slot = number | "branch";

/**
 * What the player asks of the page. The page carries effects out in the order given, one after the other.
 * Those with an `id` are answered by a `settled` event; the others need no answer.
 */
export type Effect =
  /** Make the machine what it is after it has booted. */
  | { kind: "fresh"; id: number }
  /** Make it what another lesson leaves: play that through, on a fresh machine. */
  | { kind: "play"; id: number; lesson: Lesson }
  /** Save the machine as it is now. */
  | { kind: "checkpoint"; id: number; slot: Slot }
  /** Put the machine back to what was saved. */
  | { kind: "restore"; id: number; slot: Slot }
  /** Run by the guest agent, as root, by `sh -e`; ended after `seconds`. */
  | {
      kind: "script";
      id: number;
      purpose: "start" | "setup" | "cleanup" | "check";
      step: number;
      script: string;
      seconds: number;
    }
  /** Settle after this time. */
  | { kind: "alarm"; id: number; seconds: number }
  /** Open a view, select an object, or both. */
  | { kind: "show"; view?: ViewId; object?: ObjectRef }
  /** Take a fresh picture and hand it in as a `view` event. */
  | { kind: "look" }
  /** Send to a terminal (from 1) as the keyboard would, and show that terminal. Lines end in "\r". */
  | { kind: "type"; terminal: number; text: string }
  /** Store the learner's progress. */
  | { kind: "progress"; progress: LessonProgress };

/** What the page tells the player. */
export type PlayerEvent =
  /** The machine runs: begin with the step the progress names, or the first. */
  | { kind: "start" }
  | { kind: "view"; view: KernelView }
  /** What happened before the next view. */
  | { kind: "changes"; batch: TimelineBatch }
  /** Run the command block at this index of the step's blocks. */
  | { kind: "run"; block: number }
  /** Type the step's solution; `stop` ends it early. */
  | { kind: "solve" }
  | { kind: "stop" }
  /** Open the next hint. */
  | { kind: "hint" }
  | { kind: "answer"; quiz: string; answer: number }
  | { kind: "next" }
  /** Show what the text points to, by its name. */
  | { kind: "look"; name: string }
  /** Go to any step: back to its checkpoint when there is one, else the steps before it are played for the learner. */
  | { kind: "go"; step: number }
  /** Try something beside the way: the step waits as it is until `return`. */
  | { kind: "branch" }
  | { kind: "return" }
  /** Back to the start of this step. */
  | { kind: "reset" }
  /** Back to the start of the lesson, with nothing passed. */
  | { kind: "restart" }
  | { kind: "settled"; id: number; ok: true }
  | { kind: "settled"; id: number; ok: false; why: string };

export type Phase =
  /** Before `start`. */
  | "waiting"
  /** Cleanup, setup or checkpoint under way. */
  | "preparing"
  | "playing"
  /** The solution is being typed. */
  | "solving"
  /** Going back to a checkpoint. */
  | "restoring"
  /** A step is played for the learner, who wants to get to a later one. */
  | "replaying"
  /** Beside the way: nothing counts until the return. */
  | "branch"
  | "finished";

/** All that the lesson pane draws. A new object after each event that changed something. */
export interface PlayerState {
  phase: Phase;
  /** Index into `lesson.steps`. */
  stepIndex: number;
  verdict: Verdict;
  /** Per step: passed at least once. */
  passed: boolean[];
  /** Per step: its start can be restored. */
  checkpoints: boolean[];
  /** How many of the step's hints are open. */
  hintsOpen: number;
  /** Answers tried, by quiz id, oldest first. */
  answers: Record<string, number[]>;
  /** While solving: the line being waited for, to be shown. */
  solveLine?: number;
  /** The step that the learner wants to get to, while those before it are played. */
  heading?: number;
  /** Which parts of the goal are there, and the objects they are. */
  goal?: Finding[];
  /** One sentence about something that did not work; gone at the next step. */
  notice?: string;
  canNext: boolean;
  canSolve: boolean;
  canReset: boolean;
  canHint: boolean;
  canBranch: boolean;
}

/** What the player needs of the world. */
export interface PlayerOptions {
  /** Milliseconds since 1970. */
  now: () => number;
  progress?: LessonProgress;
  /** The machine is already what the step of `progress` begins with. */
  prepared?: boolean;
  /** Nobody plays: the lesson is taken from its beginning to its end by its solutions, and nothing is kept of it. */
  through?: boolean;
}

/**
 * The course of one lesson, as a state machine: events in, effects out, and a state to draw. It touches neither page nor machine.
 *
 *     const player = new Player(lesson, { now: Date.now });
 *     for (const effect of player.handle({ kind: "start" })) carryOut(effect);
 */
export class Player {
  readonly lesson: Lesson;
  readonly #clock: () => number;
  readonly #prepared: boolean;
  readonly #through: boolean;
  #state: PlayerState;
  /** The pictures since the step began: a line may have done its work before the one that follows it. */
  #scenes = new Scenes();
  /** What happened since the last of them. */
  #changes: readonly Change[] = [];
  #watcher: Watcher | undefined;
  #goal: FactWatcher[] = [];
  /** The latest picture of the step. */
  #now: Scene | undefined;
  /** Groups of what the page's own scripts did. */
  readonly #scripted = new Set<number>();
  /** Something else happened since the check's script ran last. */
  #scriptDue = true;
  #solving: { next: number; until: FactWatcher | undefined } | undefined;
  #nextId = 1;
  /** Effects that must settle before the step is played, in order. */
  #pending = new Map<number, Effect & { id: number }>();

  constructor(lesson: Lesson, options: PlayerOptions) {
    this.lesson = lesson;
    this.#clock = options.now;
    this.#prepared = options.prepared ?? false;
    this.#through = options.through ?? false;
    const passed = lesson.steps.map((step) => options.progress?.passed.includes(step.id) ?? false);
    const resumed = lesson.steps.findIndex((step) => step.id === options.progress?.step);
    this.#state = this.#derive({
      phase: "waiting",
      stepIndex: Math.max(resumed, 0),
      verdict: { state: "not-yet" },
      passed,
      checkpoints: lesson.steps.map(() => false),
      hintsOpen: 0,
      answers: {},
      canNext: false,
      canSolve: false,
      canReset: false,
      canHint: false,
      canBranch: false,
    });
  }

  get state(): PlayerState {
    return this.#state;
  }

  get step(): Step {
    return this.lesson.steps[this.#state.stepIndex];
  }

  /** Takes an event in; answers with the effects to carry out. An event that makes no sense now changes nothing. */
  handle(event: PlayerEvent): Effect[] {
    switch (event.kind) {
      case "start":
        return this.#state.phase === "waiting" ? this.#start() : [];
      case "view":
        return this.#look(event.view);
      case "changes":
        this.#hear(event.batch);
        return [];
      case "run":
        return this.#run(this.step.blocks[event.block]);
      case "solve":
        return this.#solve();
      case "stop":
        return this.#stop();
      case "hint":
        if (this.#state.canHint) this.#set({ hintsOpen: this.#state.hintsOpen + 1 });
        return [];
      case "answer":
        return this.#answer(event.quiz, event.answer);
      case "next":
        return this.#next();
      case "look":
        return this.#point(event.name);
      case "go":
        return this.#go(event.step);
      case "branch":
        return this.#branch();
      case "return":
        return this.#return();
      case "reset":
        return this.#state.canReset ? this.#restore(this.#state.stepIndex) : [];
      case "restart":
        return this.#restart();
      case "settled":
        return this.#settle(event);
    }
  }

  /** The learner's progress, to store. */
  progress(): LessonProgress {
    return {
      lesson: this.lesson.id,
      version: this.lesson.version,
      step: this.step.id,
      passed: this.lesson.steps.filter((_, index) => this.#state.passed[index]).map((step) => step.id),
      finished: this.#state.phase === "finished",
      changedAt: this.#clock(),
    };
  }

  #set(change: Partial<PlayerState>): void {
    this.#state = this.#derive({ ...this.#state, ...change });
  }

  #derive(state: PlayerState): PlayerState {
    const step = this.lesson.steps[state.stepIndex];
    const active = state.phase === "playing" || state.phase === "solving";
    const branched = state.phase === "branch";
    // A step that asks for nothing is passed by reading it.
    const asksNothing = !step.check && quizzes(step).length === 0;
    return {
      ...state,
      canNext: active && (asksNothing || state.passed[state.stepIndex]),
      canSolve: state.phase === "playing" && step.solve.length > 0,
      canReset: (active || branched) && state.checkpoints[state.stepIndex],
      canHint: (active || branched) && state.hintsOpen < step.hints.length,
      canBranch: state.phase === "playing",
    };
  }

  /** The first step begins on a fresh machine, in the lesson's own state; a later one needs those before it. */
  #start(): Effect[] {
    const { stepIndex } = this.#state;
    // The step to get to is the one after the last.
    if (this.#through) this.#set({ heading: this.lesson.steps.length });
    if (this.#prepared) return this.#enter(stepIndex, [], { prepared: true });
    return stepIndex === 0 ? this.#enterFirst() : this.#replayTo(stepIndex);
  }

  #enterFirst(): Effect[] {
    const { start } = this.lesson;
    if (start && "after" in start) return this.#enter(0, [{ kind: "play", id: this.#nextId++, lesson: start.after }]);
    const first: Effect[] = [{ kind: "fresh", id: this.#nextId++ }];
    if (start)
      first.push({
        kind: "script",
        id: this.#nextId++,
        purpose: "start",
        step: 0,
        script: start.script,
        seconds: SCRIPT_SECONDS,
      });
    return this.#enter(0, first);
  }

  /** Begins a step from the machine as it is: `first`, then setup, unless that has been, then a checkpoint, then a look. */
  #enter(stepIndex: number, first: Effect[], { prepared = false } = {}): Effect[] {
    const { setup } = this.lesson.steps[stepIndex];
    this.#begin(stepIndex, "preparing");
    const effects = [...first];
    if (setup && !prepared)
      effects.push({
        kind: "script",
        id: this.#nextId++,
        purpose: "setup",
        step: stepIndex,
        script: setup,
        seconds: SCRIPT_SECONDS,
      });
    if (!this.#through) effects.push({ kind: "checkpoint", id: this.#nextId++, slot: stepIndex });
    effects.forEach((effect) => this.#expect(effect));
    if (effects.length === 0) return this.#arrive();
    return [...this.#record(), ...effects];
  }

  #restore(stepIndex: number): Effect[] {
    this.#begin(stepIndex, "restoring");
    const effect: Effect = { kind: "restore", id: this.#nextId++, slot: stepIndex };
    this.#expect(effect);
    return [...this.#record(), effect];
  }

  /** The place of a learner who is on the way to a step is that step. */
  #record(): Effect[] {
    return this.#state.heading === undefined ? [{ kind: "progress", progress: this.progress() }] : [];
  }

  #begin(stepIndex: number, phase: Phase): void {
    const { check } = this.lesson.steps[stepIndex];
    this.#scenes = new Scenes();
    this.#changes = [];
    this.#watcher = check && new Watcher(check);
    this.#goal = (this.lesson.steps[stepIndex].goal ?? []).map(({ fact }) => new FactWatcher(fact));
    this.#now = undefined;
    this.#scriptDue = true;
    this.#solving = undefined;
    // What is still under way belongs to the step that was left: its answer no longer matters.
    this.#pending.clear();
    this.#set({
      phase,
      stepIndex,
      verdict: { state: "not-yet" },
      hintsOpen: 0,
      solveLine: undefined,
      notice: undefined,
      goal: undefined,
    });
  }

  #expect(effect: Effect): void {
    if ("id" in effect) this.#pending.set(effect.id, effect);
  }

  #settle(event: Extract<PlayerEvent, { kind: "settled" }>): Effect[] {
    const effect = this.#pending.get(event.id);
    if (!effect) return [];
    this.#pending.delete(event.id);
    if (effect.kind === "alarm") return this.#arriveEarly("It took longer than a minute.");
    if (effect.kind === "script" && effect.purpose === "check") return this.#scriptEnded(event.ok);
    if (effect.kind === "checkpoint" && effect.slot !== "branch") {
      const checkpoints = [...this.#state.checkpoints];
      checkpoints[effect.slot] = event.ok;
      this.#set({ checkpoints });
    }
    if (!event.ok) this.#set({ notice: failure(effect, event.why) });
    if (this.#pending.size > 0) return [];
    const { phase } = this.#state;
    if (phase === "branch" && effect.kind === "checkpoint" && !event.ok) this.#set({ phase: "playing" });
    if (phase !== "preparing" && phase !== "restoring") return [];
    return this.#arrive();
  }

  /** The step is ready: it is the learner's, or one on the way to theirs. */
  #arrive(): Effect[] {
    const { heading, stepIndex } = this.#state;
    if (heading === undefined || heading === stepIndex) {
      const arrived = heading !== undefined;
      this.#set({ phase: "playing", heading: undefined });
      return [...(arrived ? this.#record() : []), { kind: "look" }];
    }
    if (!this.step.check && this.step.solve.length === 0) return this.#onward();
    this.#set({ phase: "replaying" });
    this.#solving = { next: 0, until: undefined };
    const alarm: Effect = { kind: "alarm", id: this.#nextId++, seconds: REPLAY_SECONDS };
    this.#expect(alarm);
    return [alarm, { kind: "look" }];
  }

  /** The way to a later step ends here. */
  #arriveEarly(why: string): Effect[] {
    if (this.#state.phase !== "replaying") return [];
    const wanted = (this.#state.heading ?? 0) + 1;
    this.#pending.clear();
    this.#solving = undefined;
    if (this.#through) {
      this.#set({ phase: "finished", notice: `It ended in the step “${this.step.title}”. ${why}` });
      return [];
    }
    this.#set({
      phase: "playing",
      heading: undefined,
      solveLine: undefined,
      notice: `The way to step ${wanted} ended in this step. ${why} Play it by hand, or try again.`,
    });
    return this.#state.verdict.state === "passed" ? this.#pass() : this.#record();
  }

  get #active(): boolean {
    return this.#state.phase === "playing" || this.#state.phase === "solving";
  }

  /** Pictures count. */
  get #watching(): boolean {
    return this.#active || this.#state.phase === "replaying";
  }

  #hear({ groups, events }: TimelineBatch): void {
    // A machine that was put back counts its groups anew.
    for (const { id, cause } of groups) {
      if (cause.by === "command") this.#scripted.add(id);
      else this.#scripted.delete(id);
    }
    if (!this.#watching) return;
    this.#changes = [...this.#changes, ...events.map(({ change }) => change)].slice(-MAX_CHANGES);
    if (events.some(({ group }) => !this.#scripted.has(group))) this.#scriptDue = true;
  }

  #look(view: KernelView): Effect[] {
    if (!this.#watching) return [];
    const now = this.#scenes.next(view, this.#changes);
    const begins = this.#now === undefined;
    this.#now = now;
    this.#changes = [];
    this.#tick(now);
    const effects = this.#judge(now);
    if (this.#state.phase === "replaying")
      effects.push(...(begins ? this.#typeOn() : this.#proceed(now)), ...this.#goOn());
    else effects.push(...this.#proceed(now));
    return effects;
  }

  /** Which parts of the goal are there. */
  #tick(now: Scene): void {
    if (this.#goal.length === 0) return;
    const goal = this.#goal.map((watcher) => watcher.feed(now));
    const before = this.#state.goal;
    if (before && goal.every((part, index) => sameFinding(part, before[index]))) return;
    this.#set({ goal });
  }

  #judge(now: Scene): Effect[] {
    if (!this.#watcher) return [];
    const effects = this.#judged(this.#watcher.feed(now));
    if (!this.#watcher.awaitsScript || !this.#scriptDue || this.#checking) return effects;
    this.#scriptDue = false;
    const check: Effect = {
      kind: "script",
      id: this.#nextId++,
      purpose: "check",
      step: this.#state.stepIndex,
      script: this.step.check!.script!.run,
      seconds: CHECK_SECONDS,
    };
    this.#expect(check);
    return [...effects, check];
  }

  get #checking(): boolean {
    return [...this.#pending.values()].some((effect) => effect.kind === "script" && effect.purpose === "check");
  }

  #scriptEnded(ok: boolean): Effect[] {
    if (!this.#watching || !this.#watcher) return [];
    const effects = this.#judged(this.#watcher.scriptEnded(ok));
    // What happened meanwhile may be what it missed.
    if (this.#scriptDue) effects.push({ kind: "look" });
    return this.#state.phase === "replaying" ? [...effects, ...this.#goOn()] : effects;
  }

  #judged(verdict: Verdict): Effect[] {
    const before = this.#state.verdict;
    if (verdict.state === before.state && (verdict.state === "not-yet" || say(verdict) === say(before))) return [];
    this.#set({ verdict });
    return verdict.state === "passed" && this.#state.phase !== "replaying" ? this.#pass() : [];
  }

  #pass(): Effect[] {
    const passed = [...this.#state.passed];
    passed[this.#state.stepIndex] = true;
    this.#set({ passed });
    return [{ kind: "progress", progress: this.progress() }];
  }

  #run(block: Block | undefined): Effect[] {
    const { phase } = this.#state;
    if (block?.kind !== "command" || (phase !== "playing" && phase !== "branch")) return [];
    return [typed(block)];
  }

  #solve(): Effect[] {
    if (!this.#state.canSolve) return [];
    this.#solving = { next: 0, until: undefined };
    this.#set({ phase: "solving" });
    return this.#typeOn();
  }

  #stop(): Effect[] {
    if (this.#state.phase === "replaying") return this.#arriveEarly("You stopped it.");
    if (this.#state.phase !== "solving") return [];
    this.#solving = undefined;
    this.#set({ phase: "playing", solveLine: undefined });
    return [];
  }

  /** Types lines up to and including the next one that must be waited for. */
  #typeOn(): Effect[] {
    const solving = this.#solving!;
    const effects: Effect[] = [];
    while (solving.next < this.step.solve.length) {
      const line = this.step.solve[solving.next];
      solving.next += 1;
      effects.push(typed(line));
      if (line.until) {
        solving.until = new FactWatcher(line.until);
        this.#set({ solveLine: solving.next - 1 });
        return [...effects, { kind: "look" }];
      }
    }
    this.#solving = undefined;
    this.#set({ phase: this.#state.phase === "solving" ? "playing" : this.#state.phase, solveLine: undefined });
    return effects;
  }

  /** On the way to a later step: everything is typed, and the step is passed. */
  #goOn(): Effect[] {
    const done = this.#solving === undefined && (!this.#watcher || this.#state.verdict.state === "passed");
    return done ? this.#onward() : [];
  }

  #onward(): Effect[] {
    const next = this.#state.stepIndex + 1;
    return next < this.lesson.steps.length ? this.#enter(next, this.#cleanup()) : this.#finish();
  }

  #finish(): Effect[] {
    const last = this.#cleanup();
    this.#begin(this.#state.stepIndex, "finished");
    last.forEach((effect) => this.#expect(effect));
    return [...this.#record(), ...last];
  }

  #proceed(now: Scene): Effect[] {
    if (!this.#solving?.until?.feed(now).holds) return [];
    this.#solving.until = undefined;
    return this.#typeOn();
  }

  #answer(quiz: string, answer: number): Effect[] {
    const block = quizzes(this.step).find((candidate) => candidate.id === quiz);
    if (!block?.answers[answer] || this.#state.phase === "waiting") return [];
    const tried = this.#state.answers[quiz] ?? [];
    if (tried.includes(answer)) return [];
    this.#set({ answers: { ...this.#state.answers, [quiz]: [...tried, answer] } });
    const solved = quizzes(this.step).every((each) =>
      (this.#state.answers[each.id] ?? []).some((index) => each.answers[index].right),
    );
    return solved && !this.step.check && !this.#state.passed[this.#state.stepIndex] ? this.#pass() : [];
  }

  #next(): Effect[] {
    if (!this.#state.canNext) return [];
    const { stepIndex } = this.#state;
    if (!this.#state.passed[stepIndex]) this.#pass();
    return this.#onward();
  }

  #cleanup(): Effect[] {
    const { cleanup } = this.step;
    const step = this.#state.stepIndex;
    return cleanup
      ? [{ kind: "script", id: this.#nextId++, purpose: "cleanup", step, script: cleanup, seconds: SCRIPT_SECONDS }]
      : [];
  }

  #point(name: string): Effect[] {
    const look = this.step.looks?.[name];
    if (!look) return [];
    const [object] = look.at && this.#now ? find(look.at, this.#now) : [];
    if (look.at && !object)
      this.#set({ notice: "That is not in the picture yet. It comes with the commands of this step." });
    else if (this.#state.notice) this.#set({ notice: undefined });
    return look.view || object ? [{ kind: "show", view: look.view, object }] : [];
  }

  #go(stepIndex: number): Effect[] {
    if (!this.lesson.steps[stepIndex] || this.#state.phase === "waiting") return [];
    this.#set({ heading: undefined });
    return this.#state.checkpoints[stepIndex] ? this.#restore(stepIndex) : this.#replayTo(stepIndex);
  }

  /** From the nearest start that is kept, or from the beginning, the steps before it are played. */
  #replayTo(stepIndex: number): Effect[] {
    const from = this.#state.checkpoints.lastIndexOf(true, stepIndex);
    this.#set({ heading: stepIndex });
    return from >= 0 ? this.#restore(from) : this.#enterFirst();
  }

  #branch(): Effect[] {
    if (!this.#state.canBranch) return [];
    this.#set({ phase: "branch", notice: undefined });
    const effect: Effect = { kind: "checkpoint", id: this.#nextId++, slot: "branch" };
    this.#expect(effect);
    return [effect];
  }

  // The watchers slept meanwhile, and the machine is what they saw last: they go on as if nothing had been.
  #return(): Effect[] {
    if (this.#state.phase !== "branch") return [];
    this.#pending.clear();
    this.#set({ phase: "restoring", notice: undefined });
    const effect: Effect = { kind: "restore", id: this.#nextId++, slot: "branch" };
    this.#expect(effect);
    return [effect];
  }

  #restart(): Effect[] {
    if (this.#state.phase === "waiting") return [];
    this.#set({ passed: this.lesson.steps.map(() => false), answers: {} });
    return this.#go(0);
  }
}

/** The answer to an effect: it was carried out, or why it was not. */
export function settled(id: number, why?: string): Extract<PlayerEvent, { kind: "settled" }> {
  return why === undefined ? { kind: "settled", id, ok: true } : { kind: "settled", id, ok: false, why };
}

function sameFinding(a: Finding, b: Finding): boolean {
  const same = (one: ObjectRef, other: ObjectRef): boolean =>
    one.object === other.object && one.address === other.address;
  return (
    a.holds === b.holds &&
    a.holders.length === b.holders.length &&
    a.holders.every((holder, index) => same(holder, b.holders[index]))
  );
}

function quizzes(step: Step): Extract<Block, { kind: "quiz" }>[] {
  return step.blocks.filter((block) => block.kind === "quiz");
}

function say(verdict: Verdict): string | undefined {
  return verdict.state === "not-yet" ? undefined : verdict.say;
}

function typed({ terminal, code }: { terminal: number; code: string }): Effect {
  return { kind: "type", terminal, text: `${code.replace(/\n+$/, "").replaceAll("\n", "\r")}\r` };
}

function failure(effect: Effect & { id: number }, why: string): string {
  switch (effect.kind) {
    case "checkpoint":
      return `This step's start could not be kept (${why}). You can play on; going back to it will not be possible.`;
    case "restore":
      return `The machine could not be put back (${why}). It goes on as it was; try again, or reset the machine.`;
    case "fresh":
      return `The machine could not be started anew (${why}). It goes on as it was; reset it, then start this lesson again.`;
    case "play":
      return `The lesson “${effect.lesson.title}”, after which this one begins, did not get to its end (${why}). The machine is as it was left; start this lesson again to try once more.`;
    case "script":
      return effect.purpose === "setup" || effect.purpose === "start"
        ? `Preparing this step failed (${why}). The machine is as it was left; reset the machine and come back if the step does not work.`
        : `Tidying up after the step before failed (${why}). Something of it may still be in the picture.`;
    default:
      return why;
  }
}
