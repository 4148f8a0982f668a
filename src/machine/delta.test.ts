import { expect, test } from "vitest";
import { newSeed, random } from "../../tests/support/hostile";
import { share } from "../kernel/share";
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import { kernelView, task } from "../view/kernel-view.fixture";
import { applyDelta, delta } from "./delta";

/** The picture after some tasks ended, some changed, and some were forked, at any place of the list. */
function next(view: KernelView, below: (limit: number) => number): KernelView {
  const tasks: Task[] = [];
  for (const one of view.tasks) {
    if (below(6) === 0) continue;
    tasks.push(below(4) === 0 ? { ...one, cpuTimeNs: one.cpuTimeNs + 1 } : structuredClone(one));
  }
  for (let count = below(4); count > 0; count--) {
    tasks.splice(below(tasks.length + 1), 0, task({ pid: 1000 + below(1e6), own: below(2) ? { net: below(5) } : {} }));
  }
  return kernelView(tasks, view.sequence + 1);
}

test("a picture sent as a difference arrives whole, whatever changed", () => {
  const seed = newSeed();
  const source = random(seed);
  const below = (limit: number) => Math.floor(source() * limit);
  let sent = kernelView([1, 2, 3, 4].map((pid) => task({ pid })));
  let arrived = applyDelta(undefined, structuredClone(delta(undefined, sent)));
  for (let round = 0; round < 300; round++) {
    const view = share(sent, next(sent, below));
    arrived = applyDelta(arrived, structuredClone(delta(sent, view)));
    expect(arrived, `SEED=${seed}, round ${round}`).toEqual(view);
    sent = view;
  }
});

test("what did not change does not travel, and stays the very same object", () => {
  const first = kernelView([1, 2, 3].map((pid) => task({ pid })));
  const changed = structuredClone(first);
  changed.tasks[1].comm = "other";
  const second = share(first, changed);
  const travelled = delta(first, second);
  expect(travelled.namespaces).toBeUndefined();
  expect(travelled.tasks).toEqual({
    kept: [
      [0, 1],
      [2, 1],
    ],
    placed: [[1, changed.tasks[1]]],
  });
  const arrived = applyDelta(first, travelled);
  expect(arrived.tasks[0]).toBe(first.tasks[0]);
  expect(arrived.namespaces).toBe(first.namespaces);
});
