/** Cgroups for unit tests of the views, in the shape that the X-ray delivers. */
import type { Cgroup, CgroupCpu, CgroupMemory, CgroupPids } from "../protocol/cgroup";

const MEMORY: CgroupMemory = {
  currentBytes: 0,
  peakBytes: 0,
  minBytes: 0,
  lowBytes: 0,
  events: { low: 0, high: 0, max: 0, oom: 0, oomKill: 0, oomGroupKill: 0 },
};
const CPU: CgroupCpu = { weight: 100, periodUs: 100_000, burstUs: 0, periods: 0, throttledPeriods: 0, throttledUs: 0 };
const PIDS: CgroupPids = { current: 0, peak: 0, refused: 0 };

interface Given {
  memory?: Partial<CgroupMemory>;
  cpu?: Partial<CgroupCpu>;
  pids?: Partial<CgroupPids>;
  rest?: Partial<Cgroup>;
}

/** A cgroup with the three controllers; its address follows from `id`. */
export function cgroup(path: string, id: number, parent: number | undefined, given: Given = {}): Cgroup {
  return {
    address: 0xc5000000 + id * 0x1000,
    path,
    parent: parent === undefined ? undefined : 0xc5000000 + parent * 0x1000,
    id,
    type: "domain",
    controllers: ["cpu", "memory", "pids"],
    subtreeControl: [],
    populated: false,
    freeze: false,
    frozen: false,
    cpuUsageUs: 0,
    cpuUserUs: 0,
    cpuSystemUs: 0,
    memory: { ...MEMORY, ...given.memory },
    cpu: { ...CPU, ...given.cpu },
    pids: { ...PIDS, ...given.pids },
    ...given.rest,
  };
}

/** The root: it has no limits, and so none of the controllers' files. */
export const rootCgroup = (rest: Partial<Cgroup> = {}): Cgroup => ({
  ...cgroup("/", 1, undefined),
  memory: undefined,
  cpu: undefined,
  pids: undefined,
  ...rest,
});
