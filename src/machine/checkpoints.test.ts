import { expect, test } from "vitest";
import { newSeed, random } from "../../tests/support/hostile";
import type { SavedState } from "../protocol/machine";
import { Checkpoints } from "./checkpoints";

const PAGE = 4096;

/** A state as v86 lays it out: pages of memory behind a description of any length. */
function state(description: string, pages: number[]): SavedState {
  const about = new TextEncoder().encode(JSON.stringify({ buffer_infos: [{ offset: 0 }, { offset: 8 }], description }));
  const base = (16 + about.length + 3) & ~3;
  const bytes = new Uint8Array(base + 8 + pages.length * PAGE);
  new DataView(bytes.buffer).setUint32(12, about.length, true);
  bytes.set(about, 16);
  pages.forEach((page, at) => bytes.fill(page, base + 8 + at * PAGE, base + 8 + (at + 1) * PAGE));
  return { build: "b", savedAt: pages[0], screens: [], bytes: bytes.buffer };
}

const kib = (checkpoints: Checkpoints<unknown>): number => Math.round(checkpoints.sizeBytes / 1024);

test("what several have in common is kept once, wherever it lies", () => {
  const checkpoints = new Checkpoints<number>();
  checkpoints.keep(0, state("short", [1, 2, 3, 4]));
  expect(kib(checkpoints)).toBe(16);
  // One page more in the middle, and a description of another length.
  checkpoints.keep(1, state("a longer description than that", [1, 2, 9, 3, 4]));
  expect(kib(checkpoints)).toBe(20);
});

test("each comes back as it was, and a slot may be used again", () => {
  const seed = newSeed();
  const next = random(seed);
  const checkpoints = new Checkpoints<number>();
  const kept = new Map<number, SavedState>();
  for (let round = 0; round < 200; round++) {
    const slot = Math.floor(next() * 5);
    if (next() < 0.2) {
      checkpoints.forget(slot);
      kept.delete(slot);
    } else {
      const pages = Array.from({ length: Math.floor(next() * 20) }, () => Math.floor(next() * 6));
      const saved = state("x".repeat(Math.floor(next() * 50)), pages);
      checkpoints.keep(slot, saved);
      kept.set(slot, saved);
    }
    for (let each = 0; each < 5; each++)
      expect(checkpoints.get(each), `seed ${seed}, round ${round}`).toEqual(kept.get(each));
  }
  for (let slot = 0; slot < 5; slot++) checkpoints.forget(slot);
  expect(checkpoints.sizeBytes).toBe(0);
});

test("what is no state of that form is kept all the same", () => {
  const checkpoints = new Checkpoints<string>();
  const odd = { build: "b", savedAt: 0, screens: [], bytes: new Uint8Array(10_001).fill(7).buffer };
  checkpoints.keep("odd", odd);
  expect(checkpoints.get("odd")).toEqual(odd);
});
