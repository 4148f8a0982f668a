/** Cgroups, and what their files say. */
import type { Cgroup } from "../../protocol/cgroup";
import type { CgroupMatch, NumberMatch } from "../../protocol/match";
import type { Scene } from "../scene";
import { matchesTask } from "./task";
import { isNumber, isText } from "./value";

/** By the name of the file in the cgroup's directory, and where that has several numbers, of the line. */
export const CGROUP_FILES: Readonly<Record<string, (cgroup: Cgroup) => number | undefined>> = {
  "memory.current": ({ memory }) => memory?.currentBytes,
  "memory.peak": ({ memory }) => memory?.peakBytes,
  "memory.min": ({ memory }) => memory?.minBytes,
  "memory.low": ({ memory }) => memory?.lowBytes,
  "memory.high": ({ memory }) => memory?.highBytes,
  "memory.max": ({ memory }) => memory?.maxBytes,
  "memory.events high": ({ memory }) => memory?.events.high,
  "memory.events max": ({ memory }) => memory?.events.max,
  "memory.events oom": ({ memory }) => memory?.events.oom,
  "memory.events oom_kill": ({ memory }) => memory?.events.oomKill,
  "cpu.weight": ({ cpu }) => cpu?.weight,
  "cpu.max quota": ({ cpu }) => cpu?.quotaUs,
  "cpu.max period": ({ cpu }) => cpu?.periodUs,
  "cpu.stat usage_usec": ({ cpuUsageUs }) => cpuUsageUs,
  "cpu.stat nr_periods": ({ cpu }) => cpu?.periods,
  "cpu.stat nr_throttled": ({ cpu }) => cpu?.throttledPeriods,
  "cpu.stat throttled_usec": ({ cpu }) => cpu?.throttledUs,
  "pids.current": ({ pids }) => pids?.current,
  "pids.peak": ({ pids }) => pids?.peak,
  "pids.max": ({ pids }) => pids?.max,
  "pids.events max": ({ pids }) => pids?.refused,
  "cgroup.freeze": ({ freeze }) => Number(freeze),
  "io.max wbps": ({ io }) =>
    io?.find(({ maxWrittenBytesPerSecond }) => maxWrittenBytesPerSecond)?.maxWrittenBytesPerSecond,
  "io.max rbps": ({ io }) => io?.find(({ maxReadBytesPerSecond }) => maxReadBytesPerSecond)?.maxReadBytesPerSecond,
};

/** Files that are there and say `max` have no number; without the controller there is no file. */
function hasController({ memory, cpu, pids, io }: Cgroup, file: string): boolean {
  const controller = file.slice(0, file.indexOf("."));
  return { memory, cpu, pids, io }[controller] !== undefined;
}

export function matchesCgroup(match: CgroupMatch, cgroup: Cgroup, scene: Scene): boolean {
  if (match.path !== undefined && !isText(cgroup.path, match.path)) return false;
  if (match.controllers && !match.controllers.every((one) => cgroup.controllers.includes(one))) return false;
  if (match.frozen !== undefined && cgroup.frozen !== match.frozen) return false;
  if (match.madeInStep !== undefined && scene.isNew("cgroups", cgroup) !== match.madeInStep) return false;
  const files = Object.entries(match.files ?? {});
  if (!files.every(([file, wanted]) => says(cgroup, file, wanted))) return false;
  const { member } = match;
  const inside = scene.processes.filter((task) => task.cgroup === cgroup.path);
  if (member && !inside.some((task) => matchesTask(member, task, scene))) return false;
  return !(match.not && matchesCgroup(match.not, cgroup, scene));
}

function says(cgroup: Cgroup, file: string, wanted: NumberMatch | "max"): boolean {
  const value = CGROUP_FILES[file]?.(cgroup);
  if (wanted === "max") return value === undefined && hasController(cgroup, file);
  return isNumber(value, wanted);
}
