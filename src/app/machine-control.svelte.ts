import type {
  EngineRequest,
  EngineResponse,
  Failure,
  MachineStatus,
  Outcome,
  RunRequest,
  RunResult,
  SavedState,
  StartOptions,
  TerminalBytes,
} from "../protocol/machine";
import type { Evidence, FactRef } from "../protocol/evidence";
import type { FileContent } from "../protocol/mount";
import type { TimelineBatch } from "../protocol/change";
import type { Activity } from "../protocol/exchange";
import type { KernelView } from "../protocol/view";
import { launch, type Launch } from "./launch";

/** What the machine tells the page besides its status. */
export interface MachineListener {
  onview(view: KernelView): void;
  onchanges(batch: TimelineBatch): void;
  onterminal(terminal: number, bytes: TerminalBytes): void;
  onrestored(): void;
  onactivity(activity: Activity): void;
}

/** A worker answers a reset in milliseconds, whatever the guest does; one that does not hangs. */
const RESET_PATIENCE_MS = 5000;

const OFF: MachineStatus = { phase: "off", loadedBytes: 0, totalBytes: 0 };

const crashed: Failure = {
  code: "worker-crashed",
  what: "The machine is not answering.",
  kept: "Your lesson progress and saved session are kept.",
  remedy: "Start the machine again.",
};

/** A promise of why a worker is gone, and the function that keeps it. */
function untilGone(): { promise: Promise<Failure>; say: (why: Failure) => void } {
  let say: (why: Failure) => void = () => {};
  const promise = new Promise<Failure>((resolve) => (say = resolve));
  return { promise, say };
}

/** The machine as the page holds it: its status, its verbs, and a new worker when the old one is beyond help. */
export class MachineControl {
  status = $state.raw<MachineStatus>(OFF);
  /** True while a save is under way. */
  saving = $state(false);
  /** True until somebody types into the guest, runs something in it or puts it back: then a reset leads here. */
  fresh = true;
  /** The visitor hid the page, and it was not paused by hand before. */
  #pausedByHiding = false;
  #launch: Launch;
  /** Settles when the present worker is gone, so that no question to it stays open. */
  #gone = untilGone();
  readonly #manifestUrl: string;
  #listener: MachineListener | undefined;

  constructor(first: Launch, manifestUrl: string) {
    this.#launch = first;
    this.#manifestUrl = manifestUrl;
  }

  /** Delivers what the machine has said so far, and everything that follows. */
  listen(listener: MachineListener): void {
    this.#listener = listener;
    this.#attach(this.#launch);
  }

  /** True when the guest answers or could. */
  get alive(): boolean {
    return this.status.phase === "running" || this.status.phase === "paused";
  }

  /** True while the machine comes up. */
  get starting(): boolean {
    return ["off", "fetching", "restoring", "booting"].includes(this.status.phase);
  }

  /** Resolves when the machine has come up or has failed to. */
  get started(): Promise<Outcome<MachineStatus>> {
    return this.#launch.started;
  }

  /** Ends the worker, whatever it is doing, and starts a new one. */
  startAnew(options: Omit<StartOptions, "manifestUrl"> = {}): Promise<Outcome<MachineStatus>> {
    this.#launch.terminate();
    this.#gone.say(crashed);
    this.#gone = untilGone();
    this.status = OFF;
    this.fresh = true;
    this.#launch = launch({ manifestUrl: this.#manifestUrl, ...options });
    this.#attach(this.#launch);
    return this.#launch.started;
  }

  pause = () => {
    this.#pausedByHiding = false;
    return this.#ask((api) => api.pause());
  };
  resume = () => {
    this.#pausedByHiding = false;
    return this.#ask((api) => api.resume());
  };
  /** Power-cycles the machine; a worker that does not even say it began is replaced. */
  async reset(): Promise<Outcome<MachineStatus>> {
    this.fresh = false;
    const worker = this.#launch;
    const patience = setTimeout(() => {
      if (worker === this.#launch && !this.starting) void this.startAnew();
    }, RESET_PATIENCE_MS);
    const reset = await this.#ask((api) => api.reset());
    clearTimeout(patience);
    this.fresh = reset.ok;
    return reset;
  }
  restore(state: SavedState): Promise<Outcome<MachineStatus>> {
    this.fresh = false;
    return this.#ask((api) => api.restore(state));
  }
  run(request: RunRequest): Promise<Outcome<RunResult>> {
    this.fresh = false;
    return this.#ask((api) => api.run(request));
  }
  view = (): Promise<Outcome<KernelView>> => this.#ask((api) => api.view());
  /** Content of a file of a layer, by the address of its inode. */
  file = (inode: number): Promise<Outcome<FileContent>> => this.#ask((api) => api.file(inode));
  evidence = (fact: FactRef): Promise<Outcome<Evidence>> => this.#ask((api) => api.evidence(fact));

  /** Asks the container engine. */
  ask = (request: EngineRequest, body?: Uint8Array): Promise<Outcome<EngineResponse>> =>
    this.#ask((api) => api.ask(request, body));

  async save(): Promise<Outcome<SavedState>> {
    this.saving = true;
    try {
      return await this.#ask((api) => api.save());
    } finally {
      this.saving = false;
    }
  }

  /** Keyboard input; resolves when the guest has taken it. */
  type(terminal: number, bytes: Uint8Array): Promise<void> {
    this.fresh = false;
    return this.#launch.api.type(terminal, bytes);
  }

  resizeTerminal(terminal: number, cols: number, rows: number): void {
    void this.#launch.api.resizeTerminal(terminal, cols, rows);
  }

  acknowledge(terminal: number, sizeBytes: number): void {
    void this.#launch.api.acknowledge(terminal, sizeBytes);
  }

  /** A page nobody sees needs no CPU. */
  async hidden(hidden: boolean, pauseWhenHidden: boolean): Promise<void> {
    if (hidden && pauseWhenHidden && this.status.phase === "running") {
      this.#pausedByHiding = true;
      await this.#ask((api) => api.pause());
    } else if (!hidden && this.#pausedByHiding) {
      await this.resume();
    }
  }

  #attach(started: Launch): void {
    const current = () => started === this.#launch;
    started.attach({
      onstatus: (status) => {
        if (!current()) return;
        this.status = status;
        if (status.failure?.code === "worker-crashed") this.#gone.say(status.failure);
      },
      onview: (view) => current() && this.#listener!.onview(view),
      onchanges: (batch) => current() && this.#listener!.onchanges(batch),
      onterminal: (terminal, bytes) => current() && this.#listener!.onterminal(terminal, bytes),
      onrestored: () => current() && this.#listener!.onrestored(),
      onactivity: (activity) => current() && this.#listener!.onactivity(activity),
    });
  }

  /** A worker that is gone answers with a failure, not with silence or an exception. */
  async #ask<T>(work: (api: Launch["api"]) => Promise<Outcome<T>>): Promise<Outcome<T>> {
    const gone = this.#gone.promise.then((failure): Outcome<T> => ({ ok: false, failure }));
    try {
      return await Promise.race([gone, work(this.#launch.api)]);
    } catch (error) {
      return { ok: false, failure: { ...crashed, what: `The machine could not answer (${String(error)}).` } };
    }
  }
}
