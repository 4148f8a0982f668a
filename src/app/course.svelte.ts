import type { Lesson, LessonProgress } from "../protocol/lesson";
import type { Outcome, SavedState } from "../protocol/machine";
import type { KernelView } from "../protocol/view";
import { Player, type Effect, type PlayerEvent, type PlayerState } from "../lesson/player";
import type { MachineControl } from "./machine-control.svelte";
import type { Place } from "./location";

/** What a lesson asks of the rest of the page. */
export interface CourseHost {
  machine: MachineControl;
  /** Sends text to a terminal (from 0) as the keyboard would, and shows that terminal. */
  typeInto(terminal: number, text: string): void;
  storeProgress(progress: LessonProgress): void;
  /** The machine at the start of a step was taken. */
  oncheckpoint(state: SavedState, place: Required<Place>): void;
}

/** One lesson as it is played: carries out what the player asks, in order, and holds what the pane draws. */
export class Course {
  readonly lesson: Lesson;
  state = $state.raw<PlayerState>() as PlayerState;

  readonly #player: Player;
  readonly #host: CourseHost;
  /** Starts of steps by index; "fresh" is the machine as it comes up, which needs no saving. */
  readonly #checkpoints = new Map<number, SavedState | "fresh">();
  #queue: Promise<void> = Promise.resolve();
  /** The machine was restored in the middle of this step: it is prepared already. */
  #preparedStep: number | undefined;
  #closed = false;

  constructor(lesson: Lesson, host: CourseHost, options: { progress?: LessonProgress; prepared?: boolean } = {}) {
    this.lesson = lesson;
    this.#host = host;
    this.#player = new Player(lesson, { now: Date.now, progress: options.progress });
    this.state = this.#player.state;
    if (options.prepared) this.#preparedStep = this.state.stepIndex;
  }

  get step() {
    return this.lesson.steps[this.state.stepIndex];
  }

  /** Hands an event to the player and carries out what it answers. */
  send = (event: PlayerEvent): void => {
    if (this.#closed) return;
    const effects = this.#player.handle(event);
    if (this.state !== this.#player.state) this.state = this.#player.state;
    for (const effect of effects) {
      this.#queue = this.#queue.then(() => this.#carryOut(effect)).catch((error: unknown) => console.error(error));
    }
  };

  onview(view: KernelView): void {
    this.send({ kind: "view", view });
  }

  /** Leaves the lesson; what is still under way no longer matters. */
  close(): void {
    this.#closed = true;
    this.#checkpoints.clear();
  }

  async #carryOut(effect: Effect): Promise<void> {
    if (this.#closed) return;
    const { machine } = this.#host;
    switch (effect.kind) {
      case "progress":
        return this.#host.storeProgress(effect.progress);
      case "type":
        return this.#host.typeInto(effect.terminal - 1, effect.text);
      case "look": {
        const view = await machine.view();
        if (view.ok) this.onview(view.value);
        return;
      }
      case "checkpoint": {
        if (machine.fresh) {
          this.#checkpoints.set(effect.step, "fresh");
          return this.send({ kind: "settled", id: effect.id, ok: true });
        }
        const saved = await machine.save();
        if (saved.ok) {
          this.#checkpoints.set(effect.step, saved.value);
          this.#host.oncheckpoint(saved.value, { lesson: this.lesson.id, step: this.lesson.steps[effect.step].id });
        }
        return this.#settle(effect.id, saved);
      }
      case "restore": {
        const state = this.#checkpoints.get(effect.step);
        if (!state) return this.send({ kind: "settled", id: effect.id, ok: false, why: "it was not kept" });
        return this.#settle(effect.id, state === "fresh" ? await machine.reset() : await machine.restore(state));
      }
      case "script": {
        if (effect.purpose === "setup" && effect.step === this.#preparedStep) {
          this.#preparedStep = undefined;
          return this.send({ kind: "settled", id: effect.id, ok: true });
        }
        const ran = await machine.run({ argv: ["sh", "-e", "-c", effect.script] });
        if (!ran.ok) return this.#settle(effect.id, ran);
        const done = "exitCode" in ran.value && ran.value.exitCode === 0;
        if (done) return this.send({ kind: "settled", id: effect.id, ok: true });
        const said = new TextDecoder().decode(ran.value.stderr).trim().slice(-200);
        const how = "exitCode" in ran.value ? `exit code ${ran.value.exitCode}` : `signal ${ran.value.signal}`;
        return this.send({ kind: "settled", id: effect.id, ok: false, why: said ? `${how}: ${said}` : how });
      }
    }
  }

  #settle(id: number, outcome: Outcome<unknown>): void {
    if (outcome.ok) this.send({ kind: "settled", id, ok: true });
    else this.send({ kind: "settled", id, ok: false, why: outcome.failure.what.replace(/\.$/, "") });
  }
}
