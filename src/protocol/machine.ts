/** What crosses between the page (or the command line) and the machine. Expected failures travel as data. */
import type { TimelineBatch } from "./change";
import type { Activity } from "./exchange";
import type { Manifest } from "./manifest";
import type { Evidence, FactRef } from "./evidence";
import type { FileContent } from "./mount";
import type { KernelView } from "./view";

/** Number of login terminals: `/dev/hvc0`, `/dev/hvc1`, `/dev/hvc2`; the guest agent owns `/dev/hvc3`. */
export const TERMINAL_COUNT = 3;

export type Phase =
  | "off"
  /** Machine files arrive; `loadedBytes` of `totalBytes`. */
  | "fetching"
  /** A snapshot is being put back. */
  | "restoring"
  /** The kernel boots from power-on. */
  | "booting"
  | "running"
  | "paused"
  | "failed";

export type FailureCode =
  | "wasm-missing"
  | "wasm-blocked"
  | "memory-refused"
  | "file-missing"
  | "file-damaged"
  | "storage-denied"
  | "snapshot-unusable"
  | "not-halted"
  | "guest-panic"
  | "guest-silent"
  | "worker-crashed"
  | "bad-request";

/** A failure somebody can act on: what happened, what was kept, what to do. */
export interface Failure {
  code: FailureCode;
  what: string;
  kept: string;
  remedy: string;
}

export type Outcome<T> = { ok: true; value: T } | { ok: false; failure: Failure };

export interface MachineStatus {
  phase: Phase;
  /** How the running machine came up; undefined until known. */
  origin?: "snapshot" | "cold" | "session";
  loadedBytes: number;
  totalBytes: number;
  /** Something the visitor should know though the machine runs: "The snapshot was damaged; booted from power-on." */
  notice?: string;
  failure?: Failure;
  build?: string;
  release?: string;
}

/** A command for the guest agent. Exactly one of `script` (run by `sh`) and `argv`. */
export interface RunRequest {
  argv?: string[];
  script?: string;
  /** Added to the default environment (PATH, HOME, and TERM with a pty), or in place of its variables. */
  env?: Record<string, string>;
  cwd?: string;
  /** uid and gid, without supplementary groups; root when left out. */
  user?: { uid: number; gid: number };
  /** Path of a cgroup, from the root of the hierarchy, that the command is born in; the root when left out. */
  cgroup?: string;
  /** Keep standard input open to be written; without it (and without a pty) the command reads end of file at once. */
  stdin?: boolean;
  /** Terminal size; asks for a pty, on which stdout and stderr are one. */
  pty?: { cols: number; rows: number };
  /** What it is for, in a few words; the timeline says so instead of naming the command. */
  purpose?: string;
}

/** How a command ended: an exit code, or the signal that killed it. */
export type RunStatus = { exitCode: number } | { signal: number };

/** A finished command with what it printed. */
export type RunResult = RunStatus & { stdout: Uint8Array<ArrayBuffer>; stderr: Uint8Array<ArrayBuffer> };

export interface SavedState {
  /** `Manifest.build` of the machine that saved it. */
  build: string;
  /** Milliseconds since the epoch. */
  savedAt: number;
  /** What each terminal last printed, to be shown again. */
  screens: Uint8Array<ArrayBuffer>[];
  /** The machine, as v86 saves it. */
  bytes: ArrayBuffer;
}

export type TerminalBytes = Uint8Array<ArrayBuffer>;

/** Events the machine sends without being asked. */
export interface MachineEvents {
  onstatus(status: MachineStatus): void;
  onview(view: KernelView): void;
  /** What happened up to the picture before, and by which commands. */
  onchanges?(batch: TimelineBatch): void;
  /** Output of a terminal. The receiver must call `acknowledge` when the bytes are on screen. */
  onterminal(terminal: number, bytes: TerminalBytes): void;
  /** The guest is another one now; what terminals show is stale. Their screens follow by `onterminal`. */
  onrestored?(): void;
  /** The container engine did something. */
  onactivity?(activity: Activity): void;
}

/** A request to the container engine's API. */
export interface EngineRequest {
  method: string;
  /** Path and query: `/containers/json?all=1`. */
  target: string;
  /** Sent as JSON. */
  body?: unknown;
}

/** The answer, read to its end. */
export interface EngineResponse {
  status: number;
  contentType: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** The machine as the page sees it, through comlink. */
export interface MachineApi {
  /** Starts from the snapshot, from `session` when given, or from power-on with `cold`. Resolves when running. */
  start(options: StartOptions): Promise<Outcome<MachineStatus>>;
  pause(): Promise<Outcome<MachineStatus>>;
  resume(): Promise<Outcome<MachineStatus>>;
  /** Power-cycles to the state `start` began from. */
  reset(): Promise<Outcome<MachineStatus>>;
  /** Saves at the next CPU halt. */
  save(): Promise<Outcome<SavedState>>;
  restore(state: SavedState): Promise<Outcome<MachineStatus>>;
  /** Keyboard input for a terminal. Nothing is dropped: bytes wait until the guest has room. */
  type(terminal: number, bytes: Uint8Array): Promise<void>;
  resizeTerminal(terminal: number, cols: number, rows: number): Promise<void>;
  /** Says that `bytes` of terminal output were drawn; the machine waits when too much is outstanding. */
  acknowledge(terminal: number, sizeBytes: number): Promise<void>;
  run(request: RunRequest, stdin?: Uint8Array): Promise<Outcome<RunResult>>;
  view(): Promise<Outcome<KernelView>>;
  evidence(fact: FactRef): Promise<Outcome<Evidence>>;
  /** Asks the container engine, which starts when it is first asked. Answers of 400 and above are answers, too. */
  ask(request: EngineRequest, body?: Uint8Array): Promise<Outcome<EngineResponse>>;
  /** Content of a file of a layer, by the address of its inode (`LayerEntry.inode`). */
  file(inode: number): Promise<Outcome<FileContent>>;
}

export interface StartOptions {
  /** Absolute URL of `machine/manifest.json`. */
  manifestUrl: string;
  /** What is there, for those who have it already; else it is fetched. */
  manifest?: Manifest;
  /** Boot from power-on even when a snapshot is there. */
  cold?: boolean;
  /** A session saved earlier. */
  session?: SavedState;
}
