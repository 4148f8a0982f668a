import { expect, test } from "vitest";
import { logLines, parseLog } from "./log-file";

/** A piece as `guest/boxd/log.c` writes it. */
function piece(stream: number, at: bigint, text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  const whole = new Uint8Array(16 + bytes.length);
  const view = new DataView(whole.buffer);
  view.setUint8(0, stream);
  view.setUint32(4, bytes.length, true);
  view.setBigUint64(8, at, true);
  whole.set(bytes, 16);
  return whole;
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const file = new Uint8Array([...piece(1, 1n, "one\ntw"), ...piece(2, 2n, "bad\n"), ...piece(1, 3n, "o\nrest")]);

test("pieces are told apart by stream and time; one that is cut short is left out", () => {
  expect(parseLog(file).map(({ stream, at, bytes }) => [stream, at, text(bytes)])).toEqual([
    ["stdout", 1n, "one\ntw"],
    ["stderr", 2n, "bad\n"],
    ["stdout", 3n, "o\nrest"],
  ]);
  expect(parseLog(file.slice(0, -1))).toHaveLength(2);
  expect(parseLog(file.slice(0, 10))).toHaveLength(0);
});

test("a line that came in two pieces is one line, with the time of the first", () => {
  expect(logLines(parseLog(file)).map(({ stream, at, bytes }) => [stream, at, text(bytes)])).toEqual([
    ["stdout", 1n, "one\n"],
    ["stdout", 1n, "two\n"],
    ["stderr", 2n, "bad\n"],
    ["stdout", 3n, "rest"],
  ]);
});
