import { FrameType, MAX_ENTROPY_BYTES, MAX_PAYLOAD_BYTES } from "../protocol/frame";
import type { RunRequest, RunResult } from "../protocol/machine";
import {
  decodeAccepted,
  decodeError,
  encodeClock,
  encodeConnect,
  encodeFrame,
  encodeListen,
  encodeRun,
  type Address,
  type Frame,
  type Hello,
  type ListenOptions,
} from "./codec";
import { AgentError } from "./error";
import { Inlet } from "./inlet";
import { Link } from "./link";
import { Listener } from "./listener";
import type { BytePort } from "./port";
import { Process } from "./process";
import { Stream } from "./stream";

const SIGKILL = 9;

/** What frames of one stream, or the answer to one request, are handed to. */
interface Endpoint {
  receive(frame: Frame): void;
  fail(error: AgentError): void;
}

/**
 * The host's side of the in-guest agent. `reset` first, and again after every restore of a snapshot: until it resolves,
 * everything else is refused with `not-ready`. Whatever is pending when the link is reset or lost rejects and says why.
 */
export class Agent {
  /** The agent restarted or cannot be understood: everything pending was rejected, and `reset` is due. */
  onlost: (error: AgentError) => void = () => {};
  /** The agent complained about a frame in a way that ends no stream. `type` is the frame's (`FrameType`). */
  onfault: (error: AgentError, stream: number, type: number) => void = () => {};

  #link: Link;
  #endpoints = new Map<number, Endpoint>();
  #acceptors = new Map<number, (stream: Stream) => void>();
  #lastId = 0;

  constructor(port: BytePort) {
    this.#link = new Link(port);
    this.#link.onframe = (frame) => this.#receive(frame);
    this.#link.onlost = (error) => {
      this.#failAll(error);
      this.onlost(error);
    };
  }

  /**
   * Makes a fresh start with the guest's agent: it kills what it runs, closes what it holds and greets. Waits for an agent
   * that has not started yet, without a time limit. `options` are those of `Link.reset`.
   */
  reset(options?: { betweenFrames?: boolean }): Promise<Hello> {
    const hello = this.#link.reset(options);
    this.#lastId = 0;
    this.#failAll(
      new AgentError("reset", "the link to the guest was reset; commands and connections of before are gone"),
    );
    return hello;
  }

  /** The guest is gone: everything pending rejects with `lost`, and `reset` is due before anything else. */
  abandon(why: string) {
    this.#link.down();
    this.#failAll(new AgentError("lost", why));
  }

  /**
   * Starts a command. What is wrong with it arrives through its promises.
   *
   * @throws AgentError `bad-request` or `not-ready`; nothing was sent then.
   */
  run(request: RunRequest): Process {
    this.#requireUp();
    const payload = encodeRun(request, Inlet.WINDOW_BYTES);
    const id = ++this.#lastId;
    const process = new Process(this.#link, id, request, () => this.#endpoints.delete(id));
    this.#endpoints.set(id, process);
    for (let at = 0; at < payload.length; at += MAX_PAYLOAD_BYTES) {
      const more = at + MAX_PAYLOAD_BYTES < payload.length;
      this.#link.send(encodeFrame(FrameType.RUN, more ? 1 : 0, id, payload.subarray(at, at + MAX_PAYLOAD_BYTES)));
    }
    return process;
  }

  /** Runs a command to its end, with `stdin` as its whole input. */
  execute(request: RunRequest, stdin?: Uint8Array): Promise<RunResult> {
    try {
      return this.run(stdin ? { ...request, stdin: true } : request).collect(stdin);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Connects to a Unix or TCP socket as seen from the guest. Bytes may be written before it is `opened`. */
  connect(address: Address): Stream {
    this.#requireUp();
    const payload = encodeConnect(address, Inlet.WINDOW_BYTES);
    const id = ++this.#lastId;
    const stream = new Stream(this.#link, id, () => this.#endpoints.delete(id));
    this.#endpoints.set(id, stream);
    this.#link.send(encodeFrame(FrameType.CONNECT, 0, id, payload));
    return stream;
  }

  /** Listens in the guest; each connection is handed to `onconnection`. Rejects with `socket` and the errno. */
  async listen(
    address: Address,
    onconnection: (stream: Stream) => void,
    options: ListenOptions = {},
  ): Promise<Listener> {
    this.#requireUp();
    const payload = encodeListen(address, options, Inlet.WINDOW_BYTES);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const forget = () => {
        this.#endpoints.delete(id);
        this.#acceptors.delete(id);
      };
      this.#endpoints.set(id, new Listener(this.#link, id, forget, { resolve, reject }));
      this.#acceptors.set(id, onconnection);
      this.#link.send(encodeFrame(FrameType.LISTEN, 0, id, payload));
    });
  }

  /** Sets the guest's real-time clock. @param epochMs milliseconds since 1970, as `Date.now()` */
  async setClock(epochMs: number): Promise<void> {
    return this.#request(FrameType.CLOCK, encodeClock(epochMs));
  }

  /** Mixes random bytes into the guest's random generator, credits them in full and has it reseed at once. */
  async reseed(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0 || bytes.length > MAX_ENTROPY_BYTES)
      throw new AgentError("bad-request", `entropy comes in 1 to ${MAX_ENTROPY_BYTES} bytes`);
    return this.#request(FrameType.RESEED, bytes);
  }

  /** Sends a signal (default SIGKILL) to every process of the guest but init and the agent. Needs no fork in the guest. */
  async killAll(signal = SIGKILL): Promise<void> {
    return this.#request(FrameType.KILL_ALL, Uint8Array.of(signal));
  }

  async #request(type: number, payload: Uint8Array): Promise<void> {
    this.#requireUp();
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#endpoints.set(id, {
        receive: () => {
          this.#endpoints.delete(id);
          resolve();
        },
        fail: (error) => {
          this.#endpoints.delete(id);
          reject(error);
        },
      });
      this.#link.send(encodeFrame(type, 0, id, payload));
    });
  }

  #requireUp() {
    if (!this.#link.up) throw new AgentError("not-ready", "the guest's agent has not answered a reset yet");
  }

  #receive(frame: Frame) {
    if (frame.type === FrameType.ERROR) return this.#error(frame);
    if (frame.type === FrameType.ACCEPTED) return this.#accepted(frame);
    // Frames of a stream that ended here meanwhile mean nothing any more.
    this.#endpoints.get(frame.stream)?.receive(frame);
  }

  #error(frame: Frame) {
    const { error, type, gone } = decodeError(frame.payload);
    const endpoint = this.#endpoints.get(frame.stream);
    if (gone && endpoint) endpoint.fail(error);
    else this.onfault(error, frame.stream, type);
  }

  #accepted(frame: Frame) {
    const { listener, peer } = decodeAccepted(frame.payload);
    const id = frame.stream;
    const stream = new Stream(this.#link, id, () => this.#endpoints.delete(id), peer);
    this.#endpoints.set(id, stream);
    const accept = this.#acceptors.get(listener);
    if (accept) accept(stream);
    else stream.close(); // The listener was closed while the connection was on its way.
  }

  #failAll(error: AgentError) {
    const endpoints = [...this.#endpoints.values()];
    this.#endpoints.clear();
    this.#acceptors.clear();
    for (const endpoint of endpoints) endpoint.fail(error);
  }
}
