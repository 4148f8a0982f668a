import type { Cgroup, CgroupIoDevice, Pressure } from "../protocol/cgroup";
import type { ObjectRef } from "../protocol/evidence";
import type { KernelView } from "../protocol/view";
import { formatBytes, formatCount, formatDuration, formatShare } from "./format";
import { type FactRow, type ObjectDescription, rowsOf } from "./object-description";

const limit = (value: number | undefined, format: (value: number) => string) =>
  value === undefined ? "max" : format(value);

/** `cpu.max` in words: `20 % of the CPU: 20 ms in every 100 ms`. */
export function formatQuota(quotaUs: number | undefined, periodUs: number): string {
  if (quotaUs === undefined) return "max";
  const each = `${formatDuration(quotaUs)} in every ${formatDuration(periodUs)}`;
  return periodUs > 0 ? `${formatShare(quotaUs / periodUs)} of the CPU: ${each}` : each;
}

const formatPressure = ({ avg10, avg60, avg300 }: Pressure) =>
  `${avg10.toFixed(2)} %, ${avg60.toFixed(2)} %, ${avg300.toFixed(2)} %`;

function formatIo(device: CgroupIoDevice): string {
  const most = (bytes: number | undefined, operations: number | undefined) => {
    const limits = [
      ...(bytes === undefined ? [] : [`${formatBytes(bytes)}/s`]),
      ...(operations === undefined ? [] : [`${operations} operations/s`]),
    ];
    return limits.length ? `, at most ${limits.join(" and ")}` : "";
  };
  const read = `read ${formatBytes(device.readBytes)} in ${device.reads}`;
  const written = `wrote ${formatBytes(device.writtenBytes)} in ${device.writes}`;
  return (
    `${read}${most(device.maxReadBytesPerSecond, device.maxReadsPerSecond)}; ` +
    `${written}${most(device.maxWrittenBytesPerSecond, device.maxWritesPerSecond)}`
  );
}

/** The facts of a cgroup, named as the files of its directory. */
export function cgroupFacts(cgroup: Cgroup): FactRow[] {
  const row = rowsOf({ object: "cgroup", address: cgroup.address });
  const mono = { mono: true };
  const rows: FactRow[] = [
    row("path", "path", cgroup.path, mono),
    row("inode", "id", String(cgroup.id), mono),
    row("type", "cgroup.type", cgroup.type),
    row("controllers", "cgroup.controllers", cgroup.controllers.join(" ") || "none"),
    row("for children", "cgroup.subtree_control", cgroup.subtreeControl.join(" ") || "none"),
    row("populated", "cgroup.events populated", cgroup.populated ? "yes: a process is in it or below" : "no"),
    row("freeze", "cgroup.freeze", cgroup.freeze ? "1" : "0", mono),
    row("frozen", "cgroup.events frozen", cgroup.frozen ? "yes: every task has come to rest" : "no"),
  ];
  const { memory, cpu, pids, io, pressure } = cgroup;
  if (memory) {
    const group = "memory";
    const { events } = memory;
    rows.push(
      row("current", "memory.current", formatBytes(memory.currentBytes), { group }),
      row("peak", "memory.peak", formatBytes(memory.peakBytes), { group }),
      row("max", "memory.max", limit(memory.maxBytes, formatBytes), { group }),
      row("high", "memory.high", limit(memory.highBytes, formatBytes), { group }),
      row("low", "memory.low", limit(memory.lowBytes, formatBytes), { group }),
      row("min", "memory.min", limit(memory.minBytes, formatBytes), { group }),
      ...(
        [
          ["low", events.low],
          ["high", events.high],
          ["max", events.max],
          ["oom", events.oom],
          ["oom_kill", events.oomKill],
          ["oom_group_kill", events.oomGroupKill],
        ] as const
      ).map(([name, count]) =>
        row(name, `memory.events ${name}`, formatCount(count, "time"), { group: "memory events, here and below" }),
      ),
    );
  }
  const group = "cpu";
  rows.push(
    row("usage", "cpu.stat usage_usec", formatDuration(cgroup.cpuUsageUs), { group }),
    row("user", "cpu.stat user_usec", formatDuration(cgroup.cpuUserUs), { group }),
    row("system", "cpu.stat system_usec", formatDuration(cgroup.cpuSystemUs), { group }),
  );
  if (cpu) {
    rows.push(
      row("weight", "cpu.weight", String(cpu.weight), { group, mono: true }),
      row("max", "cpu.max", formatQuota(cpu.quotaUs, cpu.periodUs), { group }),
      row("burst", "cpu.max.burst", formatDuration(cpu.burstUs), { group }),
      row("periods", "cpu.stat nr_periods", String(cpu.periods), { group, mono: true }),
      row("throttled", "cpu.stat nr_throttled", formatCount(cpu.throttledPeriods, "period"), { group }),
      row("throttled time", "cpu.stat throttled_usec", formatDuration(cpu.throttledUs), { group }),
    );
  }
  if (pids) {
    const group = "pids";
    rows.push(
      row("current", "pids.current", String(pids.current), { group, mono: true }),
      row("peak", "pids.peak", String(pids.peak), { group, mono: true }),
      row("max", "pids.max", limit(pids.max, String), { group, mono: true }),
      row("refused", "pids.events max", formatCount(pids.refused, "fork"), { group }),
    );
  }
  for (const device of io ?? []) rows.push(row(device.device, "io.stat", formatIo(device), { group: "io" }));
  if (pressure) {
    const group = "pressure: share of time that tasks waited, over 10 s, 60 s and 5 min";
    for (const resource of ["cpu", "memory", "io"] as const) {
      const fact = `${resource}.pressure`;
      rows.push(row(`${resource}, some`, fact, formatPressure(pressure[resource].some), { group }));
      rows.push(row(`${resource}, all`, fact, formatPressure(pressure[resource].full), { group }));
    }
  }
  return rows;
}

export function describeCgroup(view: KernelView, { address }: ObjectRef): ObjectDescription | undefined {
  const cgroup = view.cgroups.find((one) => one.address === address);
  if (!cgroup) return undefined;
  return {
    identity: `${address}:${cgroup.id}`,
    number: "cgroup",
    title: cgroup.path,
    hue: "var(--cgroup)",
    meaning:
      cgroup.path === "/"
        ? "The root of all control groups: it holds what no other holds, and has no limits."
        : "A control group: tasks whose use of memory, CPU and pids is counted and limited together.",
    rows: cgroupFacts(cgroup),
    members: view.tasks.filter((task) => task.pid === task.tgid && task.cgroup === cgroup.path),
  };
}
