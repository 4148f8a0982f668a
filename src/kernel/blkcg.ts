/** The I/O controller (`block/blk-cgroup.c`, `block/blk-throttle.c`). */
import type { CgroupIoDevice } from "../protocol/cgroup";
import { MAX_CGROUP_DEPTH, MAX_CGROUP_DEVICES } from "./bounds";
import { cgroupController, cgroupSubsys } from "./cgroup";
import type { Field } from "./debuginfo";
import { hlistForEachEntry } from "./list";
import { MemoryFault } from "./memory";
import type { Program } from "./program";
import { updatedChildren } from "./rstat";

/** Counts of one device (`struct blkg_iostat`) without those of discards. */
interface IoStat {
  readBytes: number;
  writtenBytes: number;
  reads: number;
  writes: number;
}

/** What is not yet added to the counts of a cgroup on a device, by address of the `struct blkcg_gq`. Fill it within one picture. */
export class PendingIo {
  readonly byBlkg = new Map<number, IoStat>();
  readonly cgroups = new Set<number>();
}

/** `io.stat` and `io.max`, a line a device in their order; undefined without the controller, and for the root. */
export function cgroupIo(prog: Program, cgroup: number, pending = new PendingIo()): CgroupIoDevice[] | undefined {
  const blkcg = cgroupController(prog, cgroup, "io_cgrp_id", "blkcg");
  if (blkcg === 0) return undefined;
  // Most have done no I/O, and then none below has.
  if (prog.pointer(prog.member(blkcg, prog.fields.blkcg.blkg_list), prog.fields.hlist_head.first) === 0) return [];
  flush(prog, cgroup, pending, 0);
  const devices: CgroupIoDevice[] = [];
  for (const blkg of blkgs(prog, blkcg)) {
    const device = blkgDevice(prog, blkg);
    if (device === undefined || prog.u8(blkg, prog.fields.blkcg_gq.online) === 0) continue;
    const iostat = prog.member(blkg, prog.fields.blkcg_gq.iostat);
    const stat = readStat(prog, iostat, prog.fields.blkg_iostat_set.cur);
    const more = pending.byBlkg.get(blkg);
    if (more) add(stat, more);
    devices.push({ device, ...stat, ...limits(prog, blkg) });
  }
  return devices;
}

function blkgs(prog: Program, blkcg: number): Iterable<number> {
  const list = prog.member(blkcg, prog.fields.blkcg.blkg_list);
  return hlistForEachEntry(prog, list, prog.fields.blkcg_gq.blkcg_node, "blkg", MAX_CGROUP_DEVICES);
}

/** `blkg_dev_name()`: major and minor number, `7:0`; undefined when the disk is gone. */
function blkgDevice(prog: Program, blkg: number): string | undefined {
  const disk = prog.pointer(prog.pointer(blkg, prog.fields.blkcg_gq.q), prog.fields.request_queue.disk);
  if (disk === 0) return undefined;
  const bdi = prog.pointer(disk, prog.fields.gendisk.bdi);
  if (bdi === 0 || prog.pointer(bdi, prog.fields.backing_dev_info.dev) === 0) return "(unknown)";
  return prog.string(bdi, prog.fields.backing_dev_info.dev_name);
}

/**
 * `__blkcg_rstat_flush()` of the cgroup and of those below it: each CPU's counts, and those of devices below. What was counted on a
 * device that has gone since, and is not yet added, is not seen.
 */
function flush(prog: Program, cgroup: number, pending: PendingIo, depth: number): void {
  if (pending.cgroups.has(cgroup)) return;
  pending.cgroups.add(cgroup);
  if (depth > MAX_CGROUP_DEPTH) throw new MemoryFault(cgroup, `cgroups are nested deeper than ${MAX_CGROUP_DEPTH}`);
  for (const child of updatedChildren(prog, cgroup)) flush(prog, child, pending, depth + 1);
  const blkcg = cgroupSubsys(prog, cgroup, "io_cgrp_id");
  if (blkcg === 0) return;
  const { iostat, iostat_cpu, parent } = prog.fields.blkcg_gq;
  const { cur, last } = prog.fields.blkg_iostat_set;
  for (const blkg of blkgs(prog, blkcg)) {
    const more = pending.byBlkg.get(blkg) ?? { readBytes: 0, writtenBytes: 0, reads: 0, writes: 0 };
    pending.byBlkg.set(blkg, more);
    const perCpu = prog.pointer(blkg, iostat_cpu);
    add(more, readStat(prog, perCpu, cur));
    subtract(more, readStat(prog, perCpu, last));
    const above = prog.pointer(blkg, parent);
    // The root's counts are those of the disks themselves.
    if (above === 0 || prog.pointer(above, parent) === 0) continue;
    const whole = prog.member(blkg, iostat);
    const up = readStat(prog, whole, cur);
    add(up, more);
    subtract(up, readStat(prog, whole, last));
    const known = pending.byBlkg.get(above);
    if (known) add(known, up);
    else pending.byBlkg.set(above, up);
  }
}

function readStat(prog: Program, set: number, which: Field): IoStat {
  const { BLKG_IOSTAT_READ, BLKG_IOSTAT_WRITE } = prog.info.enumerators;
  const stat = prog.member(set, which);
  const bytes = prog.member(stat, prog.fields.blkg_iostat.bytes);
  const ios = prog.member(stat, prog.fields.blkg_iostat.ios);
  return {
    readBytes: prog.long(bytes, BLKG_IOSTAT_READ),
    writtenBytes: prog.long(bytes, BLKG_IOSTAT_WRITE),
    reads: prog.long(ios, BLKG_IOSTAT_READ),
    writes: prog.long(ios, BLKG_IOSTAT_WRITE),
  };
}

function add(to: IoStat, stat: IoStat): void {
  to.readBytes += stat.readBytes;
  to.writtenBytes += stat.writtenBytes;
  to.reads += stat.reads;
  to.writes += stat.writes;
}

function subtract(from: IoStat, stat: IoStat): void {
  from.readBytes -= stat.readBytes;
  from.writtenBytes -= stat.writtenBytes;
  from.reads -= stat.reads;
  from.writes -= stat.writes;
}

type Limits = Pick<
  CgroupIoDevice,
  "maxReadBytesPerSecond" | "maxWrittenBytesPerSecond" | "maxReadsPerSecond" | "maxWritesPerSecond"
>;

/** A line of `io.max` (`tg_prfill_limit()`); a device has a `struct throtl_grp` from its first limit on. */
function limits(prog: Program, blkg: number): Limits {
  const policy = prog.u32(prog.symbol("blkcg_policy_throtl"), prog.fields.blkcg_policy.plid);
  const slots = prog.fields.blkcg_gq.pd;
  if (policy * 4 >= slots.sizeBytes) return {};
  const throtl = prog.name(prog.word(prog.member(blkg, slots), policy), "throtl_grp");
  if (throtl === 0) return {};
  const bps = prog.member(throtl, prog.fields.throtl_grp.bps);
  const iops = prog.member(throtl, prog.fields.throtl_grp.iops);
  return {
    maxReadBytesPerSecond: below(prog.long(bps, 0), 2 ** 64),
    maxWrittenBytesPerSecond: below(prog.long(bps, 1), 2 ** 64),
    maxReadsPerSecond: below(prog.word(iops, 0), 2 ** 32 - 1),
    maxWritesPerSecond: below(prog.word(iops, 1), 2 ** 32 - 1),
  };
}

/** `U64_MAX`, which as a double is 2^64, and `UINT_MAX` are no limits. */
function below(limit: number, max: number): number | undefined {
  return limit < max ? limit : undefined;
}
