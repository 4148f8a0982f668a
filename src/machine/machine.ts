/** A machine as its users see it: start, pause, save, type, run, look. Runs in a Web Worker and in Node alike. */
import { Agent } from "../agent/agent";
import type { BytePort } from "../agent/port";
import type { Layout } from "../protocol/layout";
import type { MachineFile, Manifest, SnapshotFile } from "../protocol/manifest";
import { createXray, type Xray } from "../kernel/xray";
import {
  TERMINAL_COUNT,
  type FailureCode,
  type MachineApi,
  type MachineEvents,
  type MachineStatus,
  type Outcome,
  type RunRequest,
  type RunResult,
  type SavedState,
  type StartOptions,
} from "../protocol/machine";
import type { Evidence, FactRef } from "../protocol/evidence";
import type { FileContent } from "../protocol/mount";
import type { KernelView } from "../protocol/view";
import { CONSOLE_COUNT, ConsoleInput } from "./console";
import type { BootImages, Emulator } from "./emulator";
import { asFailure, failure, machineError, MachineError } from "./failure";
import { fetchFile, fetchUnpacked, isUnpacked, type OnBytes, type Source } from "./files";
import { Sampler } from "./sampler";
import { TerminalOutput } from "./terminal";
import type { UnpackedKeep } from "./unpacked-keep";
import { Timeline } from "./timeline";

/** The console that the guest agent reads, `/dev/hvc3`. */
const AGENT_PORT = 3;
/** Terminal output is sent on at least this often while the guest is busy. */
const FLUSH_MS = 8;
/** The agent answers in milliseconds; a guest that is silent for this long has a fault. */
const AGENT_PATIENCE_MS = { snapshot: 20_000, cold: 120_000 };
/** The unpacked snapshot is stored this long after it was fetched. */
const KEEP_AFTER_MS = 2000;
/** How long a save waits for the CPU to halt before it takes the machine between two slices. */
const CARRIAGE_RETURN = 13;
const LINE_FEED = 10;
const HALT_PATIENCE_MS = 250;

/** What the machine takes from the world. */
export interface MachineHost {
  source(manifestUrl: string): Source;
  /** Milliseconds since the epoch. */
  epochMs(): number;
  random(sizeBytes: number): Uint8Array;
  /** The guest's agent answers, for the first time or again; what it held before is gone. */
  onagent?(agent: Agent): void;
  /** Where the unpacked snapshot waits for the next visit; left out where there is none. */
  keep?: UnpackedKeep;
}

/** Why the guest stands still though nobody destroyed it. */
type Hold = "user" | "congested";

export class Machine implements Omit<MachineApi, "ask"> {
  readonly #events: MachineEvents;
  readonly #host: MachineHost;
  #status: MachineStatus = { phase: "off", loadedBytes: 0, totalBytes: 0 };
  #options: StartOptions | undefined;
  #manifest: Manifest | undefined;
  /** An unpacked snapshot of an earlier visit, perhaps of another build. */
  #kept: Promise<Uint8Array<ArrayBuffer> | undefined> | undefined;
  #emulator: Emulator | undefined;
  #agent: Agent | undefined;
  #xray: Xray | undefined;
  #sampler: Sampler | undefined;
  #timeline: Timeline | undefined;
  #inputs: ConsoleInput[] = [];
  #outputs = Array.from({ length: TERMINAL_COUNT }, () => new TerminalOutput());
  #sizes: ({ cols: number; rows: number; told: boolean } | undefined)[] = [];
  #holds = new Set<Hold>();
  #flushedAt = 0;
  #betweenSlices: ((emulator: Emulator) => boolean)[] = [];
  /** Counts starts, so that a start overtaken by another gives up. */
  #generation = 0;

  constructor(events: MachineEvents, host: MachineHost) {
    this.#events = events;
    this.#host = host;
  }

  get status(): MachineStatus {
    return this.#status;
  }

  /** The guest agent, for callers in the same thread (the command line, tests). */
  get agent(): Agent {
    if (!this.#agent) throw machineError("bad-request", "The machine is not running.");
    return this.#agent;
  }

  /** The emulator, for the snapshot maker and benchmarks. */
  get emulator(): Emulator {
    if (!this.#emulator) throw machineError("bad-request", "The machine is not running.");
    return this.#emulator;
  }

  start(options: StartOptions): Promise<Outcome<MachineStatus>> {
    return this.#outcome("guest-silent", async () => {
      const generation = ++this.#generation;
      this.#options = options;
      await this.#teardown();
      this.#set({
        phase: "fetching",
        loadedBytes: 0,
        totalBytes: 0,
        origin: undefined,
        notice: undefined,
        failure: undefined,
      });
      emulatorCode().catch(() => {}); // said where it is used
      if (!options.cold && !options.session) this.#kept = this.#host.keep?.load().catch(() => undefined);
      const source = this.#host.source(options.manifestUrl);
      const manifest = options.manifest ?? (await source.manifest());
      this.#manifest = manifest;
      this.#set({ build: manifest.build, release: manifest.release });

      const notices: string[] = [];
      let session = options.session;
      if (session && session.build !== manifest.build) {
        notices.push("The saved session belongs to another build of the machine, so it was kept but not opened.");
        session = undefined;
      }
      let snapshot = options.cold || session ? undefined : manifest.files.snapshot;
      if (snapshot && snapshot.build !== manifest.build) {
        notices.push("The snapshot belongs to another build, so the kernel boots from power-on.");
        snapshot = undefined;
      }
      if (!snapshot && !session && !options.cold && notices.length === 0) {
        notices.push("There is no snapshot, so the kernel boots from power-on.");
      }

      for (;;) {
        try {
          await this.#bringUp(generation, source, manifest, snapshot, session);
          break;
        } catch (error) {
          if (generation !== this.#generation) throw machineError("bad-request", "Another start took over.");
          const known = error instanceof MachineError ? error.failure.code : "snapshot-unusable";
          if (!snapshot || !["file-missing", "file-damaged", "snapshot-unusable"].includes(known)) throw error;
          // A bad snapshot costs time, not the visit.
          notices.push(
            `The snapshot could not be used (${asFailure(error, "snapshot-unusable").what}) The kernel boots from power-on.`,
          );
          snapshot = undefined;
          await this.#teardown();
        }
      }
      if (notices.length > 0) this.#set({ notice: notices.join(" ") });
      return this.#status;
    });
  }

  pause(): Promise<Outcome<MachineStatus>> {
    return this.#outcome("bad-request", async () => {
      const emulator = this.emulator;
      this.#holds.add("user");
      await emulator.stop();
      this.#flush();
      this.#set({ phase: "paused" });
      return this.#status;
    });
  }

  resume(): Promise<Outcome<MachineStatus>> {
    return this.#outcome("bad-request", async () => {
      const emulator = this.emulator;
      if (this.#status.phase !== "paused") return this.#status;
      this.#holds.delete("user");
      this.#set({ phase: "running" });
      if (this.#holds.size === 0) emulator.run();
      this.#agent?.setClock(this.#host.epochMs()).catch(() => {}); // a busy or dead guest keeps the clock it has
      return this.#status;
    });
  }

  async reset(): Promise<Outcome<MachineStatus>> {
    if (!this.#options) return { ok: false, failure: failure("bad-request", "The machine was never started.") };
    return this.start(this.#options);
  }

  save(): Promise<Outcome<SavedState>> {
    return this.#outcome("bad-request", async () => {
      const emulator = this.emulator;
      const bytes = await this.#atHalt(() => emulator.saveState());
      return {
        build: this.#manifest!.build,
        savedAt: this.#host.epochMs(),
        screens: this.#outputs.map((output) => output.screen()),
        bytes,
      };
    });
  }

  restore(state: SavedState): Promise<Outcome<MachineStatus>> {
    return this.#outcome("snapshot-unusable", async () => {
      const emulator = this.emulator;
      if (state.build !== this.#manifest?.build) {
        throw machineError("snapshot-unusable", "This saved machine belongs to another build.");
      }
      await emulator.stop();
      try {
        await emulator.restoreState(state.bytes);
      } catch (error) {
        // v86 checks the whole header before it changes anything, so the guest of before can go on.
        if (this.#holds.size === 0) emulator.run();
        throw error;
      }
      for (const input of this.#inputs) input.clear();
      this.#outputs.forEach((output, index) => output.restart(state.screens[index] ?? new Uint8Array()));
      this.#holds.clear();
      this.#newSampler();
      this.#set({ phase: "running", failure: undefined });
      this.#events.onrestored?.();
      this.#flush();
      emulator.run();
      await this.#greetAgent(AGENT_PATIENCE_MS.snapshot);
      return this.#status;
    });
  }

  async type(terminal: number, bytes: Uint8Array): Promise<void> {
    if (!this.#emulator || !(terminal in this.#outputs)) return;
    if (bytes.includes(CARRIAGE_RETURN) || bytes.includes(LINE_FEED)) this.#sampler?.catchUp(this.#emulator.ram());
    this.#timeline?.typed(terminal, bytes, this.#sampler?.last);
    const taken = this.#inputs[terminal].push(bytes);
    this.#inputs[terminal].drain(this.#emulator);
    return taken;
  }

  async resizeTerminal(terminal: number, cols: number, rows: number): Promise<void> {
    if (!(terminal in this.#outputs)) return;
    const clamp = (value: number) => Math.max(1, Math.min(1000, Math.trunc(value) || 1));
    this.#sizes[terminal] = { cols: clamp(cols), rows: clamp(rows), told: false };
    this.#tellSizes();
  }

  async acknowledge(terminal: number, sizeBytes: number): Promise<void> {
    this.#outputs[terminal]?.acknowledge(sizeBytes);
    if (this.#holds.has("congested") && !this.#outputs.some((output) => output.congested)) {
      this.#holds.delete("congested");
      if (this.#holds.size === 0) this.#emulator?.run();
    }
  }

  run(request: RunRequest, stdin?: Uint8Array): Promise<Outcome<RunResult>> {
    return this.#outcome("bad-request", async () => {
      const { agent } = this;
      this.#sampler?.catchUp(this.emulator.ram());
      const timeline = this.#timeline;
      const run = timeline?.ran(request);
      try {
        return await agent.execute(request, stdin);
      } finally {
        if (run && this.#timeline === timeline) {
          if (this.#emulator) this.#sampler?.catchUp(this.#emulator.ram());
          timeline?.finished(run);
        }
      }
    });
  }

  view(): Promise<Outcome<KernelView>> {
    return this.#outcome("bad-request", async () => {
      const emulator = this.emulator;
      return this.#sampler!.look(emulator.ram());
    });
  }

  evidence(fact: FactRef): Promise<Outcome<Evidence>> {
    return this.#outcome("bad-request", async () => {
      const found = this.#xray?.evidence(this.emulator.ram(), fact);
      if (!found) throw machineError("bad-request", `This ${fact.object} has ended; there is nothing left to read.`);
      return found;
    });
  }

  file(inode: number): Promise<Outcome<FileContent>> {
    return this.#outcome("bad-request", async () => {
      const found = this.#xray?.file(this.emulator.ram(), inode);
      if (!found) {
        const what = "No layer has a file with content at this address now: it was removed, or it is no file.";
        throw machineError("bad-request", what);
      }
      return found;
    });
  }

  /** Ends the machine for good. */
  async stop(): Promise<void> {
    this.#generation++;
    await this.#teardown();
    this.#set({ phase: "off" });
  }

  /** Runs `work` between two slices, at a CPU halt when one comes soon. */
  async #atHalt<T>(work: () => Promise<T>): Promise<T> {
    const emulator = this.emulator;
    if (!emulator.running) return work();
    const deadline = performance.now() + HALT_PATIENCE_MS;
    return new Promise((resolve, reject) => {
      this.#betweenSlices.push((current) => {
        if (current !== emulator) {
          reject(machineError("bad-request", "The machine was started anew before it could be saved."));
          return true;
        }
        if (!emulator.halted && performance.now() < deadline) return false;
        work().then(resolve, reject);
        return true;
      });
      // An idle guest sleeps past the wish; `run` on a running machine makes it take a slice now.
      emulator.run();
    });
  }

  async #bringUp(
    generation: number,
    source: Source,
    manifest: Manifest,
    snapshot: Manifest["files"]["snapshot"],
    session: SavedState | undefined,
  ): Promise<void> {
    const { files } = manifest;
    const origin = session ? "session" : snapshot ? "snapshot" : "cold";
    const wanted: MachineFile[] = [files.wasm, files.layout];
    if (snapshot) wanted.push(snapshot);
    else if (!session) wanted.push(files.kernel, files.root);
    this.#set({
      phase: "fetching",
      origin,
      loadedBytes: 0,
      totalBytes: wanted.reduce((sum, file) => sum + file.sizeBytes, 0),
    });
    let counting = true;
    const onbytes = (sizeBytes: number) => {
      if (counting && generation === this.#generation) this.#set({ loadedBytes: this.#status.loadedBytes + sizeBytes });
    };

    const boot = origin === "cold" ? bootImages(source, manifest, onbytes) : undefined;
    const creating = createEmulator(source, manifest, boot, onbytes);
    let emulator: Emulator;
    try {
      const [created, layout, state] = await Promise.all([
        creating,
        fetchFile(source, files.layout, onbytes),
        snapshot ? this.#snapshotState(source, snapshot, onbytes) : session && (() => session.bytes),
      ]);
      emulator = created;
      if (generation !== this.#generation) throw machineError("bad-request", "Another start took over.");
      this.#set({ phase: origin === "cold" ? "booting" : "restoring" });
      this.#xray = createXray(JSON.parse(new TextDecoder().decode(layout)) as Layout);
      if (state) await restore(emulator, state);
      if (generation !== this.#generation) throw machineError("bad-request", "Another start took over.");
    } catch (error) {
      counting = false;
      creating.then((created) => created.destroy()).catch(() => {});
      throw error;
    }

    this.#emulator = emulator;
    const screens = session?.screens ?? snapshot?.screens.map((text) => fromBase64(text)) ?? [];
    this.#outputs.forEach((output, index) => output.restart(screens[index] ?? new Uint8Array()));
    this.#inputs = Array.from({ length: CONSOLE_COUNT }, (_, port) => new ConsoleInput(port));
    this.#holds.clear();
    this.#newSampler();
    this.#connectAgent();
    emulator.onslice = () => this.#afterSlice(emulator);
    emulator.onconsole = (port, bytes) => {
      if (port < TERMINAL_COUNT) this.#outputs[port].push(bytes);
      else this.#agentPort?.onbytes(bytes);
    };
    this.#events.onrestored?.();
    this.#flush();
    emulator.run();
    if (origin !== "cold") this.#set({ phase: "running" });
    // The build's snapshot was taken while the agent waited for a frame.
    await this.#greetAgent(AGENT_PATIENCE_MS[origin === "cold" ? "cold" : "snapshot"], origin === "snapshot");
    this.#set({ phase: "running" });
  }

  /** The state in the snapshot; the function unpacks it once there is an emulator to do so. */
  async #snapshotState(
    source: Source,
    snapshot: SnapshotFile,
    onbytes: OnBytes,
  ): Promise<(by: Emulator) => ArrayBuffer> {
    const { keep } = this.#host;
    const kept = await this.#kept;
    this.#kept = undefined; // as large as the snapshot: nothing to hold on to while the machine runs
    if (kept && (await isUnpacked(kept, snapshot))) {
      onbytes(snapshot.sizeBytes);
      return () => kept.buffer;
    }
    const packed = await fetchFile(source, snapshot, onbytes);
    return (emulator) => {
      const state = emulator.unpack(packed, snapshot.unpacked.sizeBytes);
      // Once the visitor has a prompt. Without room the next visit unpacks again; nobody needs to be told.
      if (keep) setTimeout(() => keep.store(state).catch(() => {}), KEEP_AFTER_MS);
      return state.buffer;
    };
  }

  #agentPort: BytePort | undefined;

  #connectAgent(): void {
    this.#agentPort = {
      send: (bytes) => {
        const input = this.#inputs[AGENT_PORT];
        void input.push(bytes);
        if (this.#emulator) input.drain(this.#emulator);
      },
      onbytes: () => {},
    };
    const agent = new Agent(this.#agentPort);
    this.#agent = agent;
    // It was killed and started anew by init, so greet it again.
    agent.onlost = () => {
      if (agent === this.#agent) this.#greetAgent(AGENT_PATIENCE_MS.snapshot).catch(() => {});
    };
  }

  /** Waits until the agent speaks, then gives the guest the time and fresh entropy. */
  async #greetAgent(patienceMs: number, betweenFrames = false): Promise<void> {
    const agent = this.agent;
    const generation = this.#generation;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const patience = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(machineError("guest-silent", `The guest did not answer for ${patienceMs / 1000} s.`)),
        patienceMs,
      );
    });
    try {
      await Promise.race([agent.reset({ betweenFrames }), patience]);
      if (generation !== this.#generation) return;
      await Promise.race([
        Promise.all([agent.setClock(this.#host.epochMs()), agent.reseed(this.#host.random(32))]),
        patience,
      ]);
      if (generation === this.#generation) this.#host.onagent?.(agent);
    } finally {
      clearTimeout(timer);
    }
  }

  #newSampler(): void {
    this.#sampler?.stop();
    const timeline = (this.#timeline = new Timeline());
    this.#sampler = new Sampler(this.#xray!, {
      onview: (view) => {
        // Before the picture that shows them, so that who judges it knows what happened.
        const batch = timeline.take();
        if (batch) this.#events.onchanges?.(batch);
        this.#events.onview(view);
      },
      onchanges: (changes, before, after, ran) => timeline.add(changes, before, after, ran),
    });
  }

  #afterSlice(emulator: Emulator): void {
    for (const input of this.#inputs) input.drain(emulator);
    this.#tellSizes();
    const counters = this.#sampler?.slice(() => emulator.ram(), emulator.halted);
    if (emulator.halted || performance.now() - this.#flushedAt >= FLUSH_MS) this.#flush();
    if (this.#betweenSlices.length > 0) this.#betweenSlices = this.#betweenSlices.filter((task) => !task(emulator));
    if (counters?.panicked) this.#endInPanic(emulator);
  }

  #endInPanic(emulator: Emulator): void {
    if (this.#status.phase === "failed") return;
    const said = this.#xray?.panicMessage(emulator.ram()) ?? "It left no message.";
    this.#flush();
    void emulator.stop(); // a panicked kernel spins for ever
    this.#agent?.abandon("The guest kernel panicked.");
    this.#set({ phase: "failed", failure: failure("guest-panic", `The guest kernel panicked: ${said}`) });
  }

  #flush(): void {
    this.#flushedAt = performance.now();
    this.#outputs.forEach((output, terminal) => {
      const bytes = output.take();
      if (bytes) this.#events.onterminal(terminal, bytes);
    });
    if (this.#outputs.some((output) => output.congested)) {
      this.#holds.add("congested");
      void this.#emulator?.stop();
    }
  }

  #tellSizes(): void {
    this.#sizes.forEach((size, terminal) => {
      if (size && !size.told && this.#emulator) size.told = this.#emulator.resize(terminal, size.cols, size.rows);
    });
  }

  async #teardown(): Promise<void> {
    const emulator = this.#emulator;
    this.#sampler?.stop();
    this.#agent?.abandon("The machine was stopped.");
    for (const input of this.#inputs) input.clear();
    this.#emulator = this.#agent = this.#sampler = this.#timeline = this.#agentPort = undefined;
    for (const size of this.#sizes) if (size) size.told = false;
    if (!emulator) return;
    for (const task of this.#betweenSlices.splice(0)) task(undefined as unknown as Emulator);
    await emulator.stop();
    await emulator.destroy();
  }

  #set(change: Partial<MachineStatus>): void {
    this.#status = { ...this.#status, ...change };
    this.#events.onstatus(this.#status);
  }

  /** Runs `work`; what it throws becomes data, and the status when the machine cannot go on. */
  async #outcome<T>(fallback: FailureCode, work: () => Promise<T>): Promise<Outcome<T>> {
    try {
      return { ok: true, value: await work() };
    } catch (error) {
      const failed = asFailure(error, fallback);
      const fatal = ["fetching", "restoring", "booting"].includes(this.#status.phase);
      if (fatal && failed.what !== "Another start took over.") this.#set({ phase: "failed", failure: failed });
      return { ok: false, failure: failed };
    }
  }
}

async function restore(emulator: Emulator, state: (by: Emulator) => ArrayBuffer): Promise<void> {
  try {
    await emulator.restoreState(state(emulator));
  } catch (error) {
    throw new MachineError(asFailure(error, "snapshot-unusable"));
  }
}

/** v86 is most of the worker's code: it is read while the first files travel. */
const emulatorCode = () => import("./emulator");

async function bootImages(source: Source, { files }: Manifest, onbytes: OnBytes): Promise<BootImages> {
  const [kernel, root] = await Promise.all(
    [files.kernel, files.root].map((file) => fetchUnpacked(source, file, onbytes)),
  );
  return { kernel: kernel.buffer, root: root.buffer };
}

async function createEmulator(
  source: Source,
  manifest: Manifest,
  boot: Promise<BootImages> | undefined,
  onbytes: OnBytes,
): Promise<Emulator> {
  if (typeof WebAssembly !== "object") throw machineError("wasm-missing", "This browser has no WebAssembly.");
  const [bytes, { Emulator }, images] = await Promise.all([
    fetchFile(source, manifest.files.wasm, onbytes),
    emulatorCode(),
    boot,
  ]);
  try {
    return await Emulator.create(await WebAssembly.compile(bytes), { ...manifest, boot: images });
  } catch (error) {
    throw new MachineError(asFailure(error, "worker-crashed"));
  }
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
