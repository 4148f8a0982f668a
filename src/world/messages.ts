/** Messages of the wire between `docker` in the guest and the command line outside (`protocol/command-line.ts`). */
import { MESSAGE_MAX_BYTES, Terminal } from "../protocol/command-line";

export interface Message {
  type: number;
  body: Uint8Array;
}

/** What the guest's side begins with. */
export interface Greeting {
  argv: string[];
  cwd: string;
  env: Record<string, string>;
  terminal: { stdin: boolean; stdout: boolean; stderr: boolean };
  cols: number;
  rows: number;
}

const HEAD_BYTES = 4;
const decoder = new TextDecoder();

/** The messages of a stream, until it ends. @throws Error for what is no message */
export async function* readMessages(stream: ReadableStream<Uint8Array>): AsyncGenerator<Message> {
  let held = new Uint8Array(0);
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      held = held.length === 0 ? value.slice() : joined(held, value);
      for (;;) {
        if (held.length < HEAD_BYTES) break;
        const length = new DataView(held.buffer, held.byteOffset).getUint32(0, true);
        if (length < 1 || length > MESSAGE_MAX_BYTES) throw new Error(`a message of ${length} bytes is none of ours`);
        if (held.length < HEAD_BYTES + length) break;
        const body = held.slice(HEAD_BYTES + 1, HEAD_BYTES + length);
        const type = held[HEAD_BYTES];
        held = held.subarray(HEAD_BYTES + length);
        yield { type, body };
      }
    }
  } finally {
    reader.releaseLock();
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}

/** @param parts of the body */
export function encodeMessage(type: number, ...parts: Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 1);
  const whole = new Uint8Array(HEAD_BYTES + length);
  new DataView(whole.buffer).setUint32(0, length, true);
  whole[HEAD_BYTES] = type;
  let at = HEAD_BYTES + 1;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** @throws Error for a greeting that breaks off */
export function decodeGreeting(body: Uint8Array): Greeting {
  if (body.length < 7) throw new Error("the greeting breaks off");
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const bits = view.getUint8(0);
  const [cols, rows, count] = [1, 3, 5].map((at) => view.getUint16(at, true));
  const texts = decoder.decode(body.subarray(7)).split("\0").slice(0, -1);
  if (texts.length < count + 1) throw new Error("the greeting breaks off");
  const variables = texts.slice(count + 1).filter((text) => text.includes("="));
  return {
    argv: texts.slice(0, count),
    cwd: texts[count],
    env: Object.fromEntries(
      variables.map((text) => [text.slice(0, text.indexOf("=")), text.slice(text.indexOf("=") + 1)]),
    ),
    terminal: {
      stdin: (bits & Terminal.STDIN) !== 0,
      stdout: (bits & Terminal.STDOUT) !== 0,
      stderr: (bits & Terminal.STDERR) !== 0,
    },
    cols,
    rows,
  };
}

export function decodeSize(body: Uint8Array): { cols: number; rows: number } {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  return { cols: view.getUint16(0, true), rows: view.getUint16(2, true) };
}
