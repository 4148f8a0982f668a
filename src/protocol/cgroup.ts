/** Control groups of the kernel picture, unified hierarchy (`include/linux/cgroup-defs.h`). */

export const CONTROLLERS = ["cpuset", "cpu", "io", "memory", "hugetlb", "pids", "rdma", "misc"] as const;
export type Controller = (typeof CONTROLLERS)[number];

/** Pressure as `*.pressure` files print it (`kernel/sched/psi.c`), by the scheduler's clock: some milliseconds late. */
export interface Pressure {
  /** Per cent of time, averaged over 10, 60 and 300 seconds. */
  avg10: number;
  avg60: number;
  avg300: number;
  totalUs: number;
}

/** Some tasks, and all tasks, waited for the resource. */
export interface ResourcePressure {
  some: Pressure;
  full: Pressure;
}

/** Limits are absent where the file says `max`; so are protections, of which none is 0. */
export interface CgroupMemory {
  currentBytes: number;
  peakBytes: number;
  minBytes?: number;
  lowBytes?: number;
  highBytes?: number;
  maxBytes?: number;
  /** Of this cgroup and its descendants: `memory.events`. */
  events: { low: number; high: number; max: number; oom: number; oomKill: number; oomGroupKill: number };
}

export interface CgroupCpu {
  /** `cpu.weight`, 1 to 10000. */
  weight: number;
  /** `cpu.max`: time allowed in each period; absent without a limit. */
  quotaUs?: number;
  periodUs: number;
  burstUs: number;
  /** `cpu.stat`. */
  periods: number;
  throttledPeriods: number;
  throttledUs: number;
}

export interface CgroupPids {
  current: number;
  peak: number;
  max?: number;
  /** Forks that the limit of this cgroup or of one below it refused: `pids.events`. */
  refused: number;
}

export interface CgroupIoDevice {
  /** Major and minor: `7:0`. */
  device: string;
  readBytes: number;
  writtenBytes: number;
  reads: number;
  writes: number;
  /** `io.max`. */
  maxReadBytesPerSecond?: number;
  maxWrittenBytesPerSecond?: number;
  maxReadsPerSecond?: number;
  maxWritesPerSecond?: number;
}

export interface Cgroup {
  /** Address of the `struct cgroup`. */
  address: number;
  /** Path from the root of the hierarchy: `/`, `/bubble`. */
  path: string;
  /** Address of the parent; absent for the root. */
  parent?: number;
  /** Inode number of its directory, as `stat` prints it: the low half of the cgroup's id. */
  id: number;
  /** `cgroup.type`; `domain` for the root, which has no such file. */
  type: "domain" | "domain threaded" | "domain invalid" | "threaded";
  /** `cgroup.controllers` and `cgroup.subtree_control`. */
  controllers: Controller[];
  subtreeControl: Controller[];
  /** Processes in it or below: `cgroup.events`. */
  populated: boolean;
  /** `cgroup.freeze` is written, and every task has come to rest (`cgroup.events`); an ancestor's freeze does that, too. */
  freeze: boolean;
  frozen: boolean;
  /** `cpu.stat`, which every cgroup has. That of the root counts the whole system. */
  cpuUsageUs: number;
  cpuUserUs: number;
  cpuSystemUs: number;
  /** Controllers whose files it has; the root has no limits, so none of these four. */
  memory?: CgroupMemory;
  cpu?: CgroupCpu;
  pids?: CgroupPids;
  io?: CgroupIoDevice[];
  /** Absent where it was switched off: `cgroup.pressure`. */
  pressure?: { cpu: ResourcePressure; memory: ResourcePressure; io: ResourcePressure };
}
