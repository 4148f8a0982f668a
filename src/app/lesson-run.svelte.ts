import type { TimelineBatch } from "../protocol/change";
import type { ObjectRef } from "../protocol/evidence";
import type { Lesson, LessonProgress, ViewId } from "../protocol/lesson";
import type { Outcome, SavedState } from "../protocol/machine";
import type { KernelView } from "../protocol/view";
import { Checkpoints } from "../machine/checkpoints";
import { Player, settled, type Effect, type PlayerEvent, type PlayerState, type Slot } from "../lesson/player";
import { Rehearsal } from "../lesson/rehearsal";
import { scriptFailure, scriptRequest } from "../lesson/script";
import type { MachineControl } from "./machine-control.svelte";
import type { Place } from "./location";

/** What a lesson asks of the rest of the page. */
export interface LessonHost {
  machine: MachineControl;
  /**
   * Sends text to a terminal (from 0) as the keyboard would, and shows that terminal. `aside`: a step is played on the way to
   * another; what the learner looks at stays.
   */
  typeInto(terminal: number, text: string, aside: boolean): void;
  storeProgress(progress: LessonProgress): void;
  /** Opens a view, selects an object, or both. */
  show(view: ViewId | undefined, object: ObjectRef | undefined): void;
  /** The machine at the start of a step was taken. */
  oncheckpoint(run: LessonRun, state: SavedState, place: Required<Place>): void;
}

type Send = (event: PlayerEvent) => void;

/** One lesson as it is played: carries out what the player asks, in order, and holds what the pane draws. */
export class LessonRun {
  readonly lesson: Lesson;
  state = $state.raw<PlayerState>() as PlayerState;

  readonly #player: Player;
  readonly #host: LessonHost;
  /** Starts of steps, and of the branch. */
  readonly #checkpoints = new Checkpoints<Slot>();
  /** Those that are the machine as it comes up, which needs no saving. */
  readonly #fresh = new Set<Slot>();
  /** Lessons that are played for this one to begin after them, the innermost last. */
  readonly #rehearsals: Rehearsal[] = [];
  #queue: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(lesson: Lesson, host: LessonHost, options: { progress?: LessonProgress; prepared?: boolean } = {}) {
    this.lesson = lesson;
    this.#host = host;
    this.#player = new Player(lesson, { now: Date.now, ...options });
    this.state = this.#player.state;
  }

  get step() {
    return this.lesson.steps[this.state.stepIndex];
  }

  /** Bytes that the starts of steps take in memory. */
  get checkpointBytes(): number {
    return this.#checkpoints.sizeBytes;
  }

  progress(): LessonProgress {
    return this.#player.progress();
  }

  /** Hands an event to the player and carries out what it answers. */
  send = (event: PlayerEvent): void => {
    if (this.#closed) return;
    const effects = this.#player.handle(event);
    if (this.state !== this.#player.state) this.state = this.#player.state;
    for (const effect of effects) {
      this.#queue = this.#queue
        .then(() => this.#carryOut(effect, this.send))
        .catch((error: unknown) => console.error(error));
    }
  };

  onview(view: KernelView): void {
    this.#hear({ kind: "view", view });
  }

  /** What happened before the picture that comes next. */
  onchanges(batch: TimelineBatch): void {
    this.#hear({ kind: "changes", batch });
  }

  /** What happens on the machine is for whoever plays: this lesson, or one that is played for it. */
  #hear(event: PlayerEvent): void {
    (this.#rehearsals.at(-1)?.send ?? this.send)(event);
  }

  /** Leaves the lesson; what is still under way no longer matters. */
  close(): void {
    this.#closed = true;
    this.#checkpoints.clear();
  }

  async #carryOut(effect: Effect, send: Send): Promise<void> {
    if (this.#closed) return;
    const { machine } = this.#host;
    const aside = send !== this.send || this.state.heading !== undefined;
    switch (effect.kind) {
      case "progress":
        return this.#host.storeProgress(effect.progress);
      case "type":
        return this.#host.typeInto(effect.terminal - 1, effect.text, aside);
      case "look": {
        const view = await machine.view();
        if (view.ok) send({ kind: "view", view: view.value });
        return;
      }
      case "show":
        return this.#host.show(effect.view, effect.object);
      case "alarm":
        setTimeout(() => send({ kind: "settled", id: effect.id, ok: true }), effect.seconds * 1000);
        return;
      case "fresh":
        return this.#settle(send, effect.id, machine.fresh ? { ok: true, value: undefined } : await machine.reset());
      case "play": {
        const rehearsal = new Rehearsal(effect.lesson, (each, answer) => this.#carryOut(each, answer));
        this.#rehearsals.push(rehearsal);
        const why = await rehearsal.play();
        this.#rehearsals.pop();
        return send(settled(effect.id, why));
      }
      case "checkpoint": {
        if (machine.fresh) {
          this.#fresh.add(effect.slot);
          this.#checkpoints.forget(effect.slot);
          return send({ kind: "settled", id: effect.id, ok: true });
        }
        const saved = await machine.save();
        if (saved.ok) {
          this.#fresh.delete(effect.slot);
          this.#checkpoints.keep(effect.slot, saved.value);
          if (effect.slot !== "branch") {
            const step = this.lesson.steps[effect.slot].id;
            this.#host.oncheckpoint(this, saved.value, { lesson: this.lesson.id, step });
          }
        }
        return this.#settle(send, effect.id, saved);
      }
      case "restore": {
        if (this.#fresh.has(effect.slot)) return this.#settle(send, effect.id, await machine.reset());
        const state = this.#checkpoints.get(effect.slot);
        if (!state) return send({ kind: "settled", id: effect.id, ok: false, why: "it was not kept" });
        return this.#settle(send, effect.id, await machine.restore(state));
      }
      case "script": {
        const ran = await machine.run(scriptRequest(effect));
        if (!ran.ok) return this.#settle(send, effect.id, ran);
        return send(settled(effect.id, scriptFailure(ran.value)));
      }
    }
  }

  #settle(send: Send, id: number, outcome: Outcome<unknown>): void {
    send(settled(id, outcome.ok ? undefined : outcome.failure.what.replace(/\.$/, "")));
  }
}
