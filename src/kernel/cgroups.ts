/** The control groups of one picture. */
import type { Cgroup, Controller } from "../protocol/cgroup";
import { cgroupIo, PendingIo } from "./blkcg";
import { MAX_CGROUP_DEPTH, MAX_CGROUP_PATHS_LENGTH, MAX_CGROUPS, MAX_OBSERVE_MS } from "./bounds";
import {
  cgroupChildren,
  cgroupControl,
  cgroupFreeze,
  cgroupFrozen,
  cgroupInode,
  cgroupName,
  cgroupPopulated,
  cgroupShows,
  cgroupSubtreeControl,
  cgroupType,
  controllers,
  rootCgroup,
} from "./cgroup";
import { hex } from "./memory";
import { cgroupMemory } from "./memcg";
import { cgroupPids } from "./pids-cgroup";
import type { Program } from "./program";
import { cgroupPressure } from "./psi";
import type { Reading } from "./reading";
import { cgroupCpuStat, type CpuStat, type Flushed } from "./rstat";
import { cgroupCpu } from "./task-group";

const NO_TIME: CpuStat = { usageUs: 0, userUs: 0, systemUs: 0 };

/** Reads the unified hierarchy, a parent before its children. */
export function readCgroups(reading: Reading): Cgroup[] {
  return new Cgroups(reading).all();
}

class Cgroups {
  readonly #reading: Reading;
  readonly #cgroups: Cgroup[] = [];
  readonly #seen = new Set<number>();
  /** Lists of controllers by their bits: most cgroups have the same. */
  readonly #controllers = new Map<number, Controller[]>();
  readonly #flushed: Flushed = new Map();
  readonly #pendingIo = new PendingIo();
  #pathsLength = 0;
  /** A bound ended the walk. */
  #full = false;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  all(): Cgroup[] {
    const root = rootCgroup(this.#reading.prog);
    if (this.#reading.read(cgroupShows, root, "cgroup", false)) this.#add(root, undefined, 0);
    return this.#cgroups;
  }

  /** Reads a cgroup and all below it. */
  #add(address: number, parent: Cgroup | undefined, depth: number): void {
    const reading = this.#reading;
    this.#seen.add(address);
    if (this.#seen.size > MAX_CGROUPS) {
      this.#full = true;
      return reading.leaveOut(`Only the first ${MAX_CGROUPS} cgroups are shown.`);
    }
    if (reading.late("cgroups")) {
      this.#full = true;
      return reading.leaveOut(
        `Only the first ${this.#cgroups.length} cgroups are shown: the picture took ${MAX_OBSERVE_MS} ms.`,
      );
    }
    const cgroup = this.#read(address, parent);
    this.#pathsLength += cgroup.path.length;
    if (this.#pathsLength > MAX_CGROUP_PATHS_LENGTH) {
      this.#full = true;
      return reading.leaveOut(`Only the first ${this.#cgroups.length} cgroups are shown: their paths are too long.`);
    }
    this.#cgroups.push(cgroup);
    const children = cgroupChildren(reading.prog, address);
    reading.walk(children, `cgroup(${hex(address)}).self.children`, (child) => {
      if (!reading.read(cgroupShows, child, "cgroup", false)) return true;
      if (depth >= MAX_CGROUP_DEPTH) {
        reading.leaveOut(`Cgroups deeper than ${MAX_CGROUP_DEPTH} levels are not shown.`);
        return false;
      }
      if (this.#seen.has(child)) {
        reading.problem(`cgroup(${hex(address)}).self.children`, `${hex(child)} is in the hierarchy twice`);
        return false;
      }
      this.#add(child, cgroup, depth + 1);
      return !this.#full;
    });
  }

  #read(address: number, parent: Cgroup | undefined): Cgroup {
    const reading = this.#reading;
    const { usageUs, userUs, systemUs } = reading.read(this.#cpuStat, address, "cgroup", NO_TIME);
    const cgroup: Cgroup = {
      address,
      path: parent ? this.#path(address, parent) : "/",
      parent: parent?.address,
      id: reading.read(cgroupInode, address, "cgroup", 0),
      type: reading.read(cgroupType, address, "cgroup", "domain"),
      controllers: this.#named(reading.read(cgroupControl, address, "cgroup", 0)),
      subtreeControl: this.#named(reading.read(cgroupSubtreeControl, address, "cgroup", 0)),
      populated: reading.read(cgroupPopulated, address, "cgroup", false),
      freeze: reading.read(cgroupFreeze, address, "cgroup", false),
      frozen: reading.read(cgroupFrozen, address, "cgroup", false),
      cpuUsageUs: usageUs,
      cpuUserUs: userUs,
      cpuSystemUs: systemUs,
      memory: undefined,
      cpu: undefined,
      pids: undefined,
      io: undefined,
      pressure: reading.read(cgroupPressure, address, "cgroup", undefined),
    };
    // The root has no limits.
    if (parent) {
      cgroup.memory = reading.read(cgroupMemory, address, "cgroup", undefined);
      cgroup.cpu = reading.read(cgroupCpu, address, "cgroup", undefined);
      cgroup.pids = reading.read(cgroupPids, address, "cgroup", undefined);
      cgroup.io = reading.read(this.#io, address, "cgroup", undefined);
    }
    return cgroup;
  }

  #path(address: number, parent: Cgroup): string {
    const name = this.#reading.read(cgroupName, address, "cgroup", "");
    return parent.path === "/" ? `/${name}` : `${parent.path}/${name}`;
  }

  #named(mask: number): Controller[] {
    let named = this.#controllers.get(mask);
    if (!named) {
      named = controllers(this.#reading.prog, mask);
      this.#controllers.set(mask, named);
    }
    return named;
  }

  readonly #cpuStat = (prog: Program, cgroup: number) => cgroupCpuStat(prog, cgroup, this.#flushed);
  readonly #io = (prog: Program, cgroup: number) => cgroupIo(prog, cgroup, this.#pendingIo);
}
