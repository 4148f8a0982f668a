import { expect, test } from "vitest";
import { disagreements } from "../../tests/support/proc";
import { loadRecording } from "../../tests/support/recorded-memory";
import { NAMESPACE_KINDS, type Namespace } from "../protocol/namespace";
import type { Task } from "../protocol/task";
import { MAX_PROBLEMS } from "./bounds";
import { debugInfo } from "./debuginfo";
import { PAGE_OFFSET } from "./memory";
import { createXray } from "./xray";

// The guest of tests/support/scenario.ts, and what its own /proc said.
const recording = loadRecording("bubble");
const info = debugInfo(recording.layout);
const xray = createXray(recording.layout);
const view = xray.observe(recording.ram());

const running = (...argv: string[]): Task => {
  const found = view.tasks.filter((task) => argv.every((word, index) => task.argv[index] === word));
  expect(found.length, argv.join(" ")).toBe(1);
  return found[0];
};
const namespaceOf = (task: Task, kind: Namespace["kind"]): Namespace =>
  view.namespaces.find((namespace) => namespace.kind === kind && namespace.inum === task.namespaces[kind])!;
const init = view.tasks.find((task) => task.pid === 1)!;

test("the picture is whole", () => {
  expect(view.problems).toEqual([]);
  expect(view.omitted).toEqual([]);
  expect(view.release).toBe(recording.layout.release);
  expect(view.totalForks).toBeGreaterThan(view.tasks.length);
  expect(view.sequence).toBe(1);
});

test("it says of every task what /proc said", () => {
  expect(recording.witness.tasks.length).toBeGreaterThan(40);
  // The command that asked is in neither; its shell was busy.
  const known = new Set(recording.witness.tasks.map((task) => task.pid));
  const asked = view.tasks.filter((task) => known.has(task.pid));
  expect(disagreements(asked, recording.witness)).toEqual([]);
  expect(view.tasks.length - asked.length).toBeLessThan(5);
});

test("a process in nested pid namespaces has a pid at each level", () => {
  const task = running("sleep", "1002");
  expect(task.pids.map(({ level }) => level)).toEqual([0, 1, 2]);
  expect(task.pids[0].pid).toBe(task.pid);
  expect(task.pids.at(-1)!.pid).toBe(1);
  expect(task.pids.at(-1)!.namespace).toBe(task.namespaces.pid);
  const inner = namespaceOf(task, "pid");
  const middle = namespaceOf(running("sleep", "1003"), "pid");
  expect([inner.level, inner.parent]).toEqual([2, middle.inum]);
  expect([middle.level, middle.parent]).toEqual([1, init.namespaces.pid]);
});

test("all eight namespaces are told apart from the host's", () => {
  const task = running("sleep", "1004");
  for (const kind of NAMESPACE_KINDS) {
    expect(task.namespaces[kind], kind).not.toBe(init.namespaces[kind]);
    expect(namespaceOf(task, kind).initial, kind).toBe(false);
    expect(namespaceOf(init, kind).initial, kind).toBe(true);
    expect(namespaceOf(task, kind).owner, kind).toBe(kind === "user" ? init.namespaces.user : task.namespaces.user);
  }
  expect(namespaceOf(task, "uts").uts).toEqual({ nodename: "inside", domainname: "example" });
});

test("owners and parents are in the picture though no task is in them", () => {
  const task = running("sleep", "1005");
  const inner = namespaceOf(task, "user");
  const outer = view.namespaces.find((namespace) => namespace.kind === "user" && namespace.inum === inner.parent)!;
  expect(view.tasks.some((other) => other.namespaces.user === outer.inum)).toBe(false);
  expect([inner.level, outer.level, outer.parent]).toEqual([2, 1, init.namespaces.user]);
  expect(namespaceOf(task, "uts").owner).toBe(inner.inum);
});

test("names are as raw as the guest wrote them", () => {
  expect(namespaceOf(running("sleep", "1010"), "uts").uts!.nodename).toBe("<i>\u001b[31m");
  expect(running("sh", "-c", "sleep 1008; :").argv.slice(3)).toEqual([
    "sh",
    "",
    "two words",
    "line\nbreak",
    "é ☃",
    "<b>",
  ]);
});

test("threads are tasks of their process", () => {
  const threads = view.tasks.filter((task) => task.comm === "threads");
  expect(threads.length).toBe(4);
  expect(new Set(threads.map((task) => task.tgid))).toEqual(new Set([threads[0].pid]));
  for (const thread of threads) expect(thread.argv).toEqual(["/tmp/threads", "one", "two"]);
});

test("stopped, zombie, foreign and moved processes show as such", () => {
  expect(view.tasks.filter((task) => task.state === "T").length).toBe(1);
  const zombie = view.tasks.find((task) => task.state === "Z")!;
  expect(zombie).toMatchObject({ argv: [], argvTruncated: false, ppid: running("sleep", "1007").pid });
  expect(zombie.namespaces).toMatchObject({ mnt: 0, net: 0, pid: init.namespaces.pid, user: init.namespaces.user });
  expect(running("sleep", "1006")).toMatchObject({ uid: 1000, gid: 100 });
  expect(running("sleep", "1001").cgroup).toBe("/outer/inner");
  expect(init.cgroup).toBe("/");
});

test("a long command line is cut at the bound and says so", () => {
  const task = running("sleep", "1009");
  expect(task.argvTruncated).toBe(true);
  expect(task.argv.join(" ").length).toBeGreaterThan(4000);
});

test("kernel threads come without a command line, and the idle task does not come at all", () => {
  expect(view.tasks.find((task) => task.pid === 2)).toMatchObject({
    comm: "kthreadd",
    kernelThread: true,
    ppid: 0,
    argv: [],
  });
  expect(view.tasks.some((task) => task.pid === 0)).toBe(false);
});

test("no task has started after the time of the picture", () => {
  for (const task of view.tasks) expect(task.startTimeNs).toBeLessThanOrEqual(view.bootTimeNs);
  expect(view.bootTimeNs).toBeGreaterThan(1e9);
});

test("id maps of a few ranges and of many, offsets of clocks, and ipc objects", () => {
  // Six ranges lie beside the namespace, sorted; one lies in it.
  const mapped = namespaceOf(running("sleep", "1012"), "user");
  expect(mapped.uidMap!.map(({ first, hostFirst, count }) => [first, hostFirst, count])).toEqual([
    [0, 0, 1],
    [1, 5000, 1],
    [5, 2000, 1],
    [7, 3000, 1],
    [10, 1000, 1],
    [20, 4000, 1],
  ]);
  expect(mapped.gidMap).toEqual([]);
  expect(running("sleep", "1012").credentials).toMatchObject({ insideUid: 0, insideGid: 65534 });
  expect(namespaceOf(running("sleep", "1004"), "user").uidMap).toEqual([{ first: 0, hostFirst: 0, count: 1 }]);
  expect(namespaceOf(running("sleep", "1011"), "time").timeOffsets).toEqual({ monotonicNs: 100e9, boottimeNs: -1e9 });
  expect(namespaceOf(init, "ipc").ipc).toMatchObject([
    { kind: "sem", key: 78, mode: 0o600, size: 9 },
    { kind: "msg", key: 79, mode: 0o666, size: 0, use: 0 },
    { kind: "shm", key: 77, mode: 0o640, size: 12345, use: 0 },
    { kind: "mqueue", name: "jobs", mode: 0o640, size: 1, use: 4 },
  ]);
});

test("what a broken structure does not say is listed fact by fact, and the task stands", () => {
  const task = running("sleep", "1003");
  const { signal, real_cred } = info.fields.task_struct;
  const damaged = xray.observe(tampered([task.address + signal.offset, 0x10], [task.address + real_cred.offset, 0x20]));
  const wheres = damaged.problems.map(({ where }) => where);
  for (const field of ["pids", "tty", "oom_score_adj", "is_child_subreaper"]) {
    expect(wheres.join("\n")).toMatch(new RegExp(`^signal_struct\\(0x00000010\\)->${field}`, "m"));
  }
  expect(wheres.join("\n")).toMatch(/^cred\(0x00000020\)->uid$/m);
  const same = damaged.tasks.find(({ address }) => address === task.address)!;
  expect(same).toMatchObject({ pid: task.pid, argv: task.argv, cwd: task.cwd, pgid: 0, uid: 0 });
});

/** A copy of the recorded memory with words overwritten. */
function tampered(...writes: [address: number, value: number][]): Uint8Array {
  const ram = recording.ram();
  const words = new DataView(ram.buffer);
  for (const [address, value] of writes) words.setUint32(address - PAGE_OFFSET, value, true);
  return ram;
}

test("a fact that cannot be read is listed with its C path, and the rest stands", () => {
  const task = running("sleep", "1004");
  const { nsproxy } = info.fields.task_struct;
  const damaged = xray.observe(tampered([task.address + nsproxy.offset, 0x10]));
  expect(damaged.tasks.length).toBe(view.tasks.length);
  expect(damaged.problems.length).toBeGreaterThan(0);
  expect(damaged.problems[0].where).toMatch(/^nsproxy\(0x00000010\)->\w+_ns$/);
  expect(damaged.problems[0].what).toContain("outside of guest memory");
  const same = damaged.tasks.find(({ address }) => address === task.address)!;
  expect(same).toMatchObject({ pid: task.pid, comm: task.comm, argv: task.argv, cgroup: task.cgroup });
});

test.each([
  ["leads out of memory", () => 0xdeadbeec],
  ["leads to other memory", (leaders: Task[]) => leaders[3].address],
  ["leads back", (leaders: Task[]) => leaders[3].address + info.fields.task_struct.tasks.offset],
])("when a link of the task list %s, the rest is read from the other end", (_, target) => {
  const leaders = view.tasks.filter((task) => task.pid === task.tgid);
  const link = leaders[20].address + info.fields.task_struct.tasks.offset;
  const damaged = xray.observe(tampered([link, target(leaders)]));
  expect(new Set(damaged.tasks.map(({ pid }) => pid))).toEqual(new Set(view.tasks.map(({ pid }) => pid)));
  expect(damaged.problems.some(({ where }) => where.startsWith("init_task.tasks"))).toBe(true);
});

test("a task list broken twice ends, and what lies between is missing", () => {
  const leaders = view.tasks.filter((task) => task.pid === task.tgid);
  const { tasks } = info.fields.task_struct;
  const { prev } = info.fields.list_head;
  const damaged = xray.observe(
    tampered([leaders[10].address + tasks.offset, 0], [leaders[20].address + tasks.offset + prev.offset, 0]),
  );
  const shown = new Set(damaged.tasks.map(({ pid }) => pid));
  expect(leaders.filter((task) => !shown.has(task.pid)).map((task) => task.pid)).toEqual(
    leaders.slice(11, 20).map((task) => task.pid),
  );
  expect(damaged.problems.length).toBe(2);
});

test("a cgroup that is its own parent ends at the bound", () => {
  const task = running("sleep", "1001");
  const cgroupName = xray
    .evidence(recording.ram(), { object: "task", address: task.address, fact: "cgroup" })!
    .steps.find((step) => step.path.endsWith("kn->parent"))!;
  const node = cgroupName.address - info.fields.kernfs_node.parent.offset;
  const damaged = xray.observe(tampered([cgroupName.address, node]));
  expect(damaged.tasks.find(({ address }) => address === task.address)!.cgroup).toBe("");
  expect(damaged.problems[0].what).toContain("deeper than");
});

test("beyond the time bound the picture says what is left out", () => {
  let clock = 0;
  const slow = createXray(recording.layout, { now: () => (clock += 1000) }).observe(recording.ram());
  expect(slow.tasks.length).toBeGreaterThan(0);
  expect(slow.tasks.length).toBeLessThan(view.tasks.length);
  expect(slow.omitted).toContainEqual(expect.stringContaining(`Only the first ${slow.tasks.length} tasks`));
  expect(slow.omitted).toContainEqual(expect.stringContaining(`Only the first ${slow.mounts.length} mounts`));
  expect(slow.omitted).toContainEqual(expect.stringContaining(`Only the first ${slow.cgroups.length} cgroups`));
  const cut = ["tasks", "namespaces", "cgroups", "mounts", "overlays", "layers", "devices", "routes", "sockets"];
  expect([...slow.unfinished].sort()).toEqual(cut.sort());
  expect(view.unfinished).toEqual([]);
});

test("memory without a kernel gives an empty picture", () => {
  const empty = xray.observe(new Uint8Array(1 << 20));
  expect(empty.tasks).toEqual([]);
  expect(empty.problems.length).toBeGreaterThan(0);
  expect(empty.problems.length).toBeLessThanOrEqual(MAX_PROBLEMS);
  expect(xray.counters(new Uint8Array(16 << 20)).totalForks).toBe(0);
  expect(xray.freeInputBuffers(new Uint8Array(1 << 20), 0)).toBe(0);
  expect(xray.panicMessage(new Uint8Array(1 << 20))).toBeUndefined();
});
