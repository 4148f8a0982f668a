import { FactWatcher } from "../../src/lesson/check";
import { Player, type Effect, type PlayerEvent, type PlayerState } from "../../src/lesson/player";
import { Scenes } from "../../src/lesson/scene";
import type { Machine } from "../../src/machine/machine";
import { bootMachine } from "../../src/node/machine";
import type { Fact, Lesson, TypedLine } from "../../src/protocol/lesson";
import type { Outcome, SavedState } from "../../src/protocol/machine";
import type { KernelView } from "../../src/protocol/view";

/** A machine without a page, on which lessons are played: it carries out what the player asks, as the page does. */
export class Stage {
  readonly machine: Machine;
  #player: Player | undefined;
  #queue: Promise<void> = Promise.resolve();
  #listeners = new Set<(view?: KernelView) => void>();
  #checkpoints = new Map<number, SavedState>();
  #screen = ["", "", ""];

  private constructor(machine: Machine) {
    this.machine = machine;
  }

  static async open(manifest: string): Promise<Stage> {
    const stage: { current?: Stage } = {};
    const machine = await bootMachine({
      manifest,
      events: {
        onview: (view) => void stage.current?.onview(view),
        onrestored: () => void stage.current?.onrestored(),
        onterminal: (terminal, bytes) => void stage.current?.onterminal(terminal, bytes),
      },
    });
    stage.current = new Stage(machine);
    return stage.current;
  }

  close(): Promise<void> {
    return this.machine.stop();
  }

  /** What terminals have shown of late, for the message of a test that failed. */
  get screens(): string {
    return this.#screen.map((text, index) => `--- terminal ${index + 1}\n${text}`).join("\n");
  }

  get state(): PlayerState {
    return this.#player!.state;
  }

  /** Begins a lesson; resolves when its first step is prepared. */
  async begin(lesson: Lesson): Promise<void> {
    this.#checkpoints.clear();
    this.#player = new Player(lesson, { now: () => Date.now() });
    this.send({ kind: "start" });
    await this.until((state) => state.phase === "playing");
  }

  send(event: PlayerEvent): void {
    for (const effect of this.#player!.handle(event)) this.#queue = this.#queue.then(() => this.#carryOut(effect));
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

  private onview(view: KernelView): void {
    if (this.#player) this.send({ kind: "view", view });
    for (const listener of this.#listeners) listener(view);
  }

  async #look(): Promise<void> {
    this.onview(must(await this.machine.view()));
  }

  async #carryOut(effect: Effect): Promise<void> {
    switch (effect.kind) {
      case "progress":
        return;
      case "look":
        return this.#look();
      case "type":
        return this.machine.type(effect.terminal - 1, new TextEncoder().encode(effect.text));
      case "checkpoint":
        this.#checkpoints.set(effect.step, must(await this.machine.save()));
        return this.send({ kind: "settled", id: effect.id, ok: true });
      case "restore":
        must(await this.machine.restore(this.#checkpoints.get(effect.step)!));
        return this.send({ kind: "settled", id: effect.id, ok: true });
      case "script": {
        const result = must(await this.machine.run({ argv: ["sh", "-e", "-c", effect.script] }));
        if ("exitCode" in result && result.exitCode === 0) return this.send({ kind: "settled", id: effect.id, ok: true });
        return this.send({ kind: "settled", id: effect.id, ok: false, why: new TextDecoder().decode(result.stderr) });
      }
    }
  }
}

function must<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(outcome.failure.what);
  return outcome.value;
}
