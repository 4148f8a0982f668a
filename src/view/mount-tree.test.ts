import { expect, test } from "vitest";
import { kernelView, task } from "./kernel-view.fixture";
import { growMounts, mountSpaces, peerGroups, propagation, sameMounts, sourceText, splitPath } from "./mount-tree";
import { mount } from "./mount.fixture";

const root = mount({ id: 1 });
const proc = mount({ id: 2, parentId: 1, path: "/proc" });
const below = mount({ id: 3, parentId: 1, path: "/mnt", hiddenBy: 4 });
const above = mount({ id: 4, parentId: 3, path: "/mnt" });

test("a mount over another one stands below it, and covers it", () => {
  const { roots, children, covers } = growMounts([root, proc, below, above]);
  expect(roots).toEqual([root]);
  expect(children.get(root)).toEqual([proc, below]);
  expect(children.get(below)).toEqual([above]);
  expect(covers.get(4)).toBe(1);
});

test("a torn picture keeps every mount once", () => {
  const ring = [mount({ id: 5, parentId: 7 }), mount({ id: 6, parentId: 5 }), mount({ id: 7, parentId: 6 })];
  const twin = mount({ id: 2, parentId: 1, address: 0xc9000000 });
  const orphan = mount({ id: 8, parentId: 99 });
  const { roots, children } = growMounts([root, proc, proc, twin, ...ring, orphan]);
  const seen: number[] = [];
  const walk = (mounts: typeof roots) => {
    for (const one of mounts) {
      seen.push(one.address);
      walk([...(children.get(one) ?? [])]);
    }
  };
  walk(roots);
  expect(seen.sort()).toEqual([root, proc, twin, ...ring, orphan].map(({ address }) => address).sort());
});

test("namespaces come with the host's first, and those with its tree are told from the others", () => {
  const tasks = [task({ pid: 9, own: { mnt: 20 } }), task({ pid: 1 }), task({ pid: 5, own: { mnt: 21 } })];
  const copy = (one: typeof root, namespace: number) => ({ ...one, id: one.id + namespace, namespace });
  const view = {
    ...kernelView(tasks),
    mounts: [root, proc, copy(proc, 20), copy(root, 20), copy(root, 21), copy({ ...proc, path: "/other" }, 21)],
  };
  const spaces = mountSpaces(view);
  expect(
    spaces.map(({ initial, taskCount, firstPid, sameAsHost }) => [initial, taskCount, firstPid, sameAsHost]),
  ).toEqual([
    [true, 1, 1, false],
    [false, 1, 9, true],
    [false, 1, 5, false],
  ]);
});

test("a remount makes a difference", () => {
  expect(sameMounts([root], [{ ...root, options: ["ro", "relatime"] }])).toBe(false);
  expect(sameMounts([root, proc], [proc, { ...root, id: 50 }])).toBe(true);
});

test("peer groups span namespaces", () => {
  const groups = peerGroups([
    mount({ id: 1, shared: 7 }),
    mount({ id: 2, shared: 7, namespace: 20 }),
    mount({ id: 3, master: 7, shared: 8, namespace: 21 }),
  ]);
  expect(groups.get(7)).toMatchObject({ peers: 2, receivers: 1 });
  expect(groups.get(7)!.namespaces.size).toBe(3);
  expect(groups.get(8)).toMatchObject({ peers: 1, receivers: 0 });
});

test("propagation and sources are written as findmnt writes them", () => {
  expect(propagation(root)).toBe("private");
  expect(propagation(mount({ id: 1, shared: 7 }))).toBe("shared");
  expect(propagation(mount({ id: 1, shared: 7, master: 6 }))).toBe("shared,slave");
  expect(propagation(mount({ id: 1, unbindable: true }))).toBe("private,unbindable");
  expect(sourceText(mount({ id: 1, source: "tmpfs", root: "/data" }))).toBe("tmpfs[/data]");
});

test("a mount point is told from what it has of its parent", () => {
  expect(splitPath("/proc", "/")).toEqual({ above: "/", own: "proc" });
  expect(splitPath("/a/b/c", "/a")).toEqual({ above: "/a/", own: "b/c" });
  expect(splitPath("/ab", "/a")).toEqual({ above: "", own: "/ab" });
  expect(splitPath("/a", "/a")).toEqual({ above: "", own: "/a" });
});
