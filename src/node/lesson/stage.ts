import { Rehearsal } from "../../lesson/rehearsal";
import { scriptFailure, scriptRequest } from "../../lesson/script";
import { FactWatcher } from "../../lesson/check";
import { Checkpoints } from "../../machine/checkpoints";
import { Player, settled, type Effect, type PlayerEvent, type PlayerState, type Slot } from "../../lesson/player";
import { Scenes } from "../../lesson/scene";
import type { Machine } from "../../machine/machine";
import { bootWorld } from "../world";
import type { TimelineBatch } from "../../protocol/change";
import type { Fact, Lesson, Step, TypedLine } from "../../protocol/lesson";
import type { Outcome, SavedState } from "../../protocol/machine";
import type { KernelView } from "../../protocol/view";

/** A machine without a page, on which lessons are played: it carries out what the player asks, as the page does. */
export class Stage {
  readonly machine: Machine;
  #player: Player | undefined;
  #queue: Promise<void> = Promise.resolve();
  #listeners = new Set<(view?: KernelView) => void>();
  #checkpoints = new Checkpoints<Slot>();
  /** Lessons that are played for the one to begin after them, the innermost last. */
  readonly #rehearsals: Rehearsal[] = [];
  /** Where the last of them ended. */
  #end: { lesson: Lesson; state: SavedState } | undefined;
  #screen = ["", "", ""];
  /** The machine is not as it booted any more. */
  #used = false;
  /** Where the lesson pointed, oldest first. */
  shown: Extract<Effect, { kind: "show" }>[] = [];

  private constructor(machine: Machine) {
    this.machine = machine;
  }

  /** @param registry folder of the library's images, built first if need be */
  static async open(manifest: string, registry: () => Promise<string>): Promise<Stage> {
    const stage: { current?: Stage } = {};
    const machine = await bootWorld({
      manifest,
      registry,
      events: {
        onview: (view) => void stage.current?.onview(view),
        onchanges: (batch) => void stage.current?.onchanges(batch),
        onrestored: () => void stage.current?.onrestored(),
        onterminal: (terminal, bytes) => void stage.current?.onterminal(terminal, bytes),
      },
    });
    stage.current = new Stage(machine);
    return stage.current;
  }

  /** Ends the lesson, and then the machine. */
  async close(): Promise<void> {
    this.#player = undefined;
    await this.#queue;
    await this.machine.stop();
  }

  /** What terminals have shown of late, for the message of a test that failed. */
  get screens(): string {
    return this.#screen.map((text, index) => `--- terminal ${index + 1}\n${text}`).join("\n");
  }

  /** Bytes that the starts of steps take. */
  get checkpointBytes(): number {
    return this.#checkpoints.sizeBytes;
  }

  /** The step that is played. */
  get step(): Step {
    return this.#player!.step;
  }

  get state(): PlayerState {
    return this.#player!.state;
  }

  /** Begins a lesson on a fresh machine; resolves when its first step, or that of the id `step`, is prepared. */
  async begin(lesson: Lesson, step = lesson.steps[0].id): Promise<void> {
    this.#checkpoints.clear();
    const { id, version } = lesson;
    const progress = { lesson: id, version, step, passed: [], finished: false, changedAt: 0 };
    this.#player = new Player(lesson, { now: () => Date.now(), progress });
    this.send({ kind: "start" });
    await this.until((state) => state.phase === "playing");
  }

  send(event: PlayerEvent): void {
    for (const effect of this.#player?.handle(event) ?? [])
      this.#queue = this.#queue.then(() => this.#carryOut(effect));
    for (const listener of this.#listeners) listener();
  }

  /** Resolves when the player's state is so. Waits for events, never for time: the test's time limit ends it. */
  until(holds: (state: PlayerState) => boolean): Promise<void> {
    return this.#wait(() => holds(this.state));
  }

  /** Resolves when the effects asked for so far were carried out and one more picture was judged. */
  async settle(): Promise<void> {
    await this.#queue;
    await this.#look();
  }

  /** Presses the run button of a command block; resolves when the shell of its terminal asks for the next command. */
  async run(block: number): Promise<void> {
    const { blocks } = this.#player!.step;
    const command = blocks[block];
    if (command.kind !== "command") throw new Error(`block ${block} is no command`);
    const terminal = command.terminal - 1;
    this.#screen[terminal] = "";
    this.send({ kind: "run", block });
    await this.#wait(() => /\n[^\n]*# $/.test(this.#screen[terminal]));
  }

  /** Types lines as a learner would, waiting where a line says so. */
  async type(lines: TypedLine[]): Promise<void> {
    for (const { terminal, code, until } of lines) {
      await this.#carryOut({ kind: "type", terminal, text: `${code.replaceAll("\n", "\r")}\r` });
      if (until) await this.holds(until);
    }
  }

  /** Resolves when the fact holds in a picture from now on. */
  holds(fact: Fact): Promise<void> {
    const watcher = new FactWatcher(fact);
    const scenes = new Scenes();
    const done = this.#wait((view) => view !== undefined && watcher.feed(scenes.next(view)).holds);
    return this.#look().then(() => done);
  }

  #wait(holds: (view?: KernelView) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const listener = (view?: KernelView): void => {
        if (!holds(view)) return;
        this.#listeners.delete(listener);
        resolve();
      };
      this.#listeners.add(listener);
      listener();
    });
  }

  private onterminal(terminal: number, bytes: Uint8Array): void {
    this.#screen[terminal] = (this.#screen[terminal] + new TextDecoder().decode(bytes)).slice(-1500);
    void this.machine.acknowledge(terminal, bytes.length);
    for (const listener of this.#listeners) listener();
  }

  private onrestored(): void {
    this.#screen.fill("");
  }

  private onchanges(batch: TimelineBatch): void {
    this.#hear({ kind: "changes", batch });
  }

  private onview(view: KernelView): void {
    this.#hear({ kind: "view", view });
    for (const listener of this.#listeners) listener(view);
  }

  /** What happens on the machine is for whoever plays: the lesson, or one that is played for it. */
  #hear(event: PlayerEvent): void {
    const rehearsal = this.#rehearsals.at(-1);
    if (rehearsal) rehearsal.send(event);
    else if (this.#player) this.send(event);
  }

  async #look(): Promise<void> {
    this.onview(must(await this.machine.view()));
  }

  async #carryOut(effect: Effect, send: (event: PlayerEvent) => void = (event) => this.send(event)): Promise<void> {
    switch (effect.kind) {
      case "progress":
        return;
      case "look":
        return this.#look();
      case "type":
        return this.machine.type(effect.terminal - 1, new TextEncoder().encode(effect.text));
      case "show":
        this.shown.push(effect);
        return;
      case "alarm":
        setTimeout(() => send({ kind: "settled", id: effect.id, ok: true }), effect.seconds * 1000).unref();
        return;
      case "fresh":
        if (this.#used) must(await this.machine.reset());
        this.#used = true;
        return send({ kind: "settled", id: effect.id, ok: true });
      case "play": {
        const { lesson } = effect;
        if (this.#end?.lesson === lesson) must(await this.machine.restore(this.#end.state));
        else {
          const rehearsal = new Rehearsal(lesson, (each, answer) => this.#carryOut(each, answer));
          this.#rehearsals.push(rehearsal);
          const why = await rehearsal.play();
          this.#rehearsals.pop();
          if (why !== undefined) return send(settled(effect.id, why));
          this.#end = { lesson, state: must(await this.machine.save()) };
        }
        return send(settled(effect.id));
      }
      case "checkpoint":
        this.#checkpoints.keep(effect.slot, must(await this.machine.save()));
        return send({ kind: "settled", id: effect.id, ok: true });
      case "restore":
        must(await this.machine.restore(this.#checkpoints.get(effect.slot)!));
        return send({ kind: "settled", id: effect.id, ok: true });
      case "script": {
        return send(settled(effect.id, scriptFailure(must(await this.machine.run(scriptRequest(effect))))));
      }
    }
  }
}

function must<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(outcome.failure.what);
  return outcome.value;
}
