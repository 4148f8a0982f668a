import { execFileSync, spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { concat, readAll, streamOf } from "./bytes";
import { CompressionError } from "./compression-error";
import { compressionOf, decompress, gzip } from "./compression";

const SEED = Number(process.env.SEED ?? 7);
/** Text of some repetition, of `size` bytes. */
function sample(size: number): Uint8Array {
  let state = SEED;
  return Uint8Array.from({ length: size }, (_, at) => {
    if (at % 8 === 0) state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 24) & (at % 8 < 4 ? 0x0f : 0x7f);
  });
}
const SAMPLE = sample(1_000_000);
const MAX = 1 << 27;
const out = (bytes: Uint8Array) => readAll(decompress(streamOf([bytes])), MAX);
const run = (command: string, args: string[], input: Uint8Array) =>
  execFileSync(command, args, { input, maxBuffer: MAX });
const noZstd = Boolean(spawnSync("zstd", ["--version"]).error);

test(`reads what gzip writes (seed ${SEED})`, async () => {
  expect(Buffer.compare(await out(run("gzip", ["-c"], SAMPLE)), SAMPLE)).toBe(0);
});

test("gzip reads what we write", async () => {
  const ours = await readAll(gzip(streamOf([SAMPLE.subarray(0, 1000), SAMPLE.subarray(1000)])), MAX);
  expect(Buffer.compare(run("gzip", ["-dc"], ours), SAMPLE)).toBe(0);
});

test("gzip of the same bytes is the same, and says no time", async () => {
  const once = await readAll(gzip(streamOf([SAMPLE])), MAX);
  expect(Buffer.compare(await readAll(gzip(streamOf([SAMPLE])), MAX), once)).toBe(0);
  expect([...once.subarray(4, 8)]).toEqual([0, 0, 0, 0]);
});

test("gzip of several members, as eStargz layers are, is read to its end", async () => {
  const members = [0, 1, 2].map((n) => run("gzip", ["-c"], SAMPLE.subarray(n * 1000, (n + 1) * 1000)));
  expect(Buffer.compare(await out(concat(members)), SAMPLE.subarray(0, 3000))).toBe(0);
});

test.skipIf(noZstd)("reads what zstd writes, in one frame or several, with skippable ones between", async () => {
  const skippable = Uint8Array.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  const frames = concat([
    skippable,
    run("zstd", ["-c", "-19"], SAMPLE),
    skippable,
    run("zstd", ["-c", "--no-check"], SAMPLE),
  ]);
  expect(Buffer.compare(await out(frames), concat([SAMPLE, SAMPLE]))).toBe(0);
});

test("what is not compressed passes unchanged, however short", async () => {
  for (const length of [0, 1, 3, 4, 70_000]) {
    expect(Buffer.compare(await out(SAMPLE.subarray(0, length)), SAMPLE.subarray(0, length))).toBe(0);
  }
});

test.each(noZstd ? ["gzip"] : ["gzip", "zstd"])("%s data that is cut off anywhere is an error", async (tool) => {
  const whole = run(tool, ["-c"], SAMPLE.subarray(0, 3000));
  for (let length = 4; length < whole.length; length += 13) {
    await expect(out(whole.subarray(0, length)), `cut at ${length}`).rejects.toBeInstanceOf(CompressionError);
  }
  await expect(out(whole.subarray(0, whole.length - 1))).rejects.toBeInstanceOf(CompressionError);
});

test("a changed byte of gzip data is found", async () => {
  const whole = run("gzip", ["-c", "-1"], SAMPLE);
  whole[whole.length >> 1] ^= 0x10;
  await expect(out(whole)).rejects.toBeInstanceOf(CompressionError);
});

test("a bomb is refused by its ratio, before it is in memory", async () => {
  const bomb = run("gzip", ["-c"], new Uint8Array(100_000_000));
  const error = await out(bomb).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CompressionError);
  expect(error).toMatchObject({ code: "bomb", message: expect.stringContaining("200 times") });
});

test("content is refused beyond a total", async () => {
  const whole = run("gzip", ["-c"], SAMPLE);
  await expect(readAll(decompress(streamOf([whole]), { maxBytes: 999_999 }), MAX)).rejects.toMatchObject({
    code: "bomb",
  });
});

test("a zstd frame that asks for a window of a gigabyte is refused before it gets one", async () => {
  const frame = Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 20 << 3, 0x01, 0, 0, ...new Uint8Array(20)]);
  await expect(out(frame)).rejects.toMatchObject({ code: "bomb", message: expect.stringContaining("window") });
});

test("a zstd bomb of repeated bytes is refused", async () => {
  // Blocks of type RLE: four bytes each become 128 KiB.
  const rle = (isLast: boolean) => {
    const header = (131072 << 3) | (1 << 1) | (isLast ? 1 : 0);
    return [header & 255, (header >> 8) & 255, header >> 16, 0];
  };
  const blocks = Array.from({ length: 2000 }, (_, n) => rle(n === 1999)).flat();
  const frame = Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 10 << 3, ...blocks]);
  await expect(out(frame)).rejects.toMatchObject({ code: "bomb" });
});

test("compression is told by the first bytes", () => {
  expect(compressionOf(Uint8Array.of(0x1f, 0x8b, 8, 0))).toBe("gzip");
  expect(compressionOf(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd))).toBe("zstd");
  expect(compressionOf(Uint8Array.of(0x75, 0x73))).toBe("none");
});
