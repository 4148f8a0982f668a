/** Facts of cgroups, named like the files of cgroupfs that show them, and a line of the file where it has several. */
import type { CgroupIoDevice, ResourcePressure } from "../protocol/cgroup";
import { cgroupIo } from "./blkcg";
import {
  allCgroups,
  cgroupControl,
  cgroupFreeze,
  cgroupFrozen,
  cgroupInode,
  cgroupParent,
  cgroupPath,
  cgroupPopulated,
  cgroupSubtreeControl,
  cgroupType,
  controllers,
} from "./cgroup";
import { type Fact, fact, type ObjectFacts, quoted } from "./fact";
import { hex } from "./memory";
import {
  cgroupMemcg,
  memoryCurrent,
  memoryEvent,
  type MemcgEvent,
  memoryHigh,
  memoryLow,
  memoryMax,
  memoryMin,
  memoryPeak,
} from "./memcg";
import { cgroupPidsController, pidsCurrent, pidsMax, pidsPeak, pidsRefused } from "./pids-cgroup";
import type { Program } from "./program";
import { cgroupPsi, type PressureResource, psiPressure } from "./psi";
import { cgroupCpuStat } from "./rstat";
import { shellWord } from "./shell-word";
import {
  cgroupTaskGroup,
  cpuBurst,
  cpuPeriod,
  cpuPeriods,
  cpuQuota,
  cpuThrottled,
  cpuThrottledPeriods,
  cpuWeight,
} from "./task-group";

type Reader<T> = (prog: Program, address: number) => T;

/** What a fact of a controller that the cgroup does not have is shown as. */
const ABSENT = "absent";

const onOff = (value: boolean) => (value ? "1" : "0");
const orMax = (value: number | undefined) => (value === undefined ? "max" : String(value));

function file(prog: Program, cgroup: number, name: string): string | undefined {
  const path = cgroupPath(prog, cgroup);
  return shellWord(`/sys/fs/cgroup${path === "/" ? "" : path}/${name}`);
}

const cat = (name: string) => (prog: Program, cgroup: number) => {
  const word = file(prog, cgroup, name);
  return word && `cat ${word}`;
};

/** For files that the root does not have. */
const catBelowRoot = (name: string) => (prog: Program, cgroup: number) =>
  cgroupParent(prog, cgroup) === 0 ? undefined : cat(name)(prog, cgroup);

const directory = (command: string) => (prog: Program, cgroup: number) => {
  const word = file(prog, cgroup, "");
  return word && `${command} ${word}`;
};

/** A fact of a structure that the cgroup may not have: the one `find` leads to, 0 for none. */
function part<T>(path: string, find: Reader<number>, read: Reader<T>, show: (value: T) => string, name: string): Fact {
  return fact<{ value: T } | undefined>(
    path,
    (prog, cgroup) => {
      const address = find(prog, cgroup);
      return address === 0 ? undefined : { value: read(prog, address) };
    },
    (found) => (found ? show(found.value) : ABSENT),
    (prog, cgroup) => (find(prog, cgroup) === 0 ? undefined : cat(name)(prog, cgroup)),
  );
}

const memory = <T>(field: string, read: Reader<T>, show: (value: T) => string, name: string) =>
  part(`cgroup.subsys[memory_cgrp_id]->${field}`, cgroupMemcg, read, show, name);

const cpu = <T>(field: string, read: Reader<T>, show: (value: T) => string, name: string) =>
  part(`cgroup.subsys[cpu_cgrp_id]->${field}`, cgroupTaskGroup, read, show, name);

const pids = <T>(field: string, read: Reader<T>, show: (value: T) => string, name: string) =>
  part(`cgroup.subsys[pids_cgrp_id]->${field}`, cgroupPidsController, read, show, name);

const memoryEventFact = (event: MemcgEvent, slot: string) =>
  memory(`memory_events[${slot}]`, (prog, memcg) => memoryEvent(prog, memcg, event), String, "memory.events");

const io = (path: string, show: (devices: CgroupIoDevice[]) => string, name: string) =>
  fact(
    path,
    (prog, cgroup) => cgroupIo(prog, cgroup),
    (devices) => (devices ? show(devices) : ABSENT),
    (prog, cgroup) => (cgroupIo(prog, cgroup) ? cat(name)(prog, cgroup) : undefined),
  );

const pressure = (resource: PressureResource) =>
  part(
    "cgroup.psi->avg, cgroup.psi->total",
    cgroupPsi,
    (prog, group) => psiPressure(prog, group, resource),
    pressureLines,
    `${resource}.pressure`,
  );

function pressureLines({ some, full }: ResourcePressure): string {
  const line = ({ avg10, avg60, avg300, totalUs }: ResourcePressure["some"]) =>
    `avg10=${avg10.toFixed(2)} avg60=${avg60.toFixed(2)} avg300=${avg300.toFixed(2)} total=${totalUs}`;
  return `some ${line(some)}\nfull ${line(full)}`;
}

/** Lines as `io.stat` has them; the picture does not count discards. */
function ioStatLines(devices: readonly CgroupIoDevice[]): string {
  return devices
    .map(({ device, readBytes, writtenBytes, reads, writes }) =>
      readBytes + writtenBytes + reads + writes === 0
        ? device
        : `${device} rbytes=${readBytes} wbytes=${writtenBytes} rios=${reads} wios=${writes}`,
    )
    .join("\n");
}

/** Lines as `io.max` has them: of devices that have a limit. */
function ioMaxLines(devices: readonly CgroupIoDevice[]): string {
  const lines: string[] = [];
  for (const of of devices) {
    const limits = [of.maxReadBytesPerSecond, of.maxWrittenBytesPerSecond, of.maxReadsPerSecond, of.maxWritesPerSecond];
    if (limits.every((limit) => limit === undefined)) continue;
    const [rbps, wbps, riops, wiops] = limits.map(orMax);
    lines.push(`${of.device} rbps=${rbps} wbps=${wbps} riops=${riops} wiops=${wiops}`);
  }
  return lines.join("\n");
}

const named =
  (read: Reader<number>): Reader<string> =>
  (prog, cgroup) =>
    controllers(prog, read(prog, cgroup)).join(" ");

export const CGROUP_FACTS: ObjectFacts = {
  all: allCgroups,
  facts: {
    path: fact("cgroup.kn->name", cgroupPath, quoted, directory("ls -d")),
    parent: fact("cgroup.self.parent", cgroupParent, (parent) => (parent === 0 ? "none" : hex(parent))),
    id: fact("cgroup.kn->id", cgroupInode, String, directory("stat -c %i")),
    "cgroup.type": fact("cgroup.dom_cgrp", cgroupType, String, catBelowRoot("cgroup.type")),
    "cgroup.controllers": fact(
      "cgroup.self.parent->cgroup->subtree_control",
      named(cgroupControl),
      String,
      cat("cgroup.controllers"),
    ),
    "cgroup.subtree_control": fact(
      "cgroup.subtree_control",
      named(cgroupSubtreeControl),
      String,
      cat("cgroup.subtree_control"),
    ),
    "cgroup.events populated": fact("cgroup.nr_populated_csets", cgroupPopulated, onOff, catBelowRoot("cgroup.events")),
    "cgroup.events frozen": fact("cgroup.flags", cgroupFrozen, onOff, catBelowRoot("cgroup.events")),
    "cgroup.freeze": fact("cgroup.freezer.freeze", cgroupFreeze, onOff, catBelowRoot("cgroup.freeze")),
    "cpu.stat usage_usec": fact(
      "cgroup.bstat.cputime.sum_exec_runtime",
      (prog, cgroup) => cgroupCpuStat(prog, cgroup).usageUs,
      String,
      cat("cpu.stat"),
    ),
    "cpu.stat user_usec": fact(
      "cgroup.bstat.cputime.utime",
      (prog, cgroup) => cgroupCpuStat(prog, cgroup).userUs,
      String,
      cat("cpu.stat"),
    ),
    "cpu.stat system_usec": fact(
      "cgroup.bstat.cputime.stime",
      (prog, cgroup) => cgroupCpuStat(prog, cgroup).systemUs,
      String,
      cat("cpu.stat"),
    ),
    "cpu.stat nr_periods": cpu("cfs_bandwidth.nr_periods", cpuPeriods, String, "cpu.stat"),
    "cpu.stat nr_throttled": cpu("cfs_bandwidth.nr_throttled", cpuThrottledPeriods, String, "cpu.stat"),
    "cpu.stat throttled_usec": cpu("cfs_bandwidth.throttled_time", cpuThrottled, String, "cpu.stat"),
    "cpu.weight": cpu("shares", cpuWeight, String, "cpu.weight"),
    "cpu.max": cpu(
      "cfs_bandwidth.quota",
      (prog, tg) => [cpuQuota(prog, tg), cpuPeriod(prog, tg)],
      (words) => words.map(orMax).join(" "),
      "cpu.max",
    ),
    "cpu.max.burst": cpu("cfs_bandwidth.burst", cpuBurst, String, "cpu.max.burst"),
    "memory.current": memory("memory.usage", memoryCurrent, String, "memory.current"),
    "memory.peak": memory("memory.watermark", memoryPeak, String, "memory.peak"),
    "memory.min": memory("memory.min", memoryMin, orMax, "memory.min"),
    "memory.low": memory("memory.low", memoryLow, orMax, "memory.low"),
    "memory.high": memory("memory.high", memoryHigh, orMax, "memory.high"),
    "memory.max": memory("memory.max", memoryMax, orMax, "memory.max"),
    "memory.events low": memoryEventFact("low", "MEMCG_LOW"),
    "memory.events high": memoryEventFact("high", "MEMCG_HIGH"),
    "memory.events max": memoryEventFact("max", "MEMCG_MAX"),
    "memory.events oom": memoryEventFact("oom", "MEMCG_OOM"),
    "memory.events oom_kill": memoryEventFact("oomKill", "MEMCG_OOM_KILL"),
    "memory.events oom_group_kill": memoryEventFact("oomGroupKill", "MEMCG_OOM_GROUP_KILL"),
    "pids.current": pids("counter", pidsCurrent, String, "pids.current"),
    "pids.peak": pids("watermark", pidsPeak, String, "pids.peak"),
    "pids.max": pids("limit", pidsMax, orMax, "pids.max"),
    "pids.events max": pids("events[PIDCG_MAX]", pidsRefused, String, "pids.events"),
    "io.stat": io("cgroup.subsys[io_cgrp_id]->blkg_list", ioStatLines, "io.stat"),
    "io.max": io("cgroup.subsys[io_cgrp_id]->blkg_list", ioMaxLines, "io.max"),
    "cpu.pressure": pressure("cpu"),
    "memory.pressure": pressure("memory"),
    "io.pressure": pressure("io"),
  },
};
