/** The memory controller (`mm/memcontrol.c`, `include/linux/page_counter.h`). Sizes in bytes, as its files print them. */
import type { CgroupMemory } from "../protocol/cgroup";
import { cgroupController } from "./cgroup";
import type { Field } from "./debuginfo";
import type { Program } from "./program";

const PAGE_BYTES = 4096;

/** `PAGE_COUNTER_MAX` of a 32-bit kernel: `LONG_MAX` pages, which the files print as `max`. */
const PAGE_COUNTER_MAX = 0x7fffffff;

export type MemcgEvent = keyof CgroupMemory["events"];

/** Address of the `struct mem_cgroup`; 0 when the cgroup has no memory controller, and for the root. */
export function cgroupMemcg(prog: Program, cgroup: number): number {
  return cgroupController(prog, cgroup, "memory_cgrp_id", "memcg");
}

function bytes(prog: Program, memcg: number, field: Field): number {
  return prog.u32(memcg, field) * PAGE_BYTES;
}

function limit(prog: Program, memcg: number, field: Field): number | undefined {
  const pages = prog.u32(memcg, field);
  return pages === PAGE_COUNTER_MAX ? undefined : pages * PAGE_BYTES;
}

/** `memory.current`. Pages that are charged ahead of need, up to 64 a CPU, count from then on, for the file as well. */
export function memoryCurrent(prog: Program, memcg: number): number {
  return bytes(prog, memcg, prog.fields.mem_cgroup["memory.usage"]);
}

/** `memory.peak`, for one who has not reset it. */
export function memoryPeak(prog: Program, memcg: number): number {
  return bytes(prog, memcg, prog.fields.mem_cgroup["memory.watermark"]);
}

export function memoryMin(prog: Program, memcg: number): number | undefined {
  return limit(prog, memcg, prog.fields.mem_cgroup["memory.min"]);
}

export function memoryLow(prog: Program, memcg: number): number | undefined {
  return limit(prog, memcg, prog.fields.mem_cgroup["memory.low"]);
}

export function memoryHigh(prog: Program, memcg: number): number | undefined {
  return limit(prog, memcg, prog.fields.mem_cgroup["memory.high"]);
}

export function memoryMax(prog: Program, memcg: number): number | undefined {
  return limit(prog, memcg, prog.fields.mem_cgroup["memory.max"]);
}

/** One line of `memory.events`. */
export function memoryEvent(prog: Program, memcg: number, event: MemcgEvent): number {
  const events = prog.member(memcg, prog.fields.mem_cgroup.memory_events);
  const { MEMCG_LOW, MEMCG_HIGH, MEMCG_MAX, MEMCG_OOM, MEMCG_OOM_KILL, MEMCG_OOM_GROUP_KILL } = prog.info.enumerators;
  switch (event) {
    case "low":
      return prog.word(events, MEMCG_LOW);
    case "high":
      return prog.word(events, MEMCG_HIGH);
    case "max":
      return prog.word(events, MEMCG_MAX);
    case "oom":
      return prog.word(events, MEMCG_OOM);
    case "oomKill":
      return prog.word(events, MEMCG_OOM_KILL);
    case "oomGroupKill":
      return prog.word(events, MEMCG_OOM_GROUP_KILL);
  }
}

/** All of it; undefined without the controller. */
export function cgroupMemory(prog: Program, cgroup: number): CgroupMemory | undefined {
  const memcg = cgroupMemcg(prog, cgroup);
  if (memcg === 0) return undefined;
  return {
    currentBytes: memoryCurrent(prog, memcg),
    peakBytes: memoryPeak(prog, memcg),
    minBytes: memoryMin(prog, memcg),
    lowBytes: memoryLow(prog, memcg),
    highBytes: memoryHigh(prog, memcg),
    maxBytes: memoryMax(prog, memcg),
    events: {
      low: memoryEvent(prog, memcg, "low"),
      high: memoryEvent(prog, memcg, "high"),
      max: memoryEvent(prog, memcg, "max"),
      oom: memoryEvent(prog, memcg, "oom"),
      oomKill: memoryEvent(prog, memcg, "oomKill"),
      oomGroupKill: memoryEvent(prog, memcg, "oomGroupKill"),
    },
  };
}
