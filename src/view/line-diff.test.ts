import { expect, test } from "vitest";
import { diffLines, foldEqual, type DiffLine } from "./line-diff";

const signs = (lines: DiffLine[]) => lines.map(({ sign, text }) => sign + text);
const without = (lines: DiffLine[], sign: string) => lines.filter((line) => line.sign !== sign).map(({ text }) => text);

test("lines are kept, removed and added", () => {
  expect(signs(diffLines(["a", "b", "c", "d"], ["a", "x", "c", "d", "e"]))).toEqual([
    " a",
    "-b",
    "+x",
    " c",
    " d",
    "+e",
  ]);
  expect(signs(diffLines([], ["a"]))).toEqual(["+a"]);
  expect(signs(diffLines(["a"], []))).toEqual(["-a"]);
  expect(diffLines([], [])).toEqual([]);
});

test("removing and adding makes the one text of the other, in the fewest lines", () => {
  const seed = Date.now() % 1_000_000;
  let state = seed;
  const random = (below: number) => (state = (state * 1103515245 + 12345) % 2147483648) % below;
  for (let round = 0; round < 300; round++) {
    const text = () => Array.from({ length: random(12) }, () => "abc"[random(3)]);
    const before = text();
    const after = text();
    const lines = diffLines(before, after);
    expect(without(lines, "+"), `seed ${seed}`).toEqual(before);
    expect(without(lines, "-"), `seed ${seed}`).toEqual(after);
    const kept = lines.filter(({ sign }) => sign === " ").length;
    expect(kept, `seed ${seed}`).toBe(longestCommon(before, after));
  }
});

/** The length of the longest common subsequence, by the textbook's table. */
function longestCommon(a: string[], b: string[]): number {
  let row = Array.from({ length: b.length + 1 }, () => 0);
  for (const one of a) {
    const next = [0];
    for (let j = 0; j < b.length; j++) next.push(one === b[j] ? row[j] + 1 : Math.max(row[j + 1], next[j]));
    row = next;
  }
  return row[b.length];
}

test("texts that have little in common are replaced, in bounded time", () => {
  const before = Array.from({ length: 20_000 }, (_, index) => `a${index}`);
  const after = Array.from({ length: 20_000 }, (_, index) => `b${index}`);
  const lines = diffLines(["same", ...before], ["same", ...after]);
  expect(lines[0]).toEqual({ sign: " ", text: "same" });
  expect(without(lines, "+")).toHaveLength(20_001);
  expect(without(lines, "-")).toHaveLength(20_001);
});

test("equal lines far from a difference are counted", () => {
  const before = Array.from({ length: 20 }, (_, index) => String(index));
  const after = before.with(10, "ten");
  const parts = foldEqual(diffLines(before, after), 1);
  expect(parts).toEqual([
    { skipped: 9 },
    { sign: " ", text: "9" },
    { sign: "-", text: "10" },
    { sign: "+", text: "ten" },
    { sign: " ", text: "11" },
    { skipped: 8 },
  ]);
});
