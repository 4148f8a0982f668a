import { expect, test } from "vitest";
import { NAMESPACE_KINDS } from "../protocol/namespace";
import { kernelView, task } from "./kernel-view.fixture";
import {
  growMounts,
  mountSpaceOf,
  mountSpaces,
  peerGroups,
  propagation,
  sameMounts,
  sourceText,
  splitPath,
} from "./mount-tree";
import { entry, layer, mount } from "./mount.fixture";

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

test("an object leads to the mount namespace of who is in it", () => {
  const inside = task({ pid: 9, own: { mnt: 20, pid: 30 }, rest: { cgroup: "/web/inner" } });
  const lone = { kind: "mnt" as const, inum: 40, address: 0xc2004000, initial: false, holders: [] };
  const view = kernelView([task({ pid: 1 }), inside]);
  view.namespaces.push(lone);
  view.cgroups = [{ path: "/web", address: 7 } as (typeof view.cgroups)[number]];
  const pid = view.namespaces.find(({ kind, inum }) => kind === "pid" && inum === 30)!;
  expect(mountSpaceOf(view, { object: "task", address: inside.address })).toBe(20);
  expect(mountSpaceOf(view, { object: "namespace", kind: "pid", address: pid.address })).toBe(20);
  expect(mountSpaceOf(view, { object: "cgroup", address: 7 })).toBe(20);
  expect(mountSpaceOf(view, { object: "namespace", kind: "mnt", address: lone.address })).toBe(40);
  expect(mountSpaceOf(view, { object: "device", address: 1 })).toBeUndefined();
  // Nobody is in it, so it stands behind the others.
  expect(mountSpaces(view).map(({ inum }) => inum)).toEqual([0xeffffff0 + NAMESPACE_KINDS.indexOf("mnt"), 20, 40]);
});

test("an overlay leads to the namespace of who has it for a root, a file to that of its overlay", () => {
  const rooted = { ...task({ pid: 9, own: { mnt: 20 } }), root: { mount: 2, path: "/" } };
  const file = entry("etc/motd");
  const upper = layer("/upper", [file]);
  const view = kernelView([task({ pid: 1 }), rooted as ReturnType<typeof task>]);
  view.layers = [upper];
  view.overlays = [{ address: 0xc8000000, device: "0:9", upper: upper.address, lowers: [], lowerPaths: [] }];
  view.mounts = [
    mount({ id: 1, superBlock: 0xc8000000, namespace: 10 }),
    mount({ id: 2, superBlock: 0xc8000000, namespace: 20 }),
  ];
  expect(mountSpaceOf(view, { object: "overlay", address: 0xc8000000 })).toBe(20);
  expect(mountSpaceOf(view, { object: "file", address: file.inode })).toBe(20);
  expect(mountSpaceOf({ ...view, tasks: [] }, { object: "overlay", address: 0xc8000000 })).toBe(10);
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
