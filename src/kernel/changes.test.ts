import { expect, test } from "vitest";
import type { Change } from "../protocol/change";
import type { Cgroup } from "../protocol/cgroup";
import type { Layer, LayerEntry, Mount, Overlay } from "../protocol/mount";
import type { NetDevice } from "../protocol/network";
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import { kernelView, task } from "../view/kernel-view.fixture";
import { changes } from "./changes";
import { share } from "./share";

const shell = task({ pid: 10, comm: "sh" });

/** What happened, in short: the type and what it is about. */
function told(before: KernelView, after: KernelView): string[] {
  return changes(before, share(before, after)).map(words);
}

function words(change: Change): string {
  const about =
    ("task" in change && change.task && `${change.task.pid} ${change.task.comm}`) ||
    ("mount" in change && change.mount.path) ||
    ("cgroup" in change && change.cgroup.path) ||
    ("device" in change && change.device.name) ||
    ("file" in change && change.file.path) ||
    "";
  const kind = "namespace" in change ? `${change.namespace.kind} ` : "";
  return `${change.type} ${kind}${about}`.trim();
}

const view = (tasks: Task[], rest: Partial<KernelView> = {}): KernelView => ({ ...kernelView(tasks), ...rest });

test("nothing happened between equal pictures", () => {
  expect(told(view([shell]), view([shell]))).toEqual([]);
});

test("a program that a shell starts is forked under the shell's name, then executed under its own", () => {
  const ls = task({ pid: 20, ppid: 10, comm: "ls" });
  expect(told(view([shell]), view([shell, ls]))).toEqual(["fork 20 sh", "exec 20 ls"]);
});

test("a fork that has not executed anything is one event", () => {
  const child = task({ pid: 20, ppid: 10, comm: "sh", rest: { execs: 0 } });
  expect(told(view([shell]), view([shell, child]))).toEqual(["fork 20 sh"]);
  const executing = { ...child, execs: 1, argv: [] };
  expect(told(view([shell, child]), view([shell, executing]))).toEqual([]);
  const done = { ...executing, comm: "ls", argv: ["ls"] };
  expect(told(view([shell, executing]), view([shell, done]))).toEqual(["exec 20 ls"]);
});

test("an exit says how, once: as a zombie, or when the task is gone", () => {
  const child = task({ pid: 20, ppid: 10, comm: "false" });
  const zombie: Task = { ...child, state: "Z", exitStatus: 1 << 8, argv: [] };
  const [exit] = changes(view([shell, child]), share(view([shell, child]), view([shell, zombie])));
  expect(exit).toMatchObject({ type: "exit", exitCode: 1 });
  expect(told(view([shell, zombie]), view([shell]))).toEqual([]);
  const killed = { ...child, exitStatus: 9 };
  const [kill] = changes(view([shell, child]), view([shell], { glimpsed: [killed] }));
  expect(kill).toMatchObject({ type: "exit", signal: 9 });
});

test("kernel threads are nobody's doing", () => {
  const worker = task({ pid: 30, comm: "kworker/0:1", rest: { kernelThread: true } });
  expect(told(view([shell]), view([shell, worker]))).toEqual([]);
});

test("unshare makes namespaces; whoever comes later joins them", () => {
  const unshared = { ...shell, namespaces: { ...shell.namespaces, uts: 77, mnt: 78 } };
  expect(told(view([shell]), view([unshared]))).toEqual(["namespace-born mnt 10 sh", "namespace-born uts 10 sh"]);
  const other = task({ pid: 11, comm: "nsenter" });
  const joined = { ...other, namespaces: { ...other.namespaces, uts: 77 } };
  expect(told(view([unshared, other]), view([unshared, joined]))).toEqual(["namespace-joined uts 11 nsenter"]);
  expect(told(view([unshared]), view([shell]))).toEqual([
    "namespace-joined mnt 10 sh",
    "namespace-joined uts 10 sh",
    "namespace-died mnt",
    "namespace-died uts",
  ]);
});

const mount = (id: number, path: string, parentId = 1, rest: Partial<Mount> = {}): Mount => ({
  address: 0xc4000000 + id * 64,
  id,
  parentId,
  namespace: shell.namespaces.mnt,
  path,
  root: "/",
  type: "tmpfs",
  source: "none",
  superBlock: 0xc5000000 + id,
  device: `0:${id}`,
  options: ["rw"],
  superOptions: ["rw"],
  unbindable: false,
  ...rest,
});

test("a mount that moves takes along what is mounted below it", () => {
  const before = view([shell], { mounts: [mount(1, "/"), mount(2, "/a"), mount(3, "/a/b", 2)] });
  const after = view([shell], { mounts: [mount(1, "/"), mount(2, "/c"), mount(3, "/c/b", 2)] });
  expect(told(before, after)).toEqual(["mount-moved /c"]);
});

test("a new mount namespace's copies are not mounted by anybody", () => {
  const unshared = { ...shell, namespaces: { ...shell.namespaces, mnt: 78 } };
  const before = view([shell], { mounts: [mount(1, "/")] });
  const after = view([unshared], { mounts: [mount(1, "/"), mount(2, "/", 2, { namespace: 78 })] });
  expect(told(before, after)).toEqual(["namespace-born mnt 10 sh"]);
  const later = { ...after, mounts: [...after.mounts, mount(3, "/x", 2, { namespace: 78 })] };
  expect(told(after, later)).toEqual(["mounted /x"]);
  expect(told(later, after)).toEqual(["unmounted /x"]);
});

test("a remount is told with what it was before", () => {
  const before = view([shell], { mounts: [mount(1, "/")] });
  const after = view([shell], { mounts: [mount(1, "/", 1, { options: ["ro"], shared: 5 })] });
  expect(changes(before, after)).toMatchObject([{ type: "mount-changed", before: "rw rw", after: "ro rw shared:5" }]);
});

const cgroup = (path: string, rest: Partial<Cgroup> = {}): Cgroup => ({
  address: 0xc6000000 + path.length * 4096,
  path,
  ...(path === "/" ? {} : { parent: 0xc6000000 + (path.lastIndexOf("/") || 1) * 4096 }),
  id: path.length,
  type: "domain",
  controllers: ["memory", "pids"],
  subtreeControl: [],
  populated: true,
  freeze: false,
  frozen: false,
  cpuUsageUs: 0,
  cpuUserUs: 0,
  cpuSystemUs: 0,
  ...rest,
});

const memory = (maxBytes: number | undefined, oomKill: number): Cgroup["memory"] => ({
  currentBytes: 0,
  peakBytes: 0,
  minBytes: 0,
  lowBytes: 0,
  ...(maxBytes !== undefined && { maxBytes }),
  events: { low: 0, high: 0, max: 0, oom: 0, oomKill, oomGroupKill: 0 },
});

test("a limit is told by its file, as the file shows it", () => {
  const before = view([shell], { cgroups: [cgroup("/"), cgroup("/a", { memory: memory(undefined, 0) })] });
  const after = view([shell], { cgroups: [cgroup("/"), cgroup("/a", { memory: memory(4096, 0) })] });
  expect(changes(before, share(before, after))).toMatchObject([
    { type: "limit-changed", limit: "memory.max", before: "max", after: "4096" },
  ]);
});

test("an OOM kill is told of the cgroup that it happened in, not of those above", () => {
  const before = view([shell], {
    cgroups: [cgroup("/"), cgroup("/a", { memory: memory(4096, 0) }), cgroup("/a/b", { memory: memory(4096, 0) })],
  });
  const after = view([shell], {
    cgroups: [cgroup("/"), cgroup("/a", { memory: memory(4096, 1) }), cgroup("/a/b", { memory: memory(4096, 1) })],
  });
  expect(told(before, after)).toEqual(["oom-kill /a/b"]);
});

test("a task that enters a cgroup is told with where it was", () => {
  const before = view([shell], { cgroups: [cgroup("/"), cgroup("/a")] });
  const after = view([{ ...shell, cgroup: "/a" }], { cgroups: [cgroup("/"), cgroup("/a")] });
  expect(changes(before, share(before, after))).toMatchObject([{ type: "cgroup-joined", before: "/" }]);
});

const entry = (path: string, rest: Partial<LayerEntry> = {}): LayerEntry => ({
  path,
  inode: 0xc7000000 + path.length * 64,
  ino: path.length,
  mode: 0o100644,
  uid: 0,
  gid: 0,
  sizeBytes: 10,
  mtimeNs: 1,
  links: 1,
  whiteout: false,
  opaque: false,
  ...rest,
});

test("what an upper layer gets tells what somebody did to the merged view", () => {
  const overlay: Overlay = { address: 9, device: "0:9", upper: 100, lowers: [200], lowerPaths: ["/l"] };
  const layer = (address: number, entries: LayerEntry[]): Layer => ({
    address,
    type: "tmpfs",
    complete: true,
    entries,
    omitted: 0,
  });
  const lower = layer(200, [entry("a"), entry("bb"), entry("dir", { mode: 0o40755 })]);
  const with_ = (entries: LayerEntry[]) => view([shell], { overlays: [overlay], layers: [layer(100, entries), lower] });
  expect(told(with_([]), with_([entry("a"), entry("new")]))).toEqual(["copied-up a", "file-created new"]);
  expect(told(with_([]), with_([entry("bb", { whiteout: true, mode: 0o20000 })]))).toEqual(["whited-out bb"]);
  expect(told(with_([]), with_([entry("dir", { mode: 0o40755, opaque: true })]))).toEqual([
    "file-created dir",
    "made-opaque dir",
  ]);
  expect(told(with_([entry("a")]), with_([entry("a", { sizeBytes: 20 })]))).toEqual(["file-changed a"]);
  expect(told(with_([entry("a")]), with_([]))).toEqual(["file-removed a"]);
});

const device = (name: string, rest: Partial<NetDevice> = {}): NetDevice => ({
  address: 0xc8000000 + name.length * 4096,
  namespace: 1,
  index: name.length,
  name,
  loopback: false,
  mtu: 1500,
  flags: [],
  up: false,
  state: "DOWN",
  addresses: [],
  counters: {
    rxPackets: 0,
    rxBytes: 0,
    rxErrors: 0,
    rxDropped: 0,
    txPackets: 0,
    txBytes: 0,
    txErrors: 0,
    txDropped: 0,
  },
  ...rest,
});

test("a device that moves to a namespace gets an address there and is set up, in that order", () => {
  const ip = { local: "10.0.0.2", prefixLength: 24, label: "v1", scope: "global" };
  const before = view([shell], { devices: [device("v1")] });
  const after = view([shell], { devices: [device("v1", { namespace: 2, addresses: [ip], up: true })] });
  expect(told(before, after)).toEqual(["device-moved v1", "address-added v1", "device-up v1"]);
});
