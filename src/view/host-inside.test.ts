import { describe, expect, test } from "vitest";
import type { Mount } from "../protocol/mount";
import type { NetDevice } from "../protocol/network";
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import { containerName, findContainers } from "./containers";
import { cgroupBelow, compareSides, insideId, pathBelow } from "./host-inside";
import { hostNamespaces } from "./namespace-mark";
import { kernelView, task } from "./kernel-view.fixture";
import { layOutSides } from "./sides-layout";

const OWN = { mnt: 1001, pid: 1002, uts: 1003, net: 1004, user: 1005, cgroup: 1006, time: 1007 };
const place = (path: string, mount: number) => ({ path, mount, deleted: false });

function mount(id: number, namespace: number, path: string, superBlock: number, rest: Partial<Mount> = {}): Mount {
  return {
    address: 0xc6000000 + id,
    id,
    parentId: id,
    namespace,
    path,
    root: "/",
    type: "tmpfs",
    source: "none",
    superBlock,
    device: "0:1",
    options: ["rw"],
    superOptions: [],
    unbindable: false,
    ...rest,
  };
}

function device(address: number, namespace: number, name: string, rest: Partial<NetDevice> = {}): NetDevice {
  const counters = {
    rxPackets: 0,
    rxBytes: 0,
    rxErrors: 0,
    rxDropped: 0,
    txPackets: 0,
    txBytes: 0,
    txErrors: 0,
    txDropped: 0,
  };
  return {
    address,
    namespace,
    index: 1,
    name,
    loopback: false,
    mtu: 1500,
    flags: [],
    up: true,
    state: "UP",
    addresses: [],
    counters,
    ...rest,
  };
}

/** A shell in namespaces of its own with one child, and a host with an init. */
function picture(rest: { tasks?: Task[]; view?: Partial<KernelView> } = {}): KernelView {
  const view = kernelView([
    task({ pid: 1, comm: "init", rest: { root: place("/", 10) } }),
    task({ pid: 40, ppid: 1, comm: "unshare" }),
    task({
      pid: 44,
      ppid: 40,
      comm: "sh",
      own: OWN,
      inner: [1],
      rest: { uid: 100_000, cgroup: "/box/job", root: place("/box", 20) },
    }),
    task({ pid: 50, ppid: 44, comm: "sleep", own: OWN, inner: [7], rest: { uid: 5 } }),
    ...(rest.tasks ?? []),
  ]);
  return { ...view, ...rest.view };
}

const sidesOf = (view: KernelView) =>
  Object.fromEntries(compareSides(view, findContainers(view)[0]).map((section) => [section.kind, section]));
const host = (view: KernelView) => hostNamespaces(view.namespaces);

test("containers are the panes of the tree, named by their first task", () => {
  const view = picture();
  const containers = findContainers(view);
  expect(containers.map(containerName)).toEqual(["1 · 44 sh"]);
  expect(containers[0].tasks.map(({ pid }) => pid)).toEqual([44, 50]);
  expect(findContainers(kernelView([task({ pid: 1 })]))).toEqual([]);
});

test("a process wears both its numbers, and the ids of both sides", () => {
  const view = picture();
  view.namespaces.find(({ kind, inum }) => kind === "user" && inum === OWN.user)!.uidMap = [
    { first: 0, hostFirst: 100_000, count: 65_536 },
  ];
  const { pid } = sidesOf(view);
  expect(pid.rows.map(({ host: outer, inside }) => [outer!.main, outer!.rest, inside!.main, inside!.rest])).toEqual([
    ["44 sh", "uid 100000, parent 40", "1 sh", "uid 0, parent 0"],
    ["50 sleep", "uid 5, parent 44", "7 sleep", "uid 65534, parent 1"],
  ]);
  expect(pid.note).toBe("2 other processes out of its sight");
});

test("what is shared is said to be shared", () => {
  const view = kernelView([
    task({ pid: 1, rest: { root: place("/", 10) } }),
    task({ pid: 9, ppid: 1, own: { uts: 1, ipc: 2 }, rest: { root: place("/", 10) } }),
  ]);
  const sides = sidesOf(view);
  for (const kind of ["pid", "user", "mnt", "net", "cgroup", "time"]) expect(sides[kind].note).toMatch(/^shared with/);
  expect(sides.pid.rows[0]).toMatchObject({ host: { main: "9 task9" }, inside: { main: "9 task9" } });
  expect(sides.uts.note).toBeUndefined();
});

describe("mounts", () => {
  test("are seen from the root, and the copies of one filesystem are one row", () => {
    const view = picture();
    const outer = host(view).get("mnt")!;
    view.mounts = [
      mount(10, outer, "/", 1),
      mount(11, outer, "/proc", 2),
      mount(12, outer, "/srv/box", 3),
      mount(13, outer, "/mnt", 9, { hiddenBy: 99 }),
      mount(20, OWN.mnt, "/box", 3),
      mount(21, OWN.mnt, "/box/proc", 4, { options: ["ro"] }),
      mount(22, OWN.mnt, "/old", 1),
    ];
    const { mnt } = sidesOf(view);
    expect(mnt.rows.map(({ host: outside, inside }) => [outside?.main, inside?.main])).toEqual([
      ["/proc/44/root", "/"],
      ["/srv/box", "/"],
      [undefined, "/proc"],
      ["/", undefined],
      ["/proc", undefined],
    ]);
    expect(mnt.rows[0].host!.rest).toBe("tmpfs, on the host at /srv/box");
    expect(mnt.rows[2].inside!.rest).toBe("tmpfs from none, read-only");
  });
});

test("a veth pair is one row with an end on each side", () => {
  const view = picture();
  const outer = host(view).get("net")!;
  view.devices = [
    device(1, outer, "eth0"),
    device(2, outer, "veth0", { peer: 3, kind: "veth" }),
    device(3, OWN.net, "eth0", { peer: 2, kind: "veth" }),
    device(4, OWN.net, "lo", { loopback: true, up: false }),
  ];
  const { net } = sidesOf(view);
  expect(net.rows.map(({ host: outside, inside }) => [outside?.main, inside?.main])).toEqual([
    ["veth0", "eth0"],
    [undefined, "lo"],
    ["eth0", undefined],
  ]);
});

test("the cgroup is seen from the namespace's root, and clocks with their offsets", () => {
  const view = picture();
  const find = (kind: string) => view.namespaces.find((one) => one.kind === kind && !one.initial)!;
  find("cgroup").cgroupRoot = "/box";
  find("time").timeOffsets = { monotonicNs: 0, boottimeNs: 86_400e9 };
  const { cgroup, time } = sidesOf(view);
  expect(cgroup.rows[0]).toMatchObject({ host: { main: "/box/job" }, inside: { main: "/job" } });
  expect(time.rows[0]).toMatchObject({
    host: { main: "5.00 s" },
    inside: { main: "1 d 0 h", rest: "offset +86,400 s" },
  });
});

test("paths and ids as the other side has them", () => {
  expect(pathBelow("/", "/a")).toBe("/a");
  expect(pathBelow("/a", "/a")).toBe("/");
  expect(pathBelow("/a", "/ab")).toBeUndefined();
  expect(cgroupBelow("/a/b", "/a/b/c")).toBe("/c");
  expect(cgroupBelow("/a/b", "/a/x")).toBe("/../x");
  expect(cgroupBelow("/a/b", "/")).toBe("/../..");
  expect(insideId([{ first: 5, hostFirst: 1000, count: 2 }], 1001)).toBe(6);
  expect(insideId([{ first: 5, hostFirst: 1000, count: 2 }], 1002)).toBe(65534);
});

test("lines follow each other without a gap, each with a key of its own", () => {
  const view = picture();
  const sections = compareSides(view, findContainers(view)[0]);
  const twice = sections.map((section) => ({ ...section, rows: [...section.rows, ...section.rows] }));
  const { lines, height } = layOutSides(twice, { headPx: 40, rowPx: 30 });
  expect(new Set(lines.map(({ key }) => key)).size).toBe(lines.length);
  lines.forEach((line, index) => expect(line.top + line.height).toBe(lines[index + 1]?.top ?? height));
});
