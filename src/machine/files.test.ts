import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { MachineFile } from "../protocol/manifest";
import { MachineError } from "./failure";
import { fetchFile, isUnpacked, sha256, type Source } from "./files";

const CONTENT = new TextEncoder().encode("kernel");
const FILE: MachineFile = {
  path: "kernel-1.zst",
  sizeBytes: CONTENT.length,
  sha256: createHash("sha256").update(CONTENT).digest("hex"),
};

/** Answers each read with the next of `answers`. */
function source(...answers: Uint8Array<ArrayBuffer>[]): Source & { fresh: boolean[] } {
  const fresh: boolean[] = [];
  return {
    fresh,
    manifest: () => Promise.reject(new Error("not asked for")),
    read: async (_file, _onbytes, isFresh) => {
      fresh.push(isFresh);
      return answers.shift()!;
    },
  };
}

async function failureOf(promise: Promise<unknown>) {
  const error = await promise.catch((thrown: unknown) => thrown);
  if (!(error instanceof MachineError)) throw new Error(`expected a MachineError, got ${String(error)}`);
  return error.failure;
}

test("the hash of a file is the one the operating system's tools print", async () => {
  expect(await sha256(CONTENT)).toBe(FILE.sha256);
});

test("a file that matches is fetched once", async () => {
  const from = source(CONTENT);
  expect(await fetchFile(from, FILE)).toEqual(CONTENT);
  expect(from.fresh).toEqual([false]);
});

test("a damaged copy is fetched once more, past the cache", async () => {
  const from = source(new TextEncoder().encode("kernal"), CONTENT);
  expect(await fetchFile(from, FILE)).toEqual(CONTENT);
  expect(from.fresh).toEqual([false, true]);
});

test("a file with another hash twice is refused by name", async () => {
  const wrong = new TextEncoder().encode("kernal");
  const failure = await failureOf(fetchFile(source(wrong, wrong), FILE));
  expect(failure.code).toBe("file-damaged");
  expect(failure.what).toContain("kernel-1.zst");
});

test("a truncated file is refused with both sizes", async () => {
  const short = CONTENT.slice(0, 3);
  const failure = await failureOf(fetchFile(source(short, short), FILE));
  expect(failure.code).toBe("file-damaged");
  expect(failure.what).toContain("3 bytes, expected 6");
});

test("a kept snapshot counts only when it is this build's, and whole", async () => {
  const unpacked = { sizeBytes: CONTENT.length, sha256: FILE.sha256 };
  const snapshot = { ...FILE, sha256: "of the packed bytes", build: "b", screens: [], unpacked };
  expect(await isUnpacked(CONTENT, snapshot)).toBe(true);
  expect(await isUnpacked(CONTENT.slice(1), snapshot)).toBe(false);
  expect(await isUnpacked(new TextEncoder().encode("kernal"), snapshot)).toBe(false);
});
