import type { Block, Lesson, LessonProgress, Step, Verdict } from "../protocol/lesson";
import type { KernelView } from "../protocol/view";
import { FactWatcher, Watcher } from "./check";
import { Scenes, type Scene } from "./scene";

/**
 * What the player asks of the page. The page carries effects out in the order given, one after the other.
 * Those with an `id` are answered by a `settled` event; the others need no answer.
 */
export type Effect =
  /** Save the machine as the start of this step. */
  | { kind: "checkpoint"; id: number; step: number }
  /** Put the machine back to the start of this step. */
  | { kind: "restore"; id: number; step: number }
  /** Run by the guest agent, as root, by `sh -e`. */
  | { kind: "script"; id: number; purpose: "setup" | "cleanup"; step: number; script: string }
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
  /** Run the command block at this index of the step's blocks. */
  | { kind: "run"; block: number }
  /** Type the step's solution; `stop` ends it early. */
  | { kind: "solve" }
  | { kind: "stop" }
  /** Open the next hint. */
  | { kind: "hint" }
  | { kind: "answer"; quiz: string; answer: number }
  | { kind: "next" }
  /** Go to any step: back to its checkpoint when there is one, else from the machine as it is. */
  | { kind: "go"; step: number }
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
  /** One sentence about something that did not work; gone at the next step. */
  notice?: string;
  canNext: boolean;
  canSolve: boolean;
  canReset: boolean;
  canHint: boolean;
}

/** What the player needs of the world. */
export interface PlayerOptions {
  /** Milliseconds since 1970. */
  now: () => number;
  progress?: LessonProgress;
}

/**
 * The course of one lesson, as a state machine: events in, effects out, and a state to draw. It touches neither page nor machine.
 *
 *     const player = new Player(lesson, { now: Date.now });
 *     for (const effect of player.handle({ kind: "start" })) carryOut(effect);
 */
export class Player {
  readonly lesson: Lesson;
  readonly #now: () => number;
  #state: PlayerState;
  /** The pictures since the step began: a line may have done its work before the one that follows it. */
  #scenes = new Scenes();
  #watcher: Watcher | undefined;
  #solving: { next: number; until: FactWatcher | undefined } | undefined;
  #nextId = 1;
  /** Effects that must settle before the step is played, in order. */
  #pending = new Map<number, Effect & { id: number }>();

  constructor(lesson: Lesson, options: PlayerOptions) {
    this.lesson = lesson;
    this.#now = options.now;
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
        return this.#state.phase === "waiting" ? this.#enter(this.#state.stepIndex, []) : [];
      case "view":
        return this.#look(event.view);
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
      case "go":
        return this.#go(event.step);
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
      changedAt: this.#now(),
    };
  }

  #set(change: Partial<PlayerState>): void {
    this.#state = this.#derive({ ...this.#state, ...change });
  }

  #derive(state: PlayerState): PlayerState {
    const step = this.lesson.steps[state.stepIndex];
    const active = state.phase === "playing" || state.phase === "solving";
    // A step that asks for nothing is passed by reading it.
    const asksNothing = !step.check && quizzes(step).length === 0;
    return {
      ...state,
      canNext: active && (asksNothing || state.passed[state.stepIndex]),
      canSolve: state.phase === "playing" && step.solve.length > 0,
      canReset: active && state.checkpoints[state.stepIndex],
      canHint: active && state.hintsOpen < step.hints.length,
    };
  }

  /** Begins a step from the machine as it is: `first`, then setup, then a checkpoint, then a look. */
  #enter(stepIndex: number, first: Effect[]): Effect[] {
    const { setup } = this.lesson.steps[stepIndex];
    this.#begin(stepIndex, "preparing");
    const effects = [...first];
    if (setup) effects.push({ kind: "script", id: this.#nextId++, purpose: "setup", step: stepIndex, script: setup });
    effects.push({ kind: "checkpoint", id: this.#nextId++, step: stepIndex });
    effects.forEach((effect) => this.#expect(effect));
    return [{ kind: "progress", progress: this.progress() }, ...effects];
  }

  #restore(stepIndex: number): Effect[] {
    this.#begin(stepIndex, "restoring");
    const effect: Effect = { kind: "restore", id: this.#nextId++, step: stepIndex };
    this.#expect(effect);
    return [{ kind: "progress", progress: this.progress() }, effect];
  }

  #begin(stepIndex: number, phase: Phase): void {
    const { check } = this.lesson.steps[stepIndex];
    this.#scenes = new Scenes();
    this.#watcher = check && new Watcher(check);
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
    });
  }

  #expect(effect: Effect): void {
    if ("id" in effect) this.#pending.set(effect.id, effect);
  }

  #settle(event: Extract<PlayerEvent, { kind: "settled" }>): Effect[] {
    const effect = this.#pending.get(event.id);
    if (!effect) return [];
    this.#pending.delete(event.id);
    if (effect.kind === "checkpoint") {
      const checkpoints = [...this.#state.checkpoints];
      checkpoints[effect.step] = event.ok;
      this.#set({ checkpoints });
    }
    if (!event.ok) this.#set({ notice: failure(effect, event.why) });
    if (this.#pending.size > 0) return [];
    if (this.#state.phase !== "preparing" && this.#state.phase !== "restoring") return [];
    this.#set({ phase: "playing" });
    return [{ kind: "look" }];
  }

  #look(view: KernelView): Effect[] {
    const { phase } = this.#state;
    if (phase !== "playing" && phase !== "solving") return [];
    const now = this.#scenes.next(view);
    return [...this.#judge(now), ...this.#proceed(now)];
  }

  #judge(now: Scene): Effect[] {
    if (!this.#watcher) return [];
    const verdict = this.#watcher.feed(now);
    const before = this.#state.verdict;
    if (verdict.state === before.state && (verdict.state === "not-yet" || say(verdict) === say(before))) return [];
    this.#set({ verdict });
    return verdict.state === "passed" ? this.#pass() : [];
  }

  #pass(): Effect[] {
    const passed = [...this.#state.passed];
    passed[this.#state.stepIndex] = true;
    this.#set({ passed });
    return [{ kind: "progress", progress: this.progress() }];
  }

  #run(block: Block | undefined): Effect[] {
    if (block?.kind !== "command" || this.#state.phase !== "playing") return [];
    return [typed(block)];
  }

  #solve(): Effect[] {
    if (!this.#state.canSolve) return [];
    this.#solving = { next: 0, until: undefined };
    this.#set({ phase: "solving" });
    return this.#typeOn();
  }

  #stop(): Effect[] {
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
    this.#stop();
    return effects;
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
    const { cleanup } = this.step;
    const first: Effect[] = cleanup
      ? [{ kind: "script", id: this.#nextId++, purpose: "cleanup", step: stepIndex, script: cleanup }]
      : [];
    if (stepIndex + 1 < this.lesson.steps.length) return this.#enter(stepIndex + 1, first);
    this.#begin(stepIndex, "finished");
    first.forEach((effect) => this.#expect(effect));
    return [{ kind: "progress", progress: this.progress() }, ...first];
  }

  #go(stepIndex: number): Effect[] {
    if (!this.lesson.steps[stepIndex] || this.#state.phase === "waiting") return [];
    return this.#state.checkpoints[stepIndex] ? this.#restore(stepIndex) : this.#enter(stepIndex, []);
  }

  #restart(): Effect[] {
    if (this.#state.phase === "waiting") return [];
    this.#set({ passed: this.lesson.steps.map(() => false), answers: {} });
    return this.#go(0);
  }
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
    case "script":
      return effect.purpose === "setup"
        ? `Preparing this step failed (${why}). The machine is as it was left; reset the machine and come back if the step does not work.`
        : `Tidying up after the step before failed (${why}). Something of it may still be in the picture.`;
    default:
      return why;
  }
}
