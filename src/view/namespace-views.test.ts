import { describe, expect, test } from "vitest";
import { kernelView, task } from "./kernel-view.fixture";
import { compareTasks } from "./namespace-comparison";
import { listNamespaces } from "./namespace-list";
import { layMatrix } from "./namespace-matrix";

const init = task({ pid: 1, comm: "init" });
const boxed = task({ pid: 5, ppid: 1, comm: "sh", own: { pid: 1002, uts: 1003 }, inner: [1] });
const inner = task({ pid: 6, ppid: 5, comm: "cat", own: { pid: 1002, uts: 1003 }, inner: [2] });
const other = task({ pid: 9, ppid: 1, comm: "ash", own: { uts: 1009 } });

describe("the matrix", () => {
  test("has a row a process, and folds kernel threads", () => {
    const thread = task({ pid: 7, rest: { tgid: 5 } });
    const kthread = task({ pid: 2, rest: { kernelThread: true } });
    const view = kernelView([init, kthread, boxed, thread]);
    expect(layMatrix(view, "number", false).rows.map((row) => row.task.pid)).toEqual([1, 5]);
    expect(layMatrix(view, "number", false).kernelThreadCount).toBe(1);
    expect(layMatrix(view, "number", true).rows.map((row) => row.task.pid)).toEqual([1, 2, 5]);
  });

  test("ordered by a kind, members stand together and the host's come last", () => {
    const { rows } = layMatrix(kernelView([init, boxed, other, inner]), "uts", false);
    expect(rows.map((row) => row.task.pid)).toEqual([5, 6, 9, 1]);
    const joined = rows.map((row) => row.cells.find(({ kind }) => kind === "uts")!);
    expect(joined.map(({ above, below }) => [above, below])).toEqual([
      [false, true],
      [true, false],
      [false, false],
      [false, false],
    ]);
  });

  test("is ordered by name as well", () => {
    const { rows } = layMatrix(kernelView([init, boxed, other]), "name", false);
    expect(rows.map((row) => row.task.comm)).toEqual(["ash", "init", "sh"]);
  });

  test("what a zombie let go of is an empty cell", () => {
    const none = Object.fromEntries(Object.keys(init.namespaces).map((kind) => [kind, 0])) as typeof init.namespaces;
    const zombie = task({ pid: 8, rest: { state: "Z", namespaces: none } });
    const cells = layMatrix(kernelView([init, zombie]), "net", false).rows[1].cells;
    expect(cells.filter(({ mark }) => mark).map(({ kind }) => kind)).toEqual(["pid"]);
  });
});

describe("two tasks compared", () => {
  const view = kernelView([init, boxed, other]);
  view.namespaces = view.namespaces.map((namespace) => {
    if (namespace.kind === "pid" && !namespace.initial) return { ...namespace, parent: init.namespaces.pid };
    if (namespace.kind === "uts")
      return { ...namespace, uts: { nodename: namespace.initial ? "glassbox" : "box", domainname: "" } };
    return namespace;
  });

  test("share what is the same and differ in the rest", () => {
    const { shared, different, summary } = compareTasks(view, init, boxed);
    expect(shared.map(({ kind }) => kind)).toEqual(["mnt", "net", "ipc", "user", "cgroup", "time"]);
    expect(different.map(({ kind }) => kind)).toEqual(["pid", "uts"]);
    expect(summary).toBe("They share 6 of 8 namespaces and differ in pid and uts.");
  });

  test("what it means is said from either side", () => {
    const meanings = compareTasks(view, init, boxed).different.map(({ meaning }) => meaning);
    expect(meanings).toEqual(["1 sees 5; 5 does not see 1.", "Host names: glassbox and box."]);
    expect(compareTasks(view, boxed, init).different[0].meaning).toBe("1 sees 5; 5 does not see 1.");
  });

  test("a task shares everything with another of the host", () => {
    expect(compareTasks(view, init, task({ pid: 3 })).summary).toBe("They share all eight namespaces.");
  });
});

describe("the list", () => {
  const view = kernelView([init, boxed, inner]);
  view.namespaces = view.namespaces.map((namespace) => {
    if (namespace.inum === 1002) return { ...namespace, parent: init.namespaces.pid, level: 1, childReaper: 5 };
    if (namespace.inum === 1003) return { ...namespace, uts: { nodename: "box", domainname: "(none)" } };
    return namespace;
  });
  view.namespaces.push({
    kind: "net",
    inum: 1010,
    address: 0xc7000000,
    initial: false,
    owner: init.namespaces.user,
    holders: [{ by: "mount", mount: 31 }],
  });
  view.mounts = [{ id: 31, path: "/run/netns/blue" } as (typeof view.mounts)[number]];

  test("counts members and names the first", () => {
    const entry = listNamespaces(view).find(({ mark }) => mark.inum === 1002)!;
    expect(entry).toMatchObject({ memberCount: 2, first: { pid: 5 }, parent: { kind: "pid", initial: true } });
    expect(entry.content).toEqual(["init 5", "level 1"]);
  });

  test("says what keeps a namespace in which no task is", () => {
    const entry = listNamespaces(view).find(({ mark }) => mark.inum === 1010)!;
    expect(entry).toMatchObject({ memberCount: 0, first: undefined, owner: { kind: "user", initial: true } });
    expect(entry.heldBy).toEqual(["mount 31 at /run/netns/blue"]);
  });

  test("can be cut to one kind, the host's first", () => {
    expect(listNamespaces(view, "uts").map(({ mark }) => mark.initial)).toEqual([true, false]);
    expect(listNamespaces(view, "uts")[1].content).toEqual(["host name box"]);
  });
});
