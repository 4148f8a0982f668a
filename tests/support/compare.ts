/** The picture of a machine against the guest's own tools: one function for each part. All throw where they disagree. */
import { expect } from "vitest";
import type { Machine } from "../../src/machine/machine";
import type { KernelView } from "../../src/protocol/view";
import { sh } from "./machine";
import type { ObservedMachine } from "./observed-machine";
import { isOperated } from "./operations/tasks";
import { still } from "./proc";
import { CGROUP_WITNESS_SCRIPT, cgroupDisagreements, parseCgroupWitness } from "./witness/cgroups";
import * as mounts from "./witness/mounts";
import * as network from "./witness/network";
import * as tasks from "./witness/tasks";

/** A guest that sends probes of its own, or takes a namespace down, is asked again this often. */
const ATTEMPTS = 20;

/**
 * All that stood still of tasks and namespaces, against `/proc`. `where` says how it came about; the processes known by
 * the numbers in `must` (`operations/tasks.ts`) have to be among what stood still.
 */
export async function compareTasks(
  { machine, picture }: ObservedMachine,
  where: string,
  must: readonly string[] = [],
): Promise<KernelView> {
  const before = await picture();
  const witness = tasks.parseDetails(await sh(machine, tasks.DETAILS_SCRIPT));
  const after = await picture();
  expect([...before.problems, ...before.omitted], where).toEqual([]);
  const busy = (state: string) => state === "R" || state === "D";
  const compared = still(before, after).filter((task) => !busy(task.state) || task.frozen);
  const pids = new Set(compared.map(({ pid }) => pid));
  for (const id of must) {
    const pid = before.tasks.find((task) => isOperated(task, id) && task.state !== "Z")?.pid;
    expect(pids, `${where}\n${id}`).toContain(pid);
  }
  // A kernel thread that woke in between has another CPU time.
  const then = new Map(before.tasks.map((task) => [task.pid, task.cpuTimeNs]));
  const steady = compared.filter((task) => then.get(task.pid) === task.cpuTimeNs);
  expect(tasks.disagreements(after, steady, witness), where).toEqual([]);
  return after;
}

/** Mounts and layers, against mountinfo, findmnt, find and stat. */
export async function compareMounts({ machine, picture }: ObservedMachine, where: string): Promise<KernelView> {
  const before = await picture();
  const witness = mounts.parseWitness(await ask(machine, mounts.witnessScript(before)));
  const after = await picture();
  expect([...before.problems, ...before.omitted], where).toEqual([]);
  expect([after.mounts, after.overlays], where).toEqual([before.mounts, before.overlays]);
  expect(mounts.disagreements(before, witness), where).toEqual([]);
  return before;
}

/** What a random file of a layer holds, against `cat`. */
export async function compareContent(
  { machine }: ObservedMachine,
  view: KernelView,
  next: () => number,
  where: string,
): Promise<void> {
  const files = view.layers.flatMap(({ path, entries }) =>
    path === undefined ? [] : entries.map((entry) => ({ ...entry, path: `${path}/${entry.path}` })),
  );
  const regular = files.filter(({ mode }) => (mode & 0xf000) === 0x8000);
  if (regular.length === 0) return;
  const { path, inode } = regular[Math.floor(next() * regular.length)];
  const [found, printed] = [await machine.file(inode), await machine.run({ argv: ["cat", path] })];
  if (!found.ok || !printed.ok) throw new Error(`${path} of ${where} cannot be read`);
  expect([...found.value.bytes], `${where}\n${path}`).toEqual([...printed.value.stdout]);
  expect(found.value.sizeBytes, `${where}\n${path}`).toBe(printed.value.stdout.length);
}

/** Cgroups, against cgroupfs. */
export async function compareCgroups({ machine, picture }: ObservedMachine, where: string): Promise<KernelView> {
  const before = await picture();
  const witness = parseCgroupWitness(await sh(machine, CGROUP_WITNESS_SCRIPT));
  const after = await picture();
  expect([...before.problems, ...after.problems, ...after.omitted], where).toEqual([]);
  expect(cgroupDisagreements(before, after, witness), where).toEqual([]);
  return after;
}

/** Devices, routes, sockets and descriptors, against `ip`, `/proc/net` and `/proc/PID/fd`, once they stand still. */
export async function compareNetwork(
  { machine, picture }: ObservedMachine,
  where: string,
  { everyCounter = false } = {},
): Promise<KernelView> {
  for (let attempt = 1; ; attempt++) {
    const before = await picture();
    const listing = network.parseListing(await sh(machine, network.LISTING_SCRIPT));
    const witness = network.parseWitness(listing, await sh(machine, network.stateScript(listing)));
    const after = await picture();
    expect([...before.problems, ...before.omitted], where).toEqual([]);
    const restless = restlessDevices(before, after);
    const same = essence(before) === essence(after) && !(everyCounter && restless.size > 0);
    // A namespace that nobody holds is being taken down.
    if ((!same || network.nameable(before).length !== listing.namespaces.size) && attempt < ATTEMPTS) continue;
    expect(same, where).toBe(true);
    const lived = new Set(before.tasks.map(({ pid }) => pid));
    const pids = new Set(after.tasks.flatMap(({ pid }) => (lived.has(pid) ? pid : [])));
    const found = [
      ...network.disagreements(before, witness, restless),
      ...network.descriptorDisagreements(before, witness, pids),
    ];
    expect(found, where).toEqual([]);
    return before;
  }
}

/** What a long script prints. It fails in many places, where something is hidden or gone. */
async function ask(machine: Machine, script: string): Promise<string> {
  const result = await machine.run({ argv: ["sh"] }, new TextEncoder().encode(script));
  if (!result.ok) throw new Error(result.failure.what);
  return new TextDecoder().decode(result.value.stdout);
}

/** What of the network must stand still while the guest is asked, as text: all but counters. */
function essence(view: KernelView): string {
  const devices = view.devices.map((device) => ({ ...device, counters: 0 }));
  return JSON.stringify([devices, view.routes, view.namespaces, view.sockets]);
}

/** Addresses of devices whose counters moved. */
function restlessDevices(before: KernelView, after: KernelView): Set<number> {
  const then = new Map(before.devices.map(({ address, counters }) => [address, JSON.stringify(counters)]));
  const moved = after.devices.filter(({ address, counters }) => then.get(address) !== JSON.stringify(counters));
  return new Set(moved.map(({ address }) => address));
}
