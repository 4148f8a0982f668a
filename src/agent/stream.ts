import { FrameType } from "../protocol/frame";
import { encodeFrame, encodeU32, get32, type Frame, type Peer } from "./codec";
import { AgentError } from "./error";
import { Inlet } from "./inlet";
import type { Link } from "./link";
import { Outlet } from "./outlet";

/** A connection to a socket in the guest. Either direction ends by itself: closing `writable` leaves `readable` open. */
export class Stream {
  /** Resolves when connected; rejects with `socket` and the errno when it could not be. */
  readonly opened: Promise<void>;
  /** Who connected, when a listener accepted it. */
  readonly peer?: Peer;

  #link: Link;
  #id: number;
  #in: Inlet;
  #out: Outlet;
  #done = false;
  #outEnded = false;
  #forget: () => void;
  #open!: { resolve(): void; reject(error: AgentError): void };

  /** Made by `Agent.connect`, or by a listener (then with a `peer`, and open). */
  constructor(link: Link, id: number, forget: () => void, peer?: Peer) {
    this.#link = link;
    this.#id = id;
    this.#forget = forget;
    this.peer = peer;
    this.opened = new Promise((resolve, reject) => (this.#open = { resolve, reject }));
    this.opened.catch(() => {});
    if (peer) this.#open.resolve();
    this.#in = new Inlet(
      (bytes) => this.#link.send(encodeFrame(FrameType.CREDIT, 1, id, encodeU32(bytes))),
      () => this.#link.send(encodeFrame(FrameType.END, 1, id)),
    );
    this.#out = new Outlet(link, id, () => {
      this.#outEnded = true;
      this.#settle();
    });
  }

  /** What the guest sends; ends when it sends no more. */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#in.readable;
  }

  /** Closing it shuts the connection down for writing. Errors with `closed` when the guest reads no more. */
  get writable(): WritableStream<Uint8Array> {
    return this.#out.writable;
  }

  /** Closes the connection at once; what was not read or sent is lost. */
  close() {
    if (this.#done) return;
    this.#link.send(encodeFrame(FrameType.CLOSE, 0, this.#id));
    this.fail(new AgentError("cancelled", "the connection was closed here"));
  }

  /** A frame of its stream. */
  receive(frame: Frame) {
    switch (frame.type) {
      case FrameType.OPENED:
        this.#open.resolve();
        break;
      case FrameType.DATA:
        this.#in.receive(frame.payload);
        break;
      case FrameType.END:
        if (frame.channel === 1) this.#in.end();
        else {
          this.#outEnded = true;
          this.#out.fail(new AgentError("closed", "the other end of the connection reads no more", 32));
        }
        break;
      case FrameType.CREDIT:
        this.#out.granted(get32(frame.payload, 0));
        break;
    }
    this.#settle();
  }

  #settle() {
    if (this.#done || !this.#in.ended || !this.#outEnded) return;
    this.#done = true;
    this.#forget();
  }

  fail(error: AgentError) {
    this.#done = true;
    this.#open.reject(error);
    this.#in.fail(error);
    this.#out.fail(error);
    this.#forget();
  }
}
