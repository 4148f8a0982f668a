import { expect, test } from "vitest";
import {
  CHUNK_BYTES,
  FrameType,
  MAX_PAYLOAD_BYTES,
  NONCE_BYTES,
  PROTOCOL_VERSION,
  RESYNC_BYTES,
  WINDOW_CHUNKS,
} from "../protocol/frame";
import { encodeFrame, encodeU32, FrameDecoder, type Frame } from "./codec";
import { Link } from "./link";
import type { BytePort } from "./port";

/** The guest's end of the wire: what was sent to it, and what a test lets it answer. */
function wire() {
  const chunks: Uint8Array[] = [];
  const frames: Frame[] = [];
  const decoder = new FrameDecoder(
    (frame) => frames.push(frame),
    () => {},
  );
  let receivedBytes = 0;
  const port: BytePort = {
    onbytes: () => {},
    send(bytes) {
      chunks.push(bytes);
      decoder.push(bytes);
      receivedBytes += bytes.length;
    },
  };
  let sentBytes = 0;
  const say = (frame: Uint8Array) => {
    port.onbytes(frame);
    sentBytes += frame.length;
  };
  const hello = (nonce: Uint8Array, version: number = PROTOCOL_VERSION) => {
    const payload = new Uint8Array(NONCE_BYTES + 20);
    payload.set(nonce);
    payload[NONCE_BYTES] = version;
    sentBytes = 0;
    say(encodeFrame(FrameType.HELLO, 0, 0, payload));
  };
  return {
    port,
    chunks,
    frames,
    hello,
    lastNonce: () => frames.findLast((frame) => frame.type === FrameType.RESET)!.payload,
    forget() {
      chunks.length = frames.length = receivedBytes = 0;
    },
    /** Acknowledges `bytes`, or everything, and claims to have sent what it sent, or `more`. */
    acknowledge(bytes = receivedBytes, more = 0) {
      const payload = Uint8Array.from([...encodeU32(bytes), ...encodeU32(sentBytes + more)]);
      say(encodeFrame(FrameType.ACK, 0, 0, payload));
    },
    say,
  };
}

/** A link whose reset was answered. */
async function connected() {
  const guest = wire();
  const link = new Link(guest.port);
  const hello = link.reset();
  guest.hello(guest.lastNonce());
  await hello;
  guest.forget();
  return { guest, link };
}

/** Microtasks that are due have run. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a reset sends zeros, then a nonce, and waits for that nonce", async () => {
  const guest = wire();
  const link = new Link(guest.port);
  const hello = link.reset();
  expect(guest.chunks[0]).toEqual(new Uint8Array(RESYNC_BYTES));
  guest.hello(new Uint8Array(NONCE_BYTES).fill(1));
  expect(link.up).toBe(false);
  guest.hello(guest.lastNonce());
  await expect(hello).resolves.toMatchObject({ version: PROTOCOL_VERSION });
  expect(link.up).toBe(true);
});

test("between frames a reset needs no zeros", async () => {
  const guest = wire();
  const link = new Link(guest.port);
  const hello = link.reset({ betweenFrames: true });
  expect(guest.chunks.length).toBe(1);
  expect(guest.frames.map(({ type }) => type)).toEqual([FrameType.RESET]);
  guest.hello(guest.lastNonce());
  await hello;
});

test("an agent that announces itself during a reset is asked again, since it never saw the question", async () => {
  const guest = wire();
  const link = new Link(guest.port);
  const hello = link.reset();
  const first = guest.lastNonce();
  guest.hello(new Uint8Array(NONCE_BYTES));
  const second = guest.lastNonce();
  expect(second).not.toEqual(first);
  guest.hello(first);
  expect(link.up).toBe(false);
  guest.hello(second);
  await hello;
});

test("an agent of another version is refused", async () => {
  const guest = wire();
  const link = new Link(guest.port);
  const hello = link.reset();
  guest.hello(guest.lastNonce(), PROTOCOL_VERSION + 1);
  await expect(hello).rejects.toMatchObject({ code: "lost" });
});

test("an agent that announces itself later has restarted", async () => {
  const { guest, link } = await connected();
  const lost: string[] = [];
  link.onlost = (error) => lost.push(error.code);
  guest.hello(new Uint8Array(NONCE_BYTES));
  expect(lost).toEqual(["lost"]);
  expect(link.up).toBe(false);
});

test("frames of one turn leave in one chunk", async () => {
  const { guest, link } = await connected();
  for (let stream = 1; stream <= 20; stream++) link.send(encodeFrame(FrameType.CLOSE, 0, stream));
  await settled();
  expect(guest.chunks).toHaveLength(1);
  expect(guest.frames).toHaveLength(20);
});

test("no more than the window is on its way unacknowledged, and an acknowledgement was asked for by then", async () => {
  const { guest, link } = await connected();
  const frame = encodeFrame(FrameType.DATA, 0, 1, new Uint8Array(MAX_PAYLOAD_BYTES).fill(1));
  for (let i = 0; i < 3 * WINDOW_CHUNKS; i++) link.send(frame);
  await settled();
  expect(guest.chunks).toHaveLength(WINDOW_CHUNKS);
  expect(guest.chunks.every((chunk) => chunk.length <= CHUNK_BYTES)).toBe(true);
  expect(guest.frames.at(-1)).toMatchObject({ type: FrameType.SYNC });

  guest.acknowledge();
  await settled();
  expect(guest.chunks).toHaveLength(2 * WINDOW_CHUNKS);
});

test("a chunk that is only partly acknowledged still counts", async () => {
  const { guest, link } = await connected();
  for (let i = 0; i < 2 * WINDOW_CHUNKS; i++)
    link.send(encodeFrame(FrameType.DATA, 0, 1, new Uint8Array(MAX_PAYLOAD_BYTES)));
  await settled();
  guest.acknowledge(guest.chunks[0].length - 1);
  await settled();
  expect(guest.chunks).toHaveLength(WINDOW_CHUNKS);
  guest.acknowledge(guest.chunks[0].length);
  await settled();
  expect(guest.chunks).toHaveLength(WINDOW_CHUNKS + 1);
});

test("what arrives between a reset and its answer belongs to the time before, and is not handed on", async () => {
  const { guest, link } = await connected();
  const seen: number[] = [];
  link.onframe = (frame) => seen.push(frame.stream);
  const hello = link.reset();
  guest.port.onbytes(encodeFrame(FrameType.DATA, 1, 7, Uint8Array.of(1)));
  guest.port.onbytes(encodeFrame(FrameType.DATA, 1, 7, new Uint8Array(500)).subarray(0, 100));
  guest.port.onbytes(new Uint8Array(RESYNC_BYTES));
  guest.hello(guest.lastNonce());
  await hello;
  guest.port.onbytes(encodeFrame(FrameType.DATA, 1, 8, Uint8Array.of(1)));
  expect(seen).toEqual([8]);
});

test("a link that cannot be understood is lost, not guessed at", async () => {
  const { guest, link } = await connected();
  const lost: string[] = [];
  link.onlost = (error) => lost.push(error.message);
  guest.port.onbytes(Uint8Array.of(FrameType.DATA, 1, 0xff, 0xff, 1, 0, 0, 0));
  expect(lost).toHaveLength(1);
});

test("frames that the guest sent and nobody received are noticed at the next acknowledgement", async () => {
  const { guest, link } = await connected();
  const lost: string[] = [];
  link.onlost = (error) => lost.push(error.message);
  guest.say(encodeFrame(FrameType.DATA, 1, 1, Uint8Array.of(1)));
  guest.acknowledge();
  expect(lost).toEqual([]);
  guest.acknowledge(0, 20);
  expect(lost).toHaveLength(1);
});
