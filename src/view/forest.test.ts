import { expect, test } from "vitest";
import { growForest, type Forest, type Node } from "./forest";
import { kernelView, task } from "./kernel-view.fixture";
import type { Task } from "../protocol/task";

/** The tree as an outline: a pane as its walls in brackets. */
function outline(forest: Forest): string[] {
  const lines: string[] = [];
  const write = (node: Node, depth: number) => {
    const text =
      node.type === "task"
        ? `${node.task.pid}${node.enteredFrom ? ` from ${node.enteredFrom.pid}` : ""}`
        : `[${node.marks.flatMap((mark) => (mark.initial ? [] : [mark.kind])).join(" ")}]`;
    lines.push("  ".repeat(depth) + text);
    for (const child of node.children) write(child, depth + 1);
  };
  for (const root of forest.roots) write(root, 0);
  return lines;
}

const grow = (...tasks: Task[]) => growForest(kernelView(tasks), { kernelThreads: false });

test("tasks stand under their parents, in the order they started", () => {
  const forest = grow(
    task({ pid: 1 }),
    task({ pid: 9, ppid: 1 }),
    task({ pid: 5, ppid: 1 }),
    task({ pid: 7, ppid: 5 }),
  );
  expect(outline(forest)).toEqual(["1", "  5", "    7", "  9"]);
});

test("`unshare -pf --mount-proc sh` draws glass around the shell, not around unshare", () => {
  const own = { mnt: 1001, pid: 1002 };
  const forest = grow(
    task({ pid: 1 }),
    task({ pid: 20, ppid: 1, own: { mnt: 1001 } }),
    task({ pid: 21, ppid: 20, own, inner: [1] }),
    task({ pid: 22, ppid: 21, own, inner: [2] }),
  );
  expect(outline(forest)).toEqual(["1", "  20", "    [mnt pid]", "      21", "        22"]);
});

test("two namespaces make glass, one does not unless it is a pid namespace", () => {
  expect(outline(grow(task({ pid: 1 }), task({ pid: 2, ppid: 1, own: { uts: 1001 } })))).toEqual(["1", "  2"]);
  expect(outline(grow(task({ pid: 1 }), task({ pid: 2, ppid: 1, own: { uts: 1001, net: 1002 } })))).toEqual([
    "1",
    "  [net uts]",
    "    2",
  ]);
  expect(outline(grow(task({ pid: 1 }), task({ pid: 2, ppid: 1, own: { pid: 1001 }, inner: [1] })))).toEqual([
    "1",
    "  [pid]",
    "    2",
  ]);
});

test("a lone namespace is marked on the task", () => {
  const [, lone] = [task({ pid: 1 }), task({ pid: 2, ppid: 1, own: { uts: 1001 } })];
  const [root] = grow(task({ pid: 1 }), lone).roots;
  expect(root.children[0]).toMatchObject({ marks: [{ kind: "uts", inum: 1001, initial: false }] });
});

test("a pid namespace within a pid namespace is a pane within a pane", () => {
  const inner = task({ pid: 3, ppid: 2, own: { pid: 1002 }, inner: [2, 1] });
  inner.pids[1].namespace = 1001;
  const forest = grow(task({ pid: 1 }), task({ pid: 2, ppid: 1, own: { pid: 1001 }, inner: [1] }), inner);
  expect(outline(forest)).toEqual(["1", "  [pid]", "    2", "      [pid]", "        3"]);
});

test("who enters by setns is drawn inside, with the parent it came from", () => {
  const own = { mnt: 1001, pid: 1002 };
  const forest = grow(
    task({ pid: 1 }),
    task({ pid: 21, ppid: 1, own, inner: [1] }),
    task({ pid: 30, ppid: 1 }),
    task({ pid: 31, ppid: 30, own, inner: [9] }),
  );
  expect(outline(forest)).toEqual(["1", "  [mnt pid]", "    21", "    31 from 30", "  30"]);
});

test("who leaves by setns is drawn outside", () => {
  const own = { mnt: 1001, uts: 1002 };
  const forest = grow(task({ pid: 1 }), task({ pid: 21, ppid: 1, own }), task({ pid: 22, ppid: 21 }));
  expect(outline(forest)).toEqual(["1", "  [mnt uts]", "    21", "  22 from 21"]);
});

test("a zombie keeps its place behind the glass though its namespaces are gone", () => {
  const own = { mnt: 1001, pid: 1002 };
  const gone = { mnt: 0, net: 0, uts: 0, ipc: 0, user: 0, cgroup: 0, time: 0 };
  const forest = grow(
    task({ pid: 1 }),
    task({ pid: 21, ppid: 1, own, inner: [1] }),
    task({ pid: 22, ppid: 21, own: { ...gone, pid: 1002 }, inner: [2], rest: { state: "Z" } }),
  );
  expect(outline(forest)).toEqual(["1", "  [mnt pid]", "    21", "      22"]);
});

test("threads are counted on their process; kernel threads are counted apart", () => {
  const forest = grow(
    task({ pid: 1 }),
    task({ pid: 2, rest: { kernelThread: true } }),
    task({ pid: 11, ppid: 0, rest: { tgid: 1 } }),
  );
  expect(outline(forest)).toEqual(["1"]);
  expect(forest.roots[0]).toMatchObject({ threadCount: 1 });
  expect(forest.kernelThreadCount).toBe(1);
});

test("missing and circular parents lose no task", () => {
  const forest = grow(
    task({ pid: 1 }),
    task({ pid: 5, ppid: 404 }),
    task({ pid: 6, ppid: 7 }),
    task({ pid: 7, ppid: 6 }),
    task({ pid: 8, ppid: 8 }),
  );
  expect(outline(forest)).toEqual(["1", "5", "8", "6", "  7"]);
});

test("every task of a random forest is drawn once, whatever its namespaces and parents", () => {
  for (let seed = 1; seed <= 200; seed++) {
    let state = seed;
    // Park and Miller's generator: the seed alone decides the forest.
    const random = (below: number) => (state = (state * 48271) % 2147483647) % below;
    const tasks = [task({ pid: 1 })];
    for (let pid = 2; pid < 60; pid++) {
      const own: Record<string, number> = {};
      for (const kind of ["mnt", "pid", "uts", "net"]) if (random(3) === 0) own[kind] = 1000 + random(3);
      tasks.push(task({ pid, ppid: random(70), own, inner: own.pid ? [random(9)] : [] }));
    }
    const drawn = outline(grow(...tasks)).flatMap((line) => (line.includes("[") ? [] : [parseInt(line)]));
    expect(
      drawn.sort((a, b) => a - b),
      `seed ${seed}`,
    ).toEqual(tasks.map((one) => one.pid));
  }
});
