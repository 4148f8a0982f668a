import { expect, test } from "vitest";
import { layRows, MAX_STEPS } from "./row-layout";

const MEASURES = { rowPx: 30, stepPx: 20, gapPx: 10 };
const TREE: Record<string, string[]> = { a: ["b", "c"], b: ["d"], c: [], d: [], e: [] };
const lay = (closed: string[] = []) =>
  layRows(
    {
      roots: ["a", "e"],
      children: (item) => TREE[item],
      key: (item) => item,
      isOpen: (item) => !closed.includes(item),
    },
    MEASURES,
  );

test("rows come in the order of a walk, children behind their parent", () => {
  const { rows, height } = lay();
  expect(rows.map(({ key, top, left }) => [key, top, left])).toEqual([
    ["a", 10, 10],
    ["b", 40, 30],
    ["d", 70, 50],
    ["c", 100, 30],
    ["e", 130, 10],
  ]);
  expect(height).toBe(170);
});

test("levels, positions and set sizes are those of the tree", () => {
  expect(lay().rows.map(({ level, position, setSize, parentKey }) => [level, position, setSize, parentKey])).toEqual([
    [1, 1, 2, undefined],
    [2, 1, 2, "a"],
    [3, 1, 1, "b"],
    [2, 2, 2, "a"],
    [1, 2, 2, undefined],
  ]);
});

test("a closed row hides what is below it, a leaf is neither open nor closed", () => {
  expect(lay(["a"]).rows.map(({ key, open }) => [key, open])).toEqual([
    ["a", false],
    ["e", undefined],
  ]);
});

test("a rail ends at the middle of the last child, whatever stands below that", () => {
  const rail = lay().rails.find(({ key }) => key === "a")!;
  expect(rail.top + rail.height).toBe(115);
});

test("ten thousand directories inside one another stay on the screen", () => {
  const { rows } = layRows(
    { roots: [0], children: (item) => (item < 9999 ? [item + 1] : []), key: String, isOpen: () => true },
    MEASURES,
  );
  expect(rows).toHaveLength(10_000);
  expect(rows.at(-1)!.left).toBe(10 + MAX_STEPS * 20);
});
