/** The channel beneath the streams: chunks within the guest's window, acknowledgement, resynchronisation. */
import {
  CHUNK_BYTES,
  FrameType,
  HEADER_BYTES,
  NONCE_BYTES,
  PROTOCOL_VERSION,
  RESYNC_BYTES,
  WINDOW_CHUNKS,
} from "../protocol/frame";
import {
  CHUNK_ROOM_BYTES,
  decodeHello,
  encodeFrame,
  FrameDecoder,
  get32,
  writeHeader,
  type Frame,
  type Hello,
} from "./codec";
import { AgentError } from "./error";
import type { BytePort } from "./port";

/** Something that has data to send, a frame at a time and only when there is room for it. */
export interface Source {
  /** Writes a frame of at most `room` bytes at `at`. Returns its size; 0 when nothing can be sent now. */
  fill(target: Uint8Array, at: number, room: number): number;
}

interface Handshake {
  nonce: Uint8Array;
  resolve(hello: Hello): void;
  reject(error: AgentError): void;
}

export class Link {
  /** A frame that concerns a stream or a request. */
  onframe: (frame: Frame) => void = () => {};
  /** The agent restarted or cannot be understood. Nothing arrives any more until `reset` succeeds. */
  onlost: (error: AgentError) => void = () => {};

  #port: BytePort;
  #decoder: FrameDecoder;
  #state: "down" | "resetting" | "up" = "down";
  #handshake?: Handshake;

  #control: Uint8Array[] = [];
  #sources: Source[] = [];
  #flushing = false;

  /** Bytes sent since the reset, modulo 2^32, and where each unacknowledged chunk ended. */
  #sent = 0;
  #outstanding: number[] = [];
  #unasked = 0;
  /** Bytes of the frames received since the greeting, with it, modulo 2^32. */
  #received = 0;

  constructor(port: BytePort) {
    this.#port = port;
    this.#decoder = new FrameDecoder(
      (frame) => this.#receive(frame),
      (frame) => this.#garbled(`a frame of type ${frame.type} is too long`),
    );
    port.onbytes = (bytes) => this.#decoder.push(bytes);
  }

  get up(): boolean {
    return this.#state === "up";
  }

  /**
   * Brings both sides to a fresh start, whatever state either is in. Everything queued is dropped. A call while another is
   * pending rejects that one with `reset`.
   *
   * @param options.betweenFrames No frame to the guest was cut short, for certain: then nothing needs to end it, which
   *   spares the guest 4 KiB of input.
   */
  reset({ betweenFrames = false } = {}): Promise<Hello> {
    this.#handshake?.reject(new AgentError("reset", "another reset followed before the agent answered"));
    this.#state = "resetting";
    this.#control = [];
    this.#sources = [];
    this.#sent = 0;
    this.#outstanding = [];
    this.#unasked = 0;
    return new Promise((resolve, reject) => this.#ask({ resolve, reject }, betweenFrames));
  }

  /** Forgets the other side; frames are dropped until `reset` succeeds. A pending reset rejects with `lost`. */
  down() {
    this.#state = "down";
    this.#control = [];
    this.#sources = [];
    this.#outstanding = [];
    this.#handshake?.reject(new AgentError("lost", "the guest is gone"));
    this.#handshake = undefined;
  }

  /** Asks with a nonce of its own each time, so that the answer to an earlier question is not taken for this one's. */
  #ask(settle: Pick<Handshake, "resolve" | "reject">, betweenFrames = false) {
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    this.#handshake = { ...settle, nonce };
    if (!betweenFrames) this.#port.send(new Uint8Array(RESYNC_BYTES));
    this.#port.send(encodeFrame(FrameType.RESET, 0, 0, nonce));
  }

  /** Queues a frame ahead of all data. Dropped when the link is not up. */
  send(frame: Uint8Array) {
    if (this.#state !== "up") return;
    this.#control.push(frame);
    this.#schedule();
  }

  /** Says that `source` may have something to send; it is asked, in turn with others, until it has no more. */
  offer(source: Source) {
    if (this.#state !== "up" || this.#sources.includes(source)) return;
    this.#sources.push(source);
    this.#schedule();
  }

  #schedule() {
    if (this.#flushing) return;
    this.#flushing = true;
    // One chunk carries everything that is asked for in the same turn.
    queueMicrotask(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush() {
    while (this.#state === "up" && this.#outstanding.length < WINDOW_CHUNKS) {
      const chunk = new Uint8Array(CHUNK_BYTES);
      let size = 0;
      while (this.#control.length && size + this.#control[0].length <= CHUNK_ROOM_BYTES) {
        chunk.set(this.#control[0], size);
        size += this.#control.shift()!.length;
      }
      if (this.#control.length === 0) size = this.#fill(chunk, size);
      if (size === 0) return;
      // Half a window unasked: ask, so that the answer is back before the other half is spent.
      if (++this.#unasked >= WINDOW_CHUNKS / 2) {
        this.#unasked = 0;
        writeHeader(chunk, size, FrameType.SYNC, 0, 0, 0);
        size += HEADER_BYTES;
      }
      this.#sent = (this.#sent + size) >>> 0;
      this.#outstanding.push(this.#sent);
      this.#port.send(chunk.subarray(0, size));
    }
  }

  #fill(chunk: Uint8Array, size: number): number {
    while (this.#sources.length && CHUNK_ROOM_BYTES - size > HEADER_BYTES) {
      const source = this.#sources.shift()!;
      const filled = source.fill(chunk, size, CHUNK_ROOM_BYTES - size);
      size += filled;
      if (filled) this.#sources.push(source);
    }
    return size;
  }

  #receive(frame: Frame) {
    if (frame.type === FrameType.HELLO) return this.#hello(frame);
    if (this.#state !== "up") return; // What is left of the time before the reset.
    if (frame.type === FrameType.ACK) this.#acknowledged(get32(frame.payload, 0), get32(frame.payload, 4));
    else this.onframe(frame);
    this.#count(frame);
  }

  #count(frame: Frame) {
    this.#received = (this.#received + HEADER_BYTES + frame.payload.length) >>> 0;
  }

  #acknowledged(received: number, sent: number) {
    if (sent !== this.#received) return this.#garbled(`of ${sent} bytes, ${this.#received} arrived`);
    while (this.#outstanding.length && ((this.#outstanding[0] - received) | 0) <= 0) this.#outstanding.shift();
    if (this.#control.length || this.#sources.length) this.#schedule();
  }

  #hello(frame: Frame) {
    const decoded = decodeHello(frame.payload);
    if (!decoded) return this.#garbled("the agent's greeting is cut short");
    const announced = decoded.nonce.every((byte) => byte === 0);
    if (this.#state === "resetting" && this.#handshake) {
      // It started after our question, which is lost then.
      if (announced) return this.#ask(this.#handshake);
      if (!decoded.nonce.every((byte, i) => byte === this.#handshake!.nonce[i])) return;
      const { resolve, reject }: Handshake = this.#handshake;
      this.#handshake = undefined;
      if (decoded.hello.version !== PROTOCOL_VERSION) {
        this.#state = "down";
        return reject(
          new AgentError("lost", `the guest's agent speaks version ${decoded.hello.version}, not ${PROTOCOL_VERSION}`),
        );
      }
      this.#state = "up";
      this.#received = 0;
      this.#count(frame);
      return resolve(decoded.hello);
    }
    if (this.#state === "up")
      this.#lose("the agent restarted in the guest; every command and connection of it is gone");
  }

  #garbled(what: string) {
    if (this.#state === "up") this.#lose(`bytes from the guest are lost or changed: ${what}`);
  }

  #lose(what: string) {
    this.#state = "down";
    this.onlost(new AgentError("lost", what));
  }
}
