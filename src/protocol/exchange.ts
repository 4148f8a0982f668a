/** What passes between clients and the engine, and what the engine does for it, as the page draws it. */

/** Who asked. */
export type Client =
  /** `docker` typed in a terminal of the guest. */
  | { kind: "command-line"; pid: number; argv: string[] }
  /** A program in the guest that speaks HTTP on `/var/run/docker.sock`. */
  | { kind: "socket"; pid: number }
  /** A client outside, over TCP. */
  | { kind: "tcp" }
  | { kind: "page" };

/** A body, as far as it is worth reading. */
export interface Excerpt {
  /** Text of a JSON or text body, at most `EXCERPT_MAX_BYTES`; absent for other kinds, whose bytes are only counted. */
  text?: string;
  sizeBytes: number;
  /** There was more than `text` has. */
  cut: boolean;
}

export const EXCERPT_MAX_BYTES = 1 << 16;

/** One step that was taken, as a learner reads it. */
export interface TakenStep {
  /** Counts from 1 through the plan. */
  number: number;
  /** How many wrappers it is inside of. */
  depth: number;
  kind: string;
  /** As a shell has it. */
  command: string;
  why: string;
  /** The system call behind it. */
  call: string;
}

/** A plan that boxd was given. */
export interface TakenPlan {
  id: number;
  /** The request that it was taken for; absent for what the engine does by itself, such as cleaning up after an exit. */
  exchange?: number;
  /** Milliseconds since 1970. */
  startedAt: number;
  durationMs: number;
  steps: TakenStep[];
  /** The process that it started, with a shim beside it. */
  task?: { pid: number };
  failure?: { step: number; message: string };
}

/** One request and its answer. */
export interface Exchange {
  id: number;
  client: Client;
  method: string;
  /** With the query, as it was asked. */
  target: string;
  /** Milliseconds since 1970. */
  startedAt: number;
  requestHeaders: [name: string, value: string][];
  request: Excerpt;
  /** Known when the answer's head has gone; 101 for a raw stream. */
  status?: number;
  answeredMs?: number;
  responseHeaders: [name: string, value: string][];
  response: Excerpt;
  /** Of a raw stream: what came from the client counts as request. */
  stream: boolean;
  /** Known when it is over, body and all. */
  endedMs?: number;
}

/** News of the engine, in the order in which they happened. An exchange comes again whenever more of it is known. */
export type Activity =
  { kind: "exchange"; exchange: Exchange } | { kind: "plan"; plan: TakenPlan } | { kind: "event"; event: EngineEvent };

/** What `docker events` says. */
export interface EngineEvent {
  type: string;
  action: string;
  id: string;
  name: string;
  /** Milliseconds since 1970. */
  at: number;
}
