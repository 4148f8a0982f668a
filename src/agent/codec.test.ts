import { expect, test } from "vitest";
import { FrameType, HEADER_BYTES, MAX_PAYLOAD_BYTES, MAX_REQUEST_BYTES, RESYNC_BYTES } from "../protocol/frame";
import { encodeClock, encodeFrame, encodeListen, encodeRun, FrameDecoder, get32, type Frame } from "./codec";

/** Decodes `pieces` one after another. */
function decode(...pieces: Uint8Array[]) {
  const frames: Frame[] = [];
  const tooLong: number[] = [];
  const decoder = new FrameDecoder(
    (frame) => frames.push(frame),
    (_frame, length) => tooLong.push(length),
  );
  for (const piece of pieces) decoder.push(piece);
  return { frames, tooLong };
}

function join(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** A small generator with a seed (mulberry32), so that a failure can be repeated. */
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

test("a frame is a header of eight bytes, little-endian, and its payload", () => {
  expect([...encodeFrame(FrameType.DATA, 1, 0x80000102, Uint8Array.of(7, 8, 9))]).toEqual([
    FrameType.DATA,
    1,
    3,
    0,
    0x02,
    0x01,
    0x00,
    0x80,
    7,
    8,
    9,
  ]);
});

test("a payload that no frame may carry is refused", () => {
  expect(() => encodeFrame(FrameType.DATA, 0, 1, new Uint8Array(MAX_PAYLOAD_BYTES + 1))).toThrow(RangeError);
});

test("frames come out as they went in, however the bytes are cut", () => {
  const seed = (Math.random() * 2 ** 32) >>> 0;
  const next = random(seed);
  const sent = Array.from({ length: 60 }, (_, index) => {
    const payload = Uint8Array.from({ length: Math.floor(next() ** 3 * MAX_PAYLOAD_BYTES) }, () => next() * 256);
    return { type: 1 + Math.floor(next() * 39), channel: index % 3, stream: (next() * 2 ** 32) >>> 0, payload };
  });
  const bytes = join(...sent.map(({ type, channel, stream, payload }) => encodeFrame(type, channel, stream, payload)));
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = 1 + Math.floor(next() ** 4 * 9000);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }

  const { frames } = decode(...pieces);

  expect(
    frames.map((frame) => ({ ...frame, payload: [...frame.payload] })),
    `seed ${seed}`,
  ).toEqual(sent.map((frame) => ({ ...frame, payload: [...frame.payload] })));
});

test("zeros end a frame that was cut short, wherever it was cut", () => {
  const cut = encodeFrame(FrameType.DATA, 1, 5, new Uint8Array(MAX_PAYLOAD_BYTES).fill(1));
  const whole = encodeFrame(FrameType.EXIT, 0, 6, new Uint8Array(12));
  for (const size of [1, 2, 3, HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + 1, 2000, cut.length - 1]) {
    const { frames } = decode(cut.subarray(0, size), new Uint8Array(RESYNC_BYTES), whole);
    expect(frames.at(-1), `cut at ${size}`).toMatchObject({ type: FrameType.EXIT, stream: 6 });
  }
});

test("an over-long frame is reported and skipped; the next one is found", () => {
  const header = Uint8Array.of(FrameType.DATA, 1, 0xff, 0xff, 5, 0, 0, 0);
  const next = encodeFrame(FrameType.DONE, 0, 6);

  const { frames, tooLong } = decode(header, new Uint8Array(0xffff).fill(3), next);

  expect(tooLong).toEqual([0xffff]);
  expect(frames).toMatchObject([{ type: FrameType.DONE, stream: 6 }]);
});

test("zeros end an over-long frame too, before the length it claims", () => {
  const header = Uint8Array.of(FrameType.DATA, 1, 0xff, 0xff, 5, 0, 0, 0);
  for (const cut of [0, 1, 7, 100]) {
    const claimed = join(header, new Uint8Array(cut).fill(9));
    const { frames } = decode(claimed, new Uint8Array(RESYNC_BYTES), encodeFrame(FrameType.HELLO, 0, 0));
    expect(frames.at(-1)).toMatchObject({ type: FrameType.HELLO });
  }
  // A header cut short takes its length from the zeros behind it, and is over-long with some of them.
  const { frames } = decode(
    Uint8Array.of(FrameType.DATA, 1, 0xff, 0xff, 5),
    new Uint8Array(RESYNC_BYTES),
    encodeFrame(FrameType.HELLO, 0, 0),
  );
  expect(frames.at(-1)).toMatchObject({ type: FrameType.HELLO });
});

test("a script is run by the shell, and a short request stays below 128 bytes", () => {
  const payload = encodeRun({ argv: ["true"] }, 1000);
  // Longer input costs the guest another wakeup (`HVC_ATOMIC_READ_MAX` in drivers/tty/hvc/hvc_console.c).
  expect(HEADER_BYTES + payload.length).toBeLessThan(128);
  expect(get32(payload, 20)).toBe(1000);
  const texts = new TextDecoder().decode(
    encodeRun({ script: "echo é", env: { A: "b=c" }, cwd: "/tmp" }, 0).subarray(28),
  );
  expect(texts.split("\0")).toEqual(["/tmp", "", "/bin/sh", "-c", "echo é", "A=b=c", ""]);
});

test.each([
  ["neither argv nor script", {}],
  ["both", { argv: ["a"], script: "b" }],
  ["no words", { argv: [] }],
  ["an empty name", { argv: [""] }],
  ["a NUL in an argument", { argv: ["echo", "a\0b"] }],
  ["a NUL in a variable", { argv: ["env"], env: { A: "\0" } }],
  ["a variable without a name", { argv: ["env"], env: { "": "x" } }],
  ["an = in a variable's name", { argv: ["env"], env: { "A=B": "x" } }],
  ["an empty directory", { argv: ["pwd"], cwd: "" }],
  ["a relative cgroup", { argv: ["true"], cgroup: "a" }],
  ["a uid out of range", { argv: ["id"], user: { uid: 2 ** 32 - 1, gid: 0 } }],
  ["a fractional uid", { argv: ["id"], user: { uid: 1.5, gid: 0 } }],
  ["a terminal of negative width", { argv: ["stty"], pty: { cols: -1, rows: 24 } }],
  ["a request longer than the agent holds", { script: "#".repeat(MAX_REQUEST_BYTES) }],
])("a request with %s is refused before anything is sent", (_what, request) => {
  expect(() => encodeRun(request, 0)).toThrow(expect.objectContaining({ code: "bad-request" }));
});

test("the clock travels in nanoseconds, exactly", () => {
  const epochMs = 1790000000123.25;
  const payload = encodeClock(epochMs);
  const nanoseconds = (BigInt(get32(payload, 4)) << 32n) | BigInt(get32(payload, 0));
  expect(nanoseconds).toBe(1790000000123250000n);
});

test("permissions are sent when given, also when they are none", () => {
  expect(encodeListen({ path: "/run/a" }, { mode: 0 }, 0)[1]).toBe(2);
  expect(encodeListen({ path: "/run/a" }, {}, 0)[1]).toBe(0);
});
