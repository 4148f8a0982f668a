import { expect, test } from "vitest";
import { growForest } from "./forest";
import { kernelView, task } from "./kernel-view.fixture";
import { inWindow, layTree, type TreeLayout } from "./tree-layout";
import type { Task } from "../protocol/task";

const MEASURES = { rowPx: 30, headPx: () => 30, stepPx: 20, gapPx: 8 };

function lay(tasks: Task[], closed: string[] = []): TreeLayout {
  return layTree(growForest(kernelView(tasks), { kernelThreads: false }), new Set(closed), false, MEASURES);
}

const bubble = [
  task({ pid: 1 }),
  task({ pid: 5, ppid: 1, own: { mnt: 1001, pid: 1002 }, inner: [1] }),
  task({ pid: 6, ppid: 5, own: { mnt: 1001, pid: 1002 }, inner: [2] }),
  task({ pid: 7, ppid: 1 }),
];

test("rows follow one another without overlap", () => {
  const { rows, height } = lay(bubble);
  for (let i = 1; i < rows.length; i++)
    expect(rows[i].top).toBeGreaterThanOrEqual(rows[i - 1].top + rows[i - 1].height);
  expect(height).toBeGreaterThanOrEqual(rows.at(-1)!.top + rows.at(-1)!.height);
});

test("a pane encloses exactly its rows", () => {
  const { rows, panes } = lay(bubble);
  const [box] = panes;
  const inside = rows.filter((row) => row.top >= box.top && row.top + row.height <= box.top + box.height);
  expect(inside.map((row) => (row.node.type === "task" ? row.node.task.pid : row.node.type))).toEqual(["pane", 5, 6]);
});

test("levels, positions and set sizes are those of the tree", () => {
  const { rows } = lay(bubble);
  expect(rows.map(({ level, position, setSize }) => [level, position, setSize])).toEqual([
    [1, 1, 1],
    [2, 1, 2],
    [3, 1, 1],
    [4, 1, 1],
    [2, 2, 2],
  ]);
});

test("a closed row hides what is below it", () => {
  const { rows, panes } = lay(bubble);
  const paneKey = panes[0].pane.key;
  const closed = lay(bubble, [paneKey]);
  expect(closed.rows).toHaveLength(rows.length - 2);
  expect(closed.rows.find((row) => row.key === paneKey)).toMatchObject({ open: false });
  expect(closed.panes).toHaveLength(1);
});

test("a chain of three thousand forks is laid out, and stays on the screen", () => {
  const chain = Array.from({ length: 3000 }, (_, i) => task({ pid: i + 1, ppid: i }));
  const { rows } = lay(chain);
  expect(rows).toHaveLength(3000);
  expect(Math.max(...rows.map((row) => row.left))).toBeLessThan(400);
});

test("the window shows only what overlaps it", () => {
  const { rows } = lay(Array.from({ length: 100 }, (_, i) => task({ pid: i + 1, ppid: i ? 1 : 0 })));
  expect(inWindow(rows, 300, 600).length).toBeLessThanOrEqual(12);
});
