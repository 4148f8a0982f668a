import type { Lesson } from "../protocol/lesson";
import { Player, type Effect, type PlayerEvent } from "./player";

/** Carries an effect out; what the effect is answered with goes to `send`. */
export type CarryOut = (effect: Effect, send: (event: PlayerEvent) => void) => Promise<void>;

/** A lesson that is played through for another one, which begins where it ends. */
export class Rehearsal {
  readonly #player: Player;
  readonly #carryOut: CarryOut;
  #queue: Promise<void> = Promise.resolve();
  /** Effects that are not carried out yet. */
  #waiting = 0;
  #end: ((why?: string) => void) | undefined;

  constructor(lesson: Lesson, carryOut: CarryOut) {
    this.#player = new Player(lesson, { now: Date.now, through: true });
    this.#carryOut = carryOut;
  }

  /** Resolves at its end; to a sentence that says why, when it did not get there. */
  play(): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#end = resolve;
      this.send({ kind: "start" });
    });
  }

  /** What happens on the machine meanwhile is to be sent here. */
  send = (event: PlayerEvent): void => {
    for (const effect of this.#player.handle(event)) {
      this.#waiting++;
      this.#queue = this.#queue
        .then(() => this.#carryOut(effect, this.send))
        .catch((error: unknown) => this.#end?.(String(error)))
        .finally(() => {
          this.#waiting--;
          this.#conclude();
        });
    }
    this.#conclude();
  };

  #conclude(): void {
    const { phase, notice } = this.#player.state;
    if (phase === "finished" && this.#waiting === 0) this.#end?.(notice);
  }
}
