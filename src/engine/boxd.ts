/** The engine's hands: one boxd in the guest, to which plans are sent and which tells how containers end. */
import type { Process } from "../agent/process";
import { encodePlan } from "../plan/encode";
import { explain } from "../plan/explain";
import type { Plan } from "../plan/step";
import { Answer, BOXD_PATH, READ_MAX_BYTES, Request, REQUEST_MAX_BYTES, TaskFlag } from "../protocol/boxd";
import { errnoName, errnoText } from "./errno";
import type { Taken } from "./exchange/recorder";
import type { Guest } from "./guest";

/** A step that could not be taken. Steps before it were; nothing after it was. */
export class PlanError extends Error {
  override name = "PlanError";
  /** Its number as `explain` counts; 0 when no step was to blame. */
  readonly step: number;
  /** How it looks in a shell. */
  readonly command: string;
  /** What the kernel said; 0 when a program that was run failed. */
  readonly errno: number;
  /** What that program said, and its exit code. */
  readonly said: string;
  readonly exitCode: number;

  constructor(failure: { step: number; command: string; errno: number; said: string; exitCode: number }) {
    const { step, command, errno, said, exitCode } = failure;
    const why = errno ? `${errnoText(errno)} (${errnoName(errno)})` : said.trim() || `exit code ${exitCode}`;
    super(step ? `step ${step} failed: ${command}: ${why}` : why);
    this.step = step;
    this.command = command;
    this.errno = errno;
    this.said = said;
    this.exitCode = exitCode;
  }
}

/** How a task ended, and when. */
export interface Exit {
  /** As a shell has it: 128 and the signal for one that was killed. */
  exitCode: number;
  /** 0 when it ended by itself. */
  signal: number;
  /** Nanoseconds since 1970. */
  endedAt: bigint;
  /** The task's runtime directory, which names it. */
  directory: string;
}

/** What `stat(2)` says of a file; the numbers are those of a device. */
export interface FileStatus {
  type: "file" | "directory" | "character" | "block" | "other";
  /** Permissions alone. */
  mode: number;
  sizeBytes: number;
  uid: number;
  gid: number;
  major: number;
  minor: number;
}

/** `S_IFMT` of `include/uapi/linux/stat.h`, without its twelve lower bits. */
const FILE_TYPES: Readonly<Record<number, FileStatus["type"]>> = {
  2: "character",
  4: "directory",
  6: "block",
  8: "file",
};

/** A process with a shim beside it. */
export interface TaskRequest {
  plan: Plan;
  /** Made before; gets the shim's socket. */
  directory: string;
  /** Where its output is kept; nowhere when left out. */
  log?: { path: string; maxBytes: number };
  tty?: { cols: number; rows: number };
  /** Network namespace in which a name server answers what the files in `DIRECTORY/dns` say. */
  resolver?: string;
  stdin?: boolean;
  stdinOnce?: boolean;
  /** Output waits until somebody has subscribed. */
  hold?: boolean;
}

type Reply = { type: number; body: Uint8Array };
type Pending = { resolve(reply: Reply): void; reject(error: Error): void; plan?: Plan };

const HEADER_BYTES = 9;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

export class Boxd {
  /** A task has ended. */
  onexit: (exit: Exit) => void = () => {};
  /** boxd is gone, and with it what was asked of it; tasks go on. */
  onlost: (error: Error) => void = () => {};
  /** A plan was taken, or failed. */
  ontook: (taken: Taken) => void = () => {};

  #process: Process;
  #writer: WritableStreamDefaultWriter<Uint8Array>;
  #pending = new Map<number, Pending>();
  #lastId = 0;
  #lost?: Error;

  /** Starts one. What is wrong with it arrives through its first answer. */
  constructor(guest: Guest) {
    this.#process = guest.run({ argv: [BOXD_PATH], stdin: true, purpose: "the engine's hands" });
    this.#writer = this.#process.stdin.getWriter();
    this.#writer.closed.catch(() => {});
    void this.#process.stderr.cancel().catch(() => {});
    void this.#read();
  }

  /**
   * Takes the steps of a plan, one after the other.
   * @throws PlanError for the first step that fails
   */
  async take(plan: Plan): Promise<void> {
    if (plan.length > 0) await this.#told(plan, Request.PLAN, encodePlan(plan));
  }

  /**
   * Starts a task; resolves with its pid when its program runs.
   * @throws PlanError when it does not come to that; nothing is left of it then but its directory
   */
  async start(task: TaskRequest): Promise<number> {
    const flags =
      (task.tty ? TaskFlag.TTY : 0) |
      (task.stdin ? TaskFlag.STDIN : 0) |
      (task.hold ? TaskFlag.HOLD : 0) |
      (task.stdinOnce ? TaskFlag.STDIN_ONCE : 0);
    const head = new Uint8Array(9);
    const view = new DataView(head.buffer);
    view.setUint8(0, flags);
    view.setUint16(1, task.tty?.cols ?? 0, true);
    view.setUint16(3, task.tty?.rows ?? 0, true);
    view.setUint32(5, task.log?.maxBytes ?? 0, true);
    const texts = encoder.encode(`${task.directory}\0${task.log?.path ?? ""}\0${task.resolver ?? ""}\0`);
    return pidOf(await this.#told(task.plan, Request.START, concat(head, texts, encodePlan(task.plan))));
  }

  /** Sends a plan; what comes of it is told to who looks on. */
  async #told(plan: Plan, type: number, body: Uint8Array): Promise<Reply> {
    const startedAt = Date.now();
    const start = performance.now();
    const tell = (more: Pick<Taken, "pid" | "failure">) =>
      this.ontook({ plan, startedAt, durationMs: performance.now() - start, ...more });
    try {
      const reply = await this.#ask(type, body, plan);
      tell(reply.type === Answer.STARTED ? { pid: pidOf(reply) } : {});
      return reply;
    } catch (error) {
      tell({ failure: { step: error instanceof PlanError ? error.step : 0, message: asError(error).message } });
      throw error;
    }
  }

  /**
   * A file, or of a directory its names each ended by a NUL; undefined when there is none.
   * @param root links in the path do not lead out of it; `path` begins with it
   * @throws PlanError when it cannot be read; RangeError when it is longer than `maxBytes`
   */
  async read(path: string, { root = "", maxBytes = 1 << 22 } = {}): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const parts: Uint8Array[] = [];
    let offset = 0;
    for (;;) {
      const part = await this.#readAt(path, root, offset);
      if (!part) return undefined;
      if (part.size > maxBytes) throw new RangeError(`${path} is longer than ${maxBytes} bytes.`);
      parts.push(part.bytes);
      offset += part.bytes.length;
      if (part.bytes.length < READ_MAX_BYTES) return concat(...parts);
    }
  }

  async #readAt(path: string, root: string, offset: number) {
    const head = new Uint8Array(8);
    new DataView(head.buffer).setUint32(0, offset, true);
    new DataView(head.buffer).setUint32(4, READ_MAX_BYTES, true);
    try {
      const { body } = await this.#ask(Request.READ, concat(head, encoder.encode(`${root}\0${path}\0`)));
      return { size: new DataView(body.buffer, body.byteOffset).getUint32(0, true), bytes: body.subarray(4) };
    } catch (error) {
      if (error instanceof PlanError && errnoName(error.errno) === "ENOENT") return undefined;
      throw error;
    }
  }

  /** What is at a path, links followed; undefined when there is nothing. @throws PlanError */
  async stat(path: string, { root = "" } = {}): Promise<FileStatus | undefined> {
    try {
      const { body } = await this.#ask(Request.STAT, encoder.encode(`${root}\0${path}\0`));
      const view = new DataView(body.buffer, body.byteOffset);
      const [sizeBytes, mode, uid, gid, major, minor] = [0, 4, 8, 12, 16, 20].map((at) => view.getUint32(at, true));
      const type = FILE_TYPES[mode >> 12] ?? "other";
      return { type, mode: mode & 0o7777, sizeBytes, uid, gid, major, minor };
    } catch (error) {
      if (error instanceof PlanError && errnoName(error.errno) === "ENOENT") return undefined;
      throw error;
    }
  }

  /** The text of a file; undefined when there is none. */
  async readText(path: string, options?: { root?: string; maxBytes?: number }): Promise<string | undefined> {
    const bytes = await this.read(path, options);
    return bytes && decoder.decode(bytes);
  }

  /** Names in a directory; none when there is no such directory. */
  async names(path: string): Promise<string[]> {
    return (await this.readText(path))?.split("\0").filter((name) => name !== "") ?? [];
  }

  /** Ends it; tasks go on. */
  close() {
    this.#fail(new Error("The engine was closed."), false);
    this.#process.cancel();
  }

  async #ask(type: number, body: Uint8Array, plan?: Plan): Promise<Reply> {
    if (this.#lost) throw this.#lost;
    if (body.length + HEADER_BYTES > REQUEST_MAX_BYTES)
      throw new RangeError(`A request to boxd has at most ${REQUEST_MAX_BYTES} bytes, not ${body.length}.`);
    const id = ++this.#lastId;
    const bytes = new Uint8Array(HEADER_BYTES + body.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, bytes.length - 4, true);
    view.setUint32(4, id, true);
    view.setUint8(8, type);
    bytes.set(body, HEADER_BYTES);
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, plan });
      this.#writer.write(bytes).catch((error: unknown) => this.#fail(asError(error)));
    });
  }

  async #read() {
    let held = new Uint8Array(0);
    try {
      for await (const bytes of this.#process.stdout) {
        held = concat(held, bytes);
        let at = 0;
        for (;;) {
          if (held.length - at < 4) break;
          const view = new DataView(held.buffer, held.byteOffset + at);
          const length = view.getUint32(0, true);
          if (held.length - at < 4 + length) break;
          const body = held.slice(at + HEADER_BYTES, at + 4 + length);
          this.#answer(view.getUint32(4, true), view.getUint8(8), body);
          at += 4 + length;
        }
        held = held.slice(at);
      }
      this.#fail(new Error("boxd has ended."));
    } catch (error) {
      this.#fail(asError(error));
    }
  }

  #answer(id: number, type: number, body: Uint8Array<ArrayBuffer>) {
    if (type === Answer.EXITED) return this.onexit(decodeExit(body));
    const pending = this.#pending.get(id);
    if (!pending) return;
    this.#pending.delete(id);
    if (type === Answer.FAILED) pending.reject(decodeFailure(body, pending.plan));
    else pending.resolve({ type, body });
  }

  #fail(error: Error, tell = true) {
    if (this.#lost) return;
    this.#lost = error;
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
    if (tell) this.onlost(error);
  }
}

function pidOf({ body }: Reply): number {
  return new DataView(body.buffer, body.byteOffset).getUint32(0, true);
}

function decodeFailure(body: Uint8Array, plan: Plan = []): PlanError {
  const view = new DataView(body.buffer, body.byteOffset);
  const step = view.getUint16(0, true);
  const command = step === 0 ? "" : (explain(plan)[step - 1]?.command ?? "");
  return new PlanError({
    step,
    command,
    errno: view.getUint16(2, true),
    said: decoder.decode(body.subarray(5)),
    exitCode: view.getUint8(4),
  });
}

function decodeExit(body: Uint8Array): Exit {
  const view = new DataView(body.buffer, body.byteOffset);
  const directory = decoder.decode(body.subarray(10)).replace(/\0.*$/s, "");
  return { exitCode: view.getUint8(0), signal: view.getUint8(1), endedAt: view.getBigUint64(2, true), directory };
}

/** The `exit` file that a shim leaves: `CODE SIGNAL NANOSECONDS`. */
export function parseExit(text: string, directory: string): Exit | undefined {
  const [, code, signal, nanoseconds] = /^(\d+) (\d+) (\d+)\n$/.exec(text) ?? [];
  if (nanoseconds === undefined) return undefined;
  return { exitCode: Number(code), signal: Number(signal), endedAt: BigInt(nanoseconds), directory };
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
