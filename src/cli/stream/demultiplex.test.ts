import { expect, test } from "vitest";
import { concat, frame } from "../../../tests/support/engine/recorder";
import { demultiplex } from "./demultiplex";

const streamOf = (chunks: Uint8Array[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });

const read = async (chunks: Uint8Array[]) => {
  let out = "";
  let err = "";
  const decode = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
  await demultiplex(
    streamOf(chunks),
    async (bytes) => void (out += decode(bytes)),
    async (bytes) => void (err += decode(bytes)),
  );
  return { out, err };
};

test("frames are told apart wherever the stream is cut", async () => {
  const whole = concat(frame(1, "one "), frame(2, "trouble "), frame(1, ""), frame(0, "two "), frame(1, "three"));
  for (let size = 1; size <= whole.length; size++) {
    const chunks = [];
    for (let at = 0; at < whole.length; at += size) chunks.push(whole.subarray(at, at + size));
    expect(await read(chunks)).toEqual({ out: "one two three", err: "trouble " });
  }
});

test("an error of the engine within the stream is a failure in its words", async () => {
  await expect(read([frame(1, "out"), frame(3, "disk full")])).rejects.toThrow(
    "error from daemon in stream: disk full",
  );
});

test("a frame of no known stream is refused", async () => {
  await expect(read([frame(9, "x")])).rejects.toThrow("Unrecognized input header: 9");
});
