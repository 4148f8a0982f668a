/** Cgroups made, entered, limited, and what their limits did. */
import type { CgroupName, Change } from "../protocol/change";
import type { Cgroup } from "../protocol/cgroup";
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import { type Difference, difference } from "./difference";
import { taskName } from "./task-changes";

export function cgroupChanges(before: KernelView, after: KernelView, tasks: Difference<Task>): Change[] {
  const { added, removed, changed } = difference(before, after, "cgroups");
  const found: Change[] = [];
  for (const cgroup of added) found.push({ type: "cgroup-made", cgroup: nameOf(cgroup) });
  for (const [old, cgroup] of changed) found.push(...limitChanges(old, cgroup));
  found.push(...entries(after, tasks));
  const oomKills = ownGrowth(changed, ({ memory }) => memory?.events.oomKill);
  const refusals = ownGrowth(changed, ({ pids }) => pids?.refused);
  for (const [old, cgroup] of changed) {
    const name = nameOf(cgroup);
    if (old.frozen !== cgroup.frozen) found.push({ type: cgroup.frozen ? "frozen" : "thawed", cgroup: name });
    const periods = grown(old, cgroup, ({ cpu }) => cpu?.throttledPeriods);
    if (periods > 0) found.push({ type: "throttled", cgroup: name, periods });
    const refused = refusals.get(cgroup.address)!;
    if (refused > 0) found.push({ type: "fork-refused", cgroup: name, count: refused });
    const count = oomKills.get(cgroup.address)!;
    if (count > 0) found.push({ type: "oom-kill", cgroup: name, count });
  }
  for (const cgroup of [...removed].reverse()) found.push({ type: "cgroup-removed", cgroup: nameOf(cgroup) });
  return found;
}

/** What counts in every cgroup above, too, by the one that it happened in. */
function ownGrowth(
  changed: readonly (readonly [Cgroup, Cgroup])[],
  count: (of: Cgroup) => number | undefined,
): Map<number, number> {
  const own = new Map(changed.map(([old, cgroup]) => [cgroup.address, grown(old, cgroup, count)]));
  for (const [old, cgroup] of changed) {
    const above = cgroup.parent === undefined ? undefined : own.get(cgroup.parent);
    if (above !== undefined) own.set(cgroup.parent!, above - grown(old, cgroup, count));
  }
  return own;
}

function grown(old: Cgroup, cgroup: Cgroup, count: (of: Cgroup) => number | undefined): number {
  const [was, is] = [count(old), count(cgroup)];
  return was === undefined || is === undefined ? 0 : is - was;
}

/** Limits by the names of their files, written as the files show them. */
const LIMITS: readonly [limit: string, read: (of: Cgroup) => string | undefined][] = [
  ["cgroup.subtree_control", ({ subtreeControl }) => subtreeControl.join(" ")],
  ["cgroup.type", ({ type }) => type],
  ["memory.min", ({ memory }) => memory && orMax(memory.minBytes)],
  ["memory.low", ({ memory }) => memory && orMax(memory.lowBytes)],
  ["memory.high", ({ memory }) => memory && orMax(memory.highBytes)],
  ["memory.max", ({ memory }) => memory && orMax(memory.maxBytes)],
  ["cpu.weight", ({ cpu }) => cpu && String(cpu.weight)],
  ["cpu.max", ({ cpu }) => cpu && `${orMax(cpu.quotaUs)} ${cpu.periodUs}`],
  ["cpu.max.burst", ({ cpu }) => cpu && String(cpu.burstUs)],
  ["pids.max", ({ pids }) => pids && orMax(pids.max)],
  ["io.max", ({ io }) => io?.map(ioLimit).filter(Boolean).join("; ")],
];

function orMax(limit: number | undefined): string {
  return limit === undefined ? "max" : String(limit);
}

function ioLimit(device: NonNullable<Cgroup["io"]>[number]): string {
  const { maxReadBytesPerSecond, maxWrittenBytesPerSecond, maxReadsPerSecond, maxWritesPerSecond } = device;
  const limits = [maxReadBytesPerSecond, maxWrittenBytesPerSecond, maxReadsPerSecond, maxWritesPerSecond];
  if (limits.every((limit) => limit === undefined)) return "";
  const [rbps, wbps, riops, wiops] = limits.map(orMax);
  return `${device.device} rbps=${rbps} wbps=${wbps} riops=${riops} wiops=${wiops}`;
}

function limitChanges(old: Cgroup, cgroup: Cgroup): Change[] {
  const found: Change[] = [];
  for (const [limit, read] of LIMITS) {
    const [was, is] = [read(old), read(cgroup)];
    // A controller that is enabled brings its files, which is told by the parent's subtree_control.
    if (was === undefined || is === undefined || was === is) continue;
    found.push({ type: "limit-changed", cgroup: nameOf(cgroup), limit, before: was, after: is });
  }
  return found;
}

/** Processes that are in another cgroup than before; new ones, in another than their parent's. */
function entries(after: KernelView, { added, changed }: Difference<Task>): Change[] {
  const found: Change[] = [];
  const byPath = new Map(after.cgroups.map((cgroup) => [cgroup.path, cgroup]));
  const compare = (old: Task | undefined, task: Task) => {
    if (!old || task.pid !== task.tgid || task.kernelThread || old.cgroup === task.cgroup) return;
    const cgroup = byPath.get(task.cgroup);
    if (cgroup) found.push({ type: "cgroup-joined", cgroup: nameOf(cgroup), task: taskName(task), before: old.cgroup });
  };
  for (const task of added)
    compare(
      after.tasks.find(({ pid }) => pid === task.ppid),
      task,
    );
  for (const [old, task] of changed) compare(old, task);
  return found;
}

const nameOf = ({ address, path }: Cgroup): CgroupName => ({ address, path });
