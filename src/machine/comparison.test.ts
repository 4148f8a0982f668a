import { expect, test } from "vitest";
import { changes } from "../kernel/changes";
import { share } from "../kernel/share";
import type { KernelView, Section } from "../protocol/view";
import { kernelView, task } from "../view/kernel-view.fixture";
import { Comparison } from "./comparison";

const sleep = (pid: number) => task({ pid, comm: "sleep" });

/** Looks at a machine that has these tasks, and the events that were told at each. */
function looks(...seen: [pids: number[], unfinished?: Section[]][]): string[][] {
  const comparison = new Comparison();
  return seen.map(([pids, unfinished = []]) => {
    const fresh: KernelView = { ...kernelView(pids.map(sleep)), unfinished };
    const { before, after } = comparison.next(comparison.view ? share(comparison.view, fresh) : fresh);
    return before
      ? changes(before, after).map((change) => `${change.type} ${"task" in change ? change.task?.pid : ""}`)
      : [];
  });
}

test("what finished looks differ in has happened", () => {
  expect(looks([[1, 2]], [[1, 3]])).toEqual([[], ["fork 3", "exec 3", "exit 2"]]);
});

test("what a look had no time for is not gone, and not new when it is seen again", () => {
  expect(looks([[1, 2]], [[1], ["tasks"]], [[1, 2]])).toEqual([[], [], []]);
});

test("what happened meanwhile is told when a look has finished", () => {
  expect(looks([[1, 2]], [[1], ["tasks"]], [[1, 3]])).toEqual([[], [], ["fork 3", "exec 3", "exit 2"]]);
});

test("what no look has finished before was there from the beginning", () => {
  expect(looks([[1], ["tasks"]], [[1, 2], ["tasks"]], [[1, 2, 3]], [[1, 2, 3, 4]])).toEqual([
    [],
    [],
    [],
    ["fork 4", "exec 4"],
  ]);
});
