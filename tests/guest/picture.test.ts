/** The picture against the guest's own /proc, lsns and counters, under a load that forks, unshares and moves. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createXray } from "../../src/kernel/xray";
import type { Layout } from "../../src/protocol/layout";
import { NAMESPACE_KINDS, type NamespaceKind } from "../../src/protocol/namespace";
import type { Task } from "../../src/protocol/task";
import type { KernelView } from "../../src/protocol/view";
import { WHOLE } from "../support/whole";
import { newSeed } from "../support/hostile";
import { Load } from "../support/load";
import { sh } from "../support/machine";
import { observedMachine } from "../support/observed-machine";
import { disagreements, parseWitness, still, WITNESS_SCRIPT } from "../support/proc";

/** Rounds of random operations. */
const ROUNDS = Number(process.env.PICTURE_ROUNDS ?? (WHOLE ? 200 : 100));

const { machine, picture, until } = await observedMachine();

/** Starts a command that outlives the script, and waits until it sleeps by this number. */
async function start(command: string, ...ids: string[]): Promise<KernelView> {
  await sh(machine, `setsid ${command} </dev/null >/dev/null 2>&1 &`);
  return until((view) => ids.every((id) => sleeper(view, id)?.state === "S"));
}

function sleeper(view: KernelView, id: string): Task | undefined {
  return view.tasks.find((task) => task.comm === "sleep" && task.argv[1] === id);
}

test(`for every task the picture says what /proc says, ${ROUNDS} rounds`, { timeout: 3_000 * ROUNDS }, async () => {
  const load = new Load(newSeed());
  await sh(machine, load.prepare());
  const seen = { tasks: 0, states: new Set(), levels: 0, cgroups: new Set(), namespaces: new Set() };
  for (let round = 0; round < ROUNDS; round++) {
    const script = load.round(await picture());
    const where = `SEED=${load.seed}, round ${round}\n${script}`;
    await sh(machine, script);
    await until((view) => load.settled(view));
    const before = await picture();
    const witness = parseWitness(await sh(machine, WITNESS_SCRIPT));
    const after = await picture();
    expect([...before.problems, ...before.omitted], where).toEqual([]);

    // The load stands still. Of the rest, what moved between the two pictures, or was at work when asked (the agent, which
    // carries the question), cannot be compared.
    const atWork = (state: string) => state === "R" || state === "D";
    const running = new Set([...witness.tasks, ...after.tasks].flatMap(({ pid, state }) => (atWork(state) ? pid : [])));
    const tasks = still(before, after).filter((task) => !running.has(task.pid));
    const compared = new Set(tasks.map(({ pid }) => pid));
    for (const task of before.tasks) if (load.owns(task)) expect(compared, where).toContain(task.pid);
    witness.tasks = witness.tasks.filter(({ pid }) => compared.has(pid));
    expect(disagreements(tasks, witness), where).toEqual([]);

    seen.tasks += tasks.length;
    for (const task of tasks) {
      seen.states.add(task.state);
      seen.levels = Math.max(seen.levels, task.pids.length);
      seen.cgroups.add(task.cgroup);
      for (const inum of Object.values(task.namespaces)) seen.namespaces.add(inum);
    }
  }
  expect(seen.tasks).toBeGreaterThan(20 * ROUNDS);
  // A few rounds hold only a part of what many do.
  if (ROUNDS < 100) return;
  expect([...seen.states]).toEqual(expect.arrayContaining(["S", "T", "Z", "I"]));
  expect(seen.levels).toBeGreaterThanOrEqual(3);
  expect(seen.cgroups.size).toBeGreaterThan(3);
  // How many differs by seed, about one a round.
  expect(seen.namespaces.size).toBeGreaterThan(ROUNDS / 2);
});

test("lsns lists the same namespaces, with the same parents and owners", async () => {
  await start(
    "unshare -muinpUCTf --map-root-user --mount-proc sh -c 'unshare -pf sleep 1001 & exec sleep 1002'",
    "1001",
    "1002",
  );
  const view = await start("unshare -U --map-root-user unshare -n sleep 1003", "1003");
  const { namespaces } = JSON.parse(await sh(machine, "lsns -J -o NS,TYPE,PNS,ONS,NPROCS")) as {
    namespaces: { ns: number; type: NamespaceKind; pns: number; ons: number; nprocs: number }[];
  };
  const members = (kind: NamespaceKind, inum: number) =>
    view.tasks.filter((task) => task.pid === task.tgid && task.namespaces[kind] === inum).length;
  for (const { ns, type, pns, ons, nprocs } of namespaces) {
    const ours = view.namespaces.find((namespace) => namespace.inum === ns);
    expect([ours?.kind, ours?.parent ?? 0, ours?.owner ?? 0], `${type} ${ns}`).toEqual([type, pns, ons]);
    // In the host's there is lsns itself, too.
    if (!ours!.initial) expect(members(type, ns), `${type} ${ns}`).toBe(nprocs);
  }
  const listed = new Set(namespaces.map(({ ns }) => ns));
  for (const { kind, inum } of view.namespaces) {
    if (members(kind, inum) > 0) expect(listed, `${kind} ${inum}`).toContain(inum);
  }
});

test("host names are those that the namespaces' members see", async () => {
  const view = await start("unshare -u sh -c 'hostname inside; exec sleep 1004'", "1004");
  const nodename = (task: Task) => view.namespaces.find(({ inum }) => inum === task.namespaces.uts)?.uts?.nodename;
  const inside = sleeper(view, "1004")!;
  const init = view.tasks.find((task) => task.pid === 1)!;
  expect(nodename(inside)).toBe((await sh(machine, `nsenter -t ${inside.pid} -u hostname`)).trim());
  expect(nodename(inside)).toBe("inside");
  expect(nodename(init)).toBe((await sh(machine, "hostname")).trim());
});

test("forks and time are the kernel's own", async () => {
  const before = await picture();
  const [stat, uptime] = (await sh(machine, "cat /proc/stat; echo @@; cat /proc/uptime")).split("@@\n");
  const after = await picture();
  const forks = Number(/^processes (\d+)$/m.exec(stat)![1]);
  expect(forks).toBeGreaterThan(before.totalForks);
  expect(forks).toBeLessThanOrEqual(after.totalForks);
  const uptimeNs = Number(uptime.split(" ")[0]) * 1e9;
  // uptime counts in hundredths, and the clock of the picture is that of the last tick.
  expect(uptimeNs).toBeGreaterThanOrEqual(before.bootTimeNs - 1e7);
  expect(uptimeNs).toBeLessThanOrEqual(after.bootTimeNs + 1e9);
});

test("evidence names a command that shows the same", async () => {
  const command = "unshare -muinpCTf --mount-proc setpriv --reuid 1000 --regid 100 --clear-groups sleep 1005";
  const { address } = sleeper(await start(command, "1005"), "1005")!;
  const facts = ["pid", "pids", "ppid", "comm", "argv", "state", "uid", "gid", "startTimeNs", "cgroup"] as const;
  for (const fact of facts) {
    const found = await machine.evidence({ object: "task", address, fact });
    if (!found.ok) throw new Error(found.failure.what);
    const { command, value } = found.value;
    const shown = (await sh(machine, command!)).split(/\s+/);
    // The quotes are ours, and /proc counts ticks of 10 ms.
    const ticks = String(Math.floor(Number(value) / 1e7));
    const words = fact === "startTimeNs" ? [ticks] : value.split(/[" ]+/).filter(Boolean);
    for (const word of words) expect(shown.join(" "), command).toContain(word);
  }
  for (const kind of NAMESPACE_KINDS) {
    const found = await machine.evidence({ object: "task", address, fact: `ns/${kind}` });
    if (!found.ok) throw new Error(found.failure.what);
    expect((await sh(machine, found.value.command!)).trim()).toBe(found.value.value);
  }
});

test("free pages are as many as the allocator counts", async () => {
  const layout = readFileSync(new URL("../../images/machine/layout.json", import.meta.url), "utf8");
  const buddyinfo = await sh(machine, "cat /proc/buddyinfo");
  await machine.pause();
  const runs = createXray(JSON.parse(layout) as Layout).freePages(machine.emulator.ram());
  await machine.resume();
  let countedBytes = 0;
  for (const [, counts] of buddyinfo.matchAll(/zone +\w+ +(.*)/g)) {
    counts
      .trim()
      .split(/ +/)
      .forEach((count, order) => (countedBytes += Number(count) * (4096 << order)));
  }
  const freeBytes = runs.reduce((sum, [, sizeBytes]) => sum + sizeBytes, 0);
  // The command that asked has ended since, and the per-CPU lists are not in buddyinfo.
  expect(Math.abs(freeBytes - countedBytes)).toBeLessThan(4 << 20);
});
