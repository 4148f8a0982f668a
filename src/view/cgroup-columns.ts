import type { Cgroup, ResourcePressure } from "../protocol/cgroup";
import { formatBytes, formatDuration, formatShare } from "./format";

/** What the table adds to a cgroup's own facts. */
export interface CgroupUse {
  tasks: number;
  cpuShare?: number;
}

export interface Column {
  name: string;
  value: (cgroup: Cgroup, use: CgroupUse) => string;
  words?: boolean;
}

const NONE = "–";
const limit = (value: number | undefined, format: (value: number) => string) =>
  value === undefined ? "max" : format(value);
const memory = (read: (memory: NonNullable<Cgroup["memory"]>) => string) => (cgroup: Cgroup) =>
  cgroup.memory ? read(cgroup.memory) : NONE;
const cpu = (read: (cpu: NonNullable<Cgroup["cpu"]>) => string) => (cgroup: Cgroup) =>
  cgroup.cpu ? read(cgroup.cpu) : NONE;
const pids = (read: (pids: NonNullable<Cgroup["pids"]>) => string) => (cgroup: Cgroup) =>
  cgroup.pids ? read(cgroup.pids) : NONE;
const io = (of: "readBytes" | "writtenBytes") => (cgroup: Cgroup) =>
  cgroup.io ? formatBytes(cgroup.io.reduce((sum, device) => sum + device[of], 0)) : NONE;
const pressure = (of: "cpu" | "memory" | "io", kind: keyof ResourcePressure) => (cgroup: Cgroup) =>
  cgroup.pressure ? `${cgroup.pressure[of][kind].avg10.toFixed(2)} %` : NONE;

/** Columns of the table of cgroups, by controller, named as the kernel's files. */
export const COLUMNS: readonly { name: string; columns: readonly Column[] }[] = [
  {
    name: "cgroup",
    columns: [
      { name: "processes", value: (_, { tasks }) => String(tasks) },
      { name: "populated", value: ({ populated }) => (populated ? "yes" : "no") },
      { name: "type", value: ({ type }) => type, words: true },
      { name: "freezer", value: ({ freeze, frozen }) => (frozen ? "frozen" : freeze ? "freezing" : "no"), words: true },
      { name: "controllers", value: ({ controllers }) => controllers.join(" ") || NONE, words: true },
      { name: "subtree_control", value: ({ subtreeControl }) => subtreeControl.join(" ") || NONE, words: true },
    ],
  },
  {
    name: "memory",
    columns: [
      { name: "current", value: memory(({ currentBytes }) => formatBytes(currentBytes)) },
      { name: "max", value: memory(({ maxBytes }) => limit(maxBytes, formatBytes)) },
      { name: "high", value: memory(({ highBytes }) => limit(highBytes, formatBytes)) },
      { name: "peak", value: memory(({ peakBytes }) => formatBytes(peakBytes)) },
      { name: "low", value: memory(({ lowBytes }) => limit(lowBytes, formatBytes)) },
      { name: "min", value: memory(({ minBytes }) => limit(minBytes, formatBytes)) },
      { name: "hits max", value: memory(({ events }) => String(events.max)) },
      { name: "hits high", value: memory(({ events }) => String(events.high)) },
      { name: "oom", value: memory(({ events }) => String(events.oom)) },
      { name: "oom_kill", value: memory(({ events }) => String(events.oomKill)) },
    ],
  },
  {
    name: "cpu",
    columns: [
      { name: "now", value: (_, { cpuShare }) => (cpuShare === undefined ? NONE : formatShare(cpuShare)) },
      {
        name: "max",
        value: cpu(({ quotaUs, periodUs }) =>
          limit(quotaUs, (quota) => (periodUs > 0 ? formatShare(quota / periodUs) : formatDuration(quota))),
        ),
      },
      { name: "weight", value: cpu(({ weight }) => String(weight)) },
      { name: "usage", value: ({ cpuUsageUs }) => formatDuration(cpuUsageUs) },
      { name: "user", value: ({ cpuUserUs }) => formatDuration(cpuUserUs) },
      { name: "system", value: ({ cpuSystemUs }) => formatDuration(cpuSystemUs) },
      { name: "periods", value: cpu(({ periods }) => String(periods)) },
      { name: "throttled", value: cpu(({ throttledPeriods }) => String(throttledPeriods)) },
      { name: "throttled time", value: cpu(({ throttledUs }) => formatDuration(throttledUs)) },
    ],
  },
  {
    name: "pids",
    columns: [
      { name: "current", value: pids(({ current }) => String(current)) },
      { name: "max", value: pids(({ max }) => limit(max, String)) },
      { name: "peak", value: pids(({ peak }) => String(peak)) },
      { name: "refused", value: pids(({ refused }) => String(refused)) },
    ],
  },
  {
    name: "io",
    columns: [
      { name: "read", value: io("readBytes") },
      { name: "written", value: io("writtenBytes") },
    ],
  },
  {
    name: "pressure over 10 s",
    columns: [
      { name: "cpu, some", value: pressure("cpu", "some") },
      { name: "cpu, all", value: pressure("cpu", "full") },
      { name: "memory, some", value: pressure("memory", "some") },
      { name: "memory, all", value: pressure("memory", "full") },
      { name: "io, some", value: pressure("io", "some") },
      { name: "io, all", value: pressure("io", "full") },
    ],
  },
];
