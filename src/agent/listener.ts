import { FrameType } from "../protocol/frame";
import { encodeFrame, get16, type Frame } from "./codec";
import { AgentError } from "./error";
import type { Link } from "./link";

/** A socket in the guest that accepts connections. */
export class Listener {
  /** The TCP port, also when 0 was asked for; 0 of a Unix socket. */
  port = 0;
  /** Resolves when the listener is gone: closed here, or lost with a reset. */
  readonly closed: Promise<void>;

  #link: Link;
  #id: number;
  #forget: () => void;
  #done = false;
  #closed!: () => void;
  #listening: { resolve(listener: Listener): void; reject(error: AgentError): void };

  /** Made by `Agent.listen`; `listening` settles its promise. */
  constructor(
    link: Link,
    id: number,
    forget: () => void,
    listening: { resolve(listener: Listener): void; reject(error: AgentError): void },
  ) {
    this.#link = link;
    this.#id = id;
    this.#forget = forget;
    this.#listening = listening;
    this.closed = new Promise((resolve) => (this.#closed = resolve));
  }

  /** Stops listening and removes the Unix socket. Accepted connections stay. */
  close() {
    if (this.#done) return;
    this.#link.send(encodeFrame(FrameType.CLOSE, 0, this.#id));
    this.fail(new AgentError("cancelled", "the listener was closed here"));
  }

  receive(frame: Frame) {
    if (frame.type !== FrameType.OPENED) return;
    this.port = get16(frame.payload, 0);
    this.#listening.resolve(this);
  }

  fail(error: AgentError) {
    this.#done = true;
    this.#listening.reject(error);
    this.#closed();
    this.#forget();
  }
}
