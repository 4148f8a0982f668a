/** Frames to bytes and back, and the payloads that have a structure. Layouts: `protocol/frame.ts`. */
import {
  CHUNK_BYTES,
  Family,
  FrameType,
  HEADER_BYTES,
  ListenFlag,
  MAX_PAYLOAD_BYTES,
  MAX_REQUEST_BYTES,
  MAX_STRINGS,
  NONCE_BYTES,
  Protection,
  RESYNC_RUN_BYTES,
  RunFlag,
  UNKNOWN_ID,
} from "../protocol/frame";
import type { RunRequest } from "../protocol/machine";
import { AgentError } from "./error";

export interface Frame {
  type: number;
  channel: number;
  stream: number;
  payload: Uint8Array;
}

const EMPTY = new Uint8Array(0);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Writes a header into `target`. */
export function writeHeader(
  target: Uint8Array,
  at: number,
  type: number,
  channel: number,
  stream: number,
  length: number,
) {
  target[at] = type;
  target[at + 1] = channel;
  target[at + 2] = length;
  target[at + 3] = length >>> 8;
  target[at + 4] = stream;
  target[at + 5] = stream >>> 8;
  target[at + 6] = stream >>> 16;
  target[at + 7] = stream >>> 24;
}

/** A whole frame. @throws RangeError when the payload is longer than a frame may carry. */
export function encodeFrame(type: number, channel: number, stream: number, payload: Uint8Array = EMPTY): Uint8Array {
  if (payload.length > MAX_PAYLOAD_BYTES)
    throw new RangeError(`a frame carries ${MAX_PAYLOAD_BYTES} bytes, not ${payload.length}`);
  const frame = new Uint8Array(HEADER_BYTES + payload.length);
  writeHeader(frame, 0, type, channel, stream, payload.length);
  frame.set(payload, HEADER_BYTES);
  return frame;
}

/** Cuts frames out of bytes that arrive in any pieces, as `guest/agent/input.c` does on the other side. */
export class FrameDecoder {
  /** Called with each whole frame; its payload may share memory with the bytes given to `push`. */
  onframe: (frame: Frame) => void;
  /** Called when a header announces more than a frame may carry. Those bytes are skipped. */
  ontoolong: (frame: Omit<Frame, "payload">, length: number) => void;

  #held = new Uint8Array(HEADER_BYTES + MAX_PAYLOAD_BYTES);
  #heldBytes = 0;
  #skipping = 0;
  #zeros = 0;

  constructor(onframe: FrameDecoder["onframe"], ontoolong: FrameDecoder["ontoolong"]) {
    this.onframe = onframe;
    this.ontoolong = ontoolong;
  }

  /** Forgets a frame cut short. */
  reset() {
    this.#heldBytes = 0;
    this.#skipping = 0;
  }

  push(bytes: Uint8Array) {
    let at = 0;
    while (at < bytes.length) {
      if (this.#skipping) at = this.#skip(bytes, at);
      else if (this.#heldBytes) at = this.#complete(bytes, at);
      else if (bytes[at] === FrameType.PADDING) at++;
      else at = this.#whole(bytes, at);
    }
  }

  #skip(bytes: Uint8Array, at: number): number {
    while (this.#skipping && at < bytes.length) {
      this.#zeros = bytes[at++] === FrameType.PADDING ? this.#zeros + 1 : 0;
      this.#skipping--;
      if (this.#zeros === RESYNC_RUN_BYTES) this.#skipping = 0;
    }
    return at;
  }

  /** A frame that begins at `at`: handed on without a copy when it is all there, held otherwise. */
  #whole(bytes: Uint8Array, at: number): number {
    const left = bytes.length - at;
    if (left >= HEADER_BYTES) {
      if (this.#tooLong(bytes, at)) return at + HEADER_BYTES;
      const end = at + HEADER_BYTES + lengthAt(bytes, at);
      if (end <= bytes.length) {
        this.#emit(bytes, at, end);
        return end;
      }
    }
    this.#held.set(bytes.subarray(at));
    this.#heldBytes = left;
    return bytes.length;
  }

  #complete(bytes: Uint8Array, from: number): number {
    let at = this.#take(bytes, from, HEADER_BYTES);
    if (this.#heldBytes < HEADER_BYTES) return at;
    if (this.#tooLong(this.#held, 0)) {
      this.#heldBytes = 0;
      return at;
    }
    const size = HEADER_BYTES + lengthAt(this.#held, 0);
    at = this.#take(bytes, at, size);
    if (this.#heldBytes < size) return at;
    this.#heldBytes = 0;
    this.#emit(this.#held.slice(0, size), 0, size);
    return at;
  }

  #take(bytes: Uint8Array, at: number, upTo: number): number {
    const end = Math.min(bytes.length, at + Math.max(0, upTo - this.#heldBytes));
    this.#held.set(bytes.subarray(at, end), this.#heldBytes);
    this.#heldBytes += end - at;
    return end;
  }

  #tooLong(bytes: Uint8Array, at: number): boolean {
    const length = lengthAt(bytes, at);
    if (length <= MAX_PAYLOAD_BYTES) return false;
    this.#skipping = length;
    this.#zeros = 0;
    this.ontoolong({ type: bytes[at], channel: bytes[at + 1], stream: get32(bytes, at + 4) }, length);
    return true;
  }

  #emit(bytes: Uint8Array, at: number, end: number) {
    const payload = bytes.subarray(at + HEADER_BYTES, end);
    this.onframe({ type: bytes[at], channel: bytes[at + 1], stream: get32(bytes, at + 4), payload });
  }
}

export function get16(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8);
}

export function get32(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return get16(bytes, at + 2);
}

/** Little-endian fields, one after another. */
class Fields {
  #parts: Uint8Array[] = [];

  u8(...values: number[]): this {
    this.#parts.push(Uint8Array.from(values));
    return this;
  }

  u16(...values: number[]): this {
    for (const value of values) this.u8(value & 0xff, value >>> 8);
    return this;
  }

  u32(...values: number[]): this {
    for (const value of values) this.u8(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    return this;
  }

  done(): Uint8Array {
    const whole = new Uint8Array(this.#parts.reduce((size, part) => size + part.length, 0));
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

/** One 32-bit field: credit, acknowledgement. */
export function encodeU32(value: number): Uint8Array {
  return new Fields().u32(value).done();
}

/** Text that cannot hold a NUL. @throws AgentError `bad-request` naming `what`. */
function text(value: string, what: string): Uint8Array {
  if (value.includes("\0")) throw new AgentError("bad-request", `${what} contains a NUL character`);
  return encoder.encode(value);
}

function u16(value: number, what: string, most = 0xffff): number {
  if (!Number.isInteger(value) || value < 0 || value > most)
    throw new AgentError("bad-request", `${what} is not a number from 0 to ${most}`);
  return value;
}

/**
 * Payload of a `RUN` request, to be cut into frames: u16 flags, cols, rows, argc, envc, 0; u32 uid, gid, credit of stdout,
 * credit of stderr; then NUL-terminated texts: directory, cgroup (each empty when left out), arguments, `NAME=value`.
 *
 * @throws AgentError `bad-request` when the request contradicts itself or is longer than the agent can hold.
 */
export function encodeRun(request: RunRequest, creditBytes: number): Uint8Array {
  if ((request.argv === undefined) === (request.script === undefined))
    throw new AgentError("bad-request", "a command is either argv or a script");
  const argv = request.argv ?? ["/bin/sh", "-c", request.script!];
  const env = Object.entries(request.env ?? {});
  if (argv.length === 0 || argv[0] === "") throw new AgentError("bad-request", "the command has no name");
  if (argv.length > MAX_STRINGS || env.length > MAX_STRINGS)
    throw new AgentError("bad-request", `a command has at most ${MAX_STRINGS} arguments and as many variables`);
  if (request.cwd === "") throw new AgentError("bad-request", "the working directory is empty");
  if (request.cgroup !== undefined && !request.cgroup.startsWith("/"))
    throw new AgentError("bad-request", "the cgroup's path does not begin with /");
  const { user, pty } = request;
  for (const id of user ? [user.uid, user.gid] : [])
    if (!Number.isInteger(id) || id < 0 || id >= UNKNOWN_ID)
      throw new AgentError("bad-request", `${id} is no uid or gid`);

  const flags = (pty ? RunFlag.PTY : 0) | (request.stdin ? RunFlag.STDIN : 0) | (user ? RunFlag.USER : 0);
  const fields = new Fields()
    .u16(flags, u16(pty?.cols ?? 0, "cols"), u16(pty?.rows ?? 0, "rows"), argv.length, env.length, 0)
    .u32(user?.uid ?? 0, user?.gid ?? 0, creditBytes, creditBytes)
    .bytes(text(request.cwd ?? "", "the working directory"))
    .u8(0)
    .bytes(text(request.cgroup ?? "", "the cgroup"))
    .u8(0);
  for (const argument of argv) fields.bytes(text(argument, "an argument")).u8(0);
  for (const [name, value] of env) {
    if (name === "" || name.includes("="))
      throw new AgentError("bad-request", `${JSON.stringify(name)} is no variable name`);
    fields.bytes(text(`${name}=${value}`, `the variable ${name}`)).u8(0);
  }
  const payload = fields.done();
  if (payload.length > MAX_REQUEST_BYTES)
    throw new AgentError(
      "bad-request",
      `the command takes ${payload.length} bytes; the agent holds ${MAX_REQUEST_BYTES}`,
    );
  return payload;
}

/** A socket of the guest: a Unix path, or a numeric IP address and port. */
export type Address = { path: string } | { host: string; port: number };

function addressFields(address: Address): { family: number; port: number; text: Uint8Array } {
  if ("path" in address) return { family: Family.UNIX, port: 0, text: text(address.path, "the path") };
  return { family: Family.TCP, port: u16(address.port, "the port"), text: text(address.host, "the host") };
}

export function encodeConnect(address: Address, creditBytes: number): Uint8Array {
  const { family, port, text } = addressFields(address);
  return new Fields().u8(family, 0).u16(port).u32(creditBytes).bytes(text).done();
}

export interface ListenOptions {
  /** Permissions of a Unix socket, as chmod takes them; what the umask leaves otherwise. */
  mode?: number;
  /** Remove a Unix socket that is in the way, as one is whose listener died. */
  replace?: boolean;
  /** Connections that wait to be accepted; 128 when left out. */
  backlog?: number;
}

export function encodeListen(address: Address, options: ListenOptions, creditBytes: number): Uint8Array {
  const { family, port, text } = addressFields(address);
  const flags = (options.replace ? ListenFlag.REPLACE : 0) | (options.mode === undefined ? 0 : ListenFlag.MODE);
  return new Fields()
    .u8(family, flags)
    .u16(port, u16(options.mode ?? 0, "the mode", 0o7777), u16(options.backlog ?? 128, "the backlog"))
    .u32(creditBytes)
    .bytes(text)
    .done();
}

export function encodeResize(cols: number, rows: number): Uint8Array {
  return new Fields().u16(u16(cols, "cols"), u16(rows, "rows")).done();
}

/** @param epochMs milliseconds since 1970; fractions count. */
export function encodeClock(epochMs: number): Uint8Array {
  if (!(epochMs >= 0)) throw new AgentError("bad-request", "the clock starts in 1970");
  // Whole and fractional milliseconds apart: together in nanoseconds they exceed what a double holds exactly.
  const whole = Math.floor(epochMs);
  const nanoseconds = BigInt(whole) * 1_000_000n + BigInt(Math.floor((epochMs - whole) * 1e6));
  return new Fields().u32(Number(nanoseconds & 0xffffffffn), Number(nanoseconds >> 32n)).done();
}

/** What the agent says of itself when a reset is done. */
export interface Hello {
  version: number;
  maxPayloadBytes: number;
  streams: number;
  streamWindowBytes: number;
  maxRequestBytes: number;
  /** Its pid in the guest. */
  pid: number;
  /** What it did to survive a guest without memory or processes; all true in the machine. */
  protections: { memoryLocked: boolean; oomExempt: boolean; ownCgroup: boolean; priority: boolean };
}

/** The nonce and the rest of a `HELLO`; undefined when it is cut short. */
export function decodeHello(payload: Uint8Array): { nonce: Uint8Array; hello: Hello } | undefined {
  if (payload.length !== NONCE_BYTES + 20) return undefined;
  const at = NONCE_BYTES;
  const bits = get16(payload, at + 6);
  return {
    nonce: payload.subarray(0, NONCE_BYTES),
    hello: {
      version: get16(payload, at),
      maxPayloadBytes: get16(payload, at + 2),
      streams: get16(payload, at + 4),
      streamWindowBytes: get32(payload, at + 8),
      maxRequestBytes: get32(payload, at + 12),
      pid: get32(payload, at + 16),
      protections: {
        memoryLocked: (bits & Protection.LOCKED) !== 0,
        oomExempt: (bits & Protection.OOM_EXEMPT) !== 0,
        ownCgroup: (bits & Protection.OWN_CGROUP) !== 0,
        priority: (bits & Protection.PRIORITY) !== 0,
      },
    },
  };
}

/** An `ERROR` frame. `gone` when the stream it names is over. */
export function decodeError(payload: Uint8Array): { error: AgentError; type: number; gone: boolean } {
  const error = AgentError.received(get16(payload, 0), get16(payload, 2), decoder.decode(payload.subarray(6)));
  return { error, type: payload[4], gone: payload[5] === 1 };
}

/** Who connected to a listener. */
export interface Peer {
  /** Process at the other end of a Unix socket when it connected. */
  pid?: number;
  uid?: number;
  gid?: number;
  /** Address of the other end of a TCP connection. */
  host?: string;
  port?: number;
}

export function decodeAccepted(payload: Uint8Array): { listener: number; peer: Peer } {
  const [pid, uid, gid] = [get32(payload, 4), get32(payload, 8), get32(payload, 12)];
  const host = decoder.decode(payload.subarray(18));
  return { listener: get32(payload, 0), peer: host ? { host, port: get16(payload, 16) } : { pid, uid, gid } };
}

/** Bytes of a chunk that frames may fill: a `SYNC` must fit behind them. */
export const CHUNK_ROOM_BYTES = CHUNK_BYTES - HEADER_BYTES;
