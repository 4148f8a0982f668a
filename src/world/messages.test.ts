import { expect, test } from "vitest";
import { MESSAGE_MAX_BYTES, Order, PIECE_MAX_BYTES, Report, Terminal } from "../protocol/command-line";
import { decodeGreeting, encodeMessage, readMessages } from "./messages";
import { openOutbox } from "./outbox";

const utf8 = new TextEncoder();

const stream = (...chunks: Uint8Array[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}

test("messages are found however the stream is cut", async () => {
  const bytes = [encodeMessage(Report.INPUT, utf8.encode("abc")), encodeMessage(Report.SIGNAL, Uint8Array.of(2))];
  const whole = new Uint8Array([...bytes[0], ...bytes[1]]);
  for (let cut = 0; cut <= whole.length; cut++) {
    const found = await all(readMessages(stream(whole.slice(0, cut), whole.slice(cut))));
    expect(found.map(({ type, body }) => [type, ...body])).toEqual([
      [Report.INPUT, 97, 98, 99],
      [Report.SIGNAL, 2],
    ]);
  }
});

test("what is no message of ours ends the reading", async () => {
  const long = new Uint8Array(4);
  new DataView(long.buffer).setUint32(0, MESSAGE_MAX_BYTES + 1, true);
  await expect(all(readMessages(stream(long)))).rejects.toThrow("is none of ours");
  await expect(all(readMessages(stream(new Uint8Array(4))))).rejects.toThrow("is none of ours");
});

test("a greeting has arguments, directory, variables and terminal", () => {
  const head = Uint8Array.of(Terminal.STDIN | Terminal.STDERR, 80, 0, 24, 0, 2, 0);
  const texts = utf8.encode("docker\0ps\0/root\0A=b=c\0EMPTY=\0odd\0");
  expect(decodeGreeting(new Uint8Array([...head, ...texts]))).toEqual({
    argv: ["docker", "ps"],
    cwd: "/root",
    env: { A: "b=c", EMPTY: "" },
    terminal: { stdin: true, stdout: false, stderr: true },
    cols: 80,
    rows: 24,
  });
  expect(() => decodeGreeting(head)).toThrow("breaks off");
  expect(() => decodeGreeting(new Uint8Array(3))).toThrow("breaks off");
});

test("output line by line leaves in few messages, in order with everything else", async () => {
  const chunks: Uint8Array[] = [];
  const outbox = openOutbox(new WritableStream({ write: (bytes) => void chunks.push(bytes) }));
  for (let line = 0; line < 1000; line++) void outbox.send(Order.OUTPUT, utf8.encode(`${line}\n`));
  await outbox.send(Order.RAW, Uint8Array.of(1));
  await outbox.send(Order.OUTPUT, utf8.encode("end"));
  await outbox.close();
  const messages = await all(readMessages(stream(...chunks)));
  expect(messages.map(({ type }) => type)).toEqual([Order.OUTPUT, Order.RAW, Order.OUTPUT]);
  expect(new TextDecoder().decode(messages[0].body).split("\n")).toHaveLength(1001);
});

test("long output is cut into pieces that the guest takes", async () => {
  const chunks: Uint8Array[] = [];
  const outbox = openOutbox(new WritableStream({ write: (bytes) => void chunks.push(bytes) }));
  await outbox.send(Order.OUTPUT, new Uint8Array(3 * PIECE_MAX_BYTES + 1));
  await outbox.close();
  const messages = await all(readMessages(stream(...chunks)));
  expect(messages.map(({ body }) => body.length)).toEqual([PIECE_MAX_BYTES, PIECE_MAX_BYTES, PIECE_MAX_BYTES, 1]);
});

test("who has gone is known to who writes", async () => {
  const outbox = openOutbox(
    new WritableStream({
      write: () => {
        throw new Error("gone");
      },
    }),
  );
  await expect(outbox.send(Order.OUTPUT, new Uint8Array(9 * PIECE_MAX_BYTES))).rejects.toThrow("gone");
});
