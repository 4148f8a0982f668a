import { expect, test } from "vitest";
import { loadRecording } from "../../tests/support/recorded-memory";
import type { FactRef } from "../protocol/evidence";
import type { Cgroup } from "../protocol/cgroup";
import { type IdRange, type IpcObject, NAMESPACE_KINDS, type Namespace } from "../protocol/namespace";
import type { Place, Task } from "../protocol/task";
import { MAX_EVIDENCE_STEPS } from "./bounds";
import { debugInfo } from "./debuginfo";
import { PAGE_OFFSET } from "./memory";
import { createXray } from "./xray";

const recording = loadRecording("bubble");
const xray = createXray(recording.layout);
const ram = recording.ram();
const view = xray.observe(ram);

const quoted = (text: string) => JSON.stringify(text);

const yes = (value: boolean) => (value ? "yes" : "no");
const orNone = (value: string | number | undefined) => (value === undefined ? "none" : String(value));
const written = (place: Place | undefined) =>
  place ? `${quoted(place.path)}${place.deleted ? " (deleted)" : ""}` : "none";

/** The facts of a task as the picture has them, written the way evidence writes them. */
function taskFacts(task: Task): [FactRef, string][] {
  const { address } = task;
  const values: Record<string, string> = {
    pid: String(task.pid),
    pids: task.pids.map(({ pid }) => pid).join(" "),
    ppid: String(task.ppid),
    comm: quoted(task.comm),
    argv: task.argv.map(quoted).join(" "),
    state: task.state,
    uid: String(task.uid),
    gid: String(task.gid),
    startTimeNs: String(task.startTimeNs),
    cgroup: quoted(task.cgroup),
    tgid: String(task.tgid),
    pgid: String(task.pgid),
    sid: String(task.sid),
    tty: orNone(task.tty),
    environmentBytes: String(task.environmentBytes),
    exe: written(task.exe),
    root: written(task.root),
    cwd: written(task.cwd),
    frozen: yes(task.frozen),
    exitStatus: orNone(task.exitStatus),
    uids: task.credentials.uids.join(" "),
    gids: task.credentials.gids.join(" "),
    insideUid: String(task.credentials.insideUid),
    insideGid: String(task.credentials.insideGid),
    inheritable: task.credentials.inheritable,
    permitted: task.credentials.permitted,
    effective: task.credentials.effective,
    bounding: task.credentials.bounding,
    ambient: task.credentials.ambient,
    noNewPrivs: yes(task.noNewPrivs),
    seccomp: String(task.seccomp),
    oomScoreAdj: String(task.oomScoreAdj),
    childSubreaper: yes(task.childSubreaper),
    cpuTimeNs: String(task.cpuTimeNs),
    rssBytes: String(task.rssBytes),
    kernelThread: yes(task.kernelThread),
    "forChildren/pid": orNone(task.forChildren?.pid),
    "forChildren/time": orNone(task.forChildren?.time),
  };
  const facts: [FactRef, string][] = Object.entries(values).map(([fact, value]) => [
    { object: "task", address, fact } as FactRef,
    value,
  ]);
  for (const kind of NAMESPACE_KINDS) {
    facts.push([{ object: "task", address, fact: `ns/${kind}` }, `${kind}:[${task.namespaces[kind]}]`]);
  }
  return facts;
}

function namespaceFacts(namespace: Namespace): [FactRef, string][] {
  const { address, kind } = namespace;
  const of = { object: "namespace", address, kind } as const;
  const facts: [FactRef, string][] = [
    [{ ...of, fact: "inum" }, `${kind}:[${namespace.inum}]`],
    [{ ...of, fact: "parent" }, namespace.parent === undefined ? "none" : `${kind}:[${namespace.parent}]`],
    [{ ...of, fact: "owner" }, namespace.owner === undefined ? "none" : `user:[${namespace.owner}]`],
  ];
  if (namespace.uts) {
    facts.push([{ ...of, fact: "uts" }, `${quoted(namespace.uts.nodename)} ${quoted(namespace.uts.domainname)}`]);
  }
  const more: Record<string, string | undefined> = {
    level: namespace.level === undefined ? undefined : String(namespace.level),
    childReaper: kind === "pid" ? orNone(namespace.childReaper) : undefined,
    uidMap: namespace.uidMap && ranges(namespace.uidMap),
    gidMap: namespace.gidMap && ranges(namespace.gidMap),
    timeOffsets:
      namespace.timeOffsets &&
      `monotonic ${namespace.timeOffsets.monotonicNs} boottime ${namespace.timeOffsets.boottimeNs}`,
    cgroupRoot: namespace.cgroupRoot && quoted(namespace.cgroupRoot),
    ipc: namespace.ipc && (namespace.ipc.map(ipcName).join(", ") || "none"),
  };
  for (const [fact, value] of Object.entries(more)) if (value !== undefined) facts.push([{ ...of, fact }, value]);
  return [...facts, ...(namespace.ipc ?? []).flatMap(ipcFacts)];
}

const ranges = (map: IdRange[]) =>
  map.map(({ first, hostFirst, count }) => `${first} ${hostFirst} ${count}`).join(", ") || "none";

const ipcName = ({ kind, id, name }: IpcObject) => `${kind} ${name === undefined ? id : quoted(name)}`;

function ipcFacts({ address, ...object }: IpcObject): [FactRef, string][] {
  const values: Record<string, string> = {
    kind: object.kind,
    id: String(object.id),
    key: String(object.key),
    name: object.name === undefined ? "none" : quoted(object.name),
    uid: String(object.uid),
    gid: String(object.gid),
    mode: object.mode.toString(8),
    size: String(object.size),
    use: orNone(object.use),
  };
  return Object.entries(values).map(([fact, value]) => [{ object: "ipc", address, fact }, value]);
}

function cgroupFacts(cgroup: Cgroup): [FactRef, string][] {
  const { address, memory, cpu, pids, io } = cgroup;
  const orMax = (limit: number | undefined) => String(limit ?? "max");
  const bit = (value: boolean) => (value ? "1" : "0");
  const values: Record<string, string> = {
    path: quoted(cgroup.path),
    id: String(cgroup.id),
    "cgroup.type": cgroup.type,
    "cgroup.controllers": cgroup.controllers.join(" "),
    "cgroup.subtree_control": cgroup.subtreeControl.join(" "),
    "cgroup.events populated": bit(cgroup.populated),
    "cgroup.events frozen": bit(cgroup.frozen),
    "cgroup.freeze": bit(cgroup.freeze),
    "cpu.stat usage_usec": String(cgroup.cpuUsageUs),
    "cpu.stat user_usec": String(cgroup.cpuUserUs),
    "cpu.stat system_usec": String(cgroup.cpuSystemUs),
    "cpu.weight": String(cpu?.weight ?? "absent"),
    "cpu.max": cpu ? `${orMax(cpu.quotaUs)} ${cpu.periodUs}` : "absent",
    "cpu.stat nr_periods": String(cpu?.periods ?? "absent"),
    "memory.current": String(memory?.currentBytes ?? "absent"),
    "memory.peak": String(memory?.peakBytes ?? "absent"),
    "memory.max": memory ? orMax(memory.maxBytes) : "absent",
    "memory.events oom_kill": String(memory?.events.oomKill ?? "absent"),
    "pids.current": String(pids?.current ?? "absent"),
    "pids.max": pids ? orMax(pids.max) : "absent",
    "pids.events max": String(pids?.refused ?? "absent"),
    "io.max": io ? "" : "absent",
  };
  return Object.entries(values).map(([fact, value]) => [{ object: "cgroup", address, fact } as FactRef, value]);
}

const all = [
  ...view.tasks.flatMap(taskFacts),
  ...view.namespaces.flatMap(namespaceFacts),
  ...view.cgroups.flatMap(cgroupFacts),
];

test("the evidence of every fact comes to the value of the picture", () => {
  expect(all.length).toBeGreaterThan(700);
  for (const [fact, value] of all) expect(xray.evidence(ram, fact)?.value, JSON.stringify(fact)).toBe(value);
});

test("every step shows the bytes that lie at its address", () => {
  for (const [fact] of all) {
    for (const step of xray.evidence(ram, fact)!.steps) {
      const at = step.address - PAGE_OFFSET;
      expect(step.bytes, step.path).toEqual([...ram.subarray(at, at + step.bytes.length)]);
      expect(step.bytes.length, step.path).toBeGreaterThan(0);
    }
  }
});

test("each pointer of a walk leads to the next step", () => {
  const task = view.tasks.find((task) => task.argv[1] === "1004")!;
  const { nsproxy } = debugInfo(recording.layout).fields.task_struct;
  const { path, steps, value, command } = xray.evidence(ram, {
    object: "task",
    address: task.address,
    fact: "ns/uts",
  })!;
  expect(path).toBe("task_struct.nsproxy->uts_ns->ns.inum");
  expect(steps.map((step) => step.path)).toEqual([
    expect.stringMatching(/^init_task\.tasks \(entry \d+\)$/),
    "task->nsproxy",
    "task->nsproxy->uts_ns",
    "task->nsproxy->uts_ns->ns.inum",
  ]);
  expect(Number(steps[0].value)).toBe(task.address);
  expect(steps[1].address).toBe(task.address + nsproxy.offset);
  expect(steps[3].value).toBe(String(task.namespaces.uts));
  expect(value).toBe(`uts:[${task.namespaces.uts}]`);
  expect(command).toBe(`readlink /proc/${task.pid}/ns/uts`);
});

test("a declared path is the path that was walked", () => {
  const task = view.tasks.find((task) => task.cgroup === "/outer/inner")!;
  for (const [fact] of taskFacts(task)) {
    const { path, steps } = xray.evidence(ram, fact)!;
    const walked = steps.map((step) => step.path.replace(/^task->/, "task_struct."));
    // `[]` stands for every element.
    const every = walked.map((path) => path.replace(/\[\d+\]/g, "[]"));
    expect([...walked, ...every], JSON.stringify(fact)).toContain(path);
  }
});

test("the walk to a thread goes by its process", () => {
  const thread = view.tasks.find((task) => task.comm === "threads" && task.pid !== task.tgid)!;
  const { steps } = xray.evidence(ram, { object: "task", address: thread.address, fact: "comm" })!;
  expect(steps.map((step) => step.path)).toEqual([
    expect.stringMatching(/^init_task\.tasks \(entry \d+\)$/),
    "task->signal",
    expect.stringMatching(/^task->signal->thread_head \(entry [234]\)$/),
    "thread->comm",
  ]);
});

test("the walk to a namespace that no task is in goes by one that it owns", () => {
  const owners = view.namespaces.filter(
    ({ kind, inum }) => kind === "user" && !view.tasks.some((task) => task.namespaces.user === inum),
  );
  expect(owners.length).toBe(1);
  const found = xray.evidence(ram, { object: "namespace", address: owners[0].address, kind: "user", fact: "inum" })!;
  expect(found.steps.at(-1)!.path).toBe("task->real_cred->user_ns->parent->ns.inum");
  expect(found.command).toBeUndefined();
});

test("the host's namespaces begin at their variables", () => {
  const uts = view.namespaces.find(({ kind, initial }) => kind === "uts" && initial)!;
  const found = xray.evidence(ram, { object: "namespace", address: uts.address, kind: "uts", fact: "uts" })!;
  expect(found.steps[0].path).toBe("init_uts_ns.name.nodename");
  expect(found.steps[0].address).toBeGreaterThan(recording.layout.symbols.init_uts_ns);
});

test("what has ended has no evidence", () => {
  const address = view.tasks[0].address + 64;
  expect(xray.evidence(ram, { object: "task", address, fact: "pid" })).toBeUndefined();
  expect(xray.evidence(ram, { object: "namespace", address, kind: "net", fact: "inum" })).toBeUndefined();
});

test("a walk that breaks off says where", () => {
  const task = view.tasks.find((task) => task.argv[1] === "1004")!;
  const { nsproxy } = debugInfo(recording.layout).fields.task_struct;
  const damaged = recording.ram();
  new DataView(damaged.buffer).setUint32(task.address + nsproxy.offset - PAGE_OFFSET, 0x40, true);
  const found = xray.evidence(damaged, { object: "task", address: task.address, fact: "ns/uts" })!;
  expect(found.value).toBe("unreadable: 0x00000044: the address is outside of guest memory");
  expect(found.steps.at(-1)).toMatchObject({ path: "task->nsproxy", value: "0x00000040" });
  expect(found.steps.length).toBeLessThanOrEqual(MAX_EVIDENCE_STEPS);
});
