/**
 * The recent past of every cgroup, kept from the pictures that reached the screen. Instants are the guest's: nanoseconds
 * since boot, as `KernelView.bootTimeNs`.
 */
import type { Cgroup } from "../protocol/cgroup";
import type { KernelView } from "../protocol/view";

/** How far back the past is kept. */
export const HISTORY_NS = 300e9;
/** Samples of one cgroup. */
export const MAX_SAMPLES = 600;
/** Marks of one cgroup. */
export const MAX_MARKS = 64;
/** Cgroups whose past is kept; those beyond have none. */
export const MAX_FOLLOWED = 1024;
/** Time over which shares of time are measured: the kernel's usual quota period is a tenth of it. */
export const SHARE_WINDOW_NS = 1e9;

/** Younger samples lie closer: least distance between two of an age. */
const GAPS_NS = [
  { ageNs: 10e9, gapNs: 100e6 },
  { ageNs: 60e9, gapNs: 500e6 },
  { ageNs: Infinity, gapNs: 1e9 },
];
/** Marks of one type that are no further apart than this are one. */
const MARK_GAP_NS = 1e9;
/** Without a picture for this long, nothing ran: numbers that alone change are told less often than every frame. */
export const SILENCE_NS = 1.5e9;
/** A sample tells how it was at most this long before it. */
const JUST_BEFORE_NS = 200e6;

export interface CgroupSample {
  atNs: number;
  memoryBytes: number;
  /** Highest since the sample before. */
  memoryPeakBytes: number;
  pids: number;
  pidsPeak: number;
  /** Since the cgroup was made. */
  cpuUsageUs: number;
  throttledUs: number;
}

/** Something that the kernel counted between two pictures. */
export interface CgroupMark {
  type: "oom-kill" | "fork-refused" | "throttled";
  atNs: number;
  untilNs: number;
  /** Kills, forks or periods. */
  count: number;
}

/** Oldest first. */
export interface CgroupSeries {
  samples: readonly CgroupSample[];
  marks: readonly CgroupMark[];
}

interface Counted {
  oomKills: number;
  refused: number;
  throttledPeriods: number;
}

interface Followed extends CgroupSeries {
  id: number;
  /** Picture that had it last. */
  sequence: number;
  samples: CgroupSample[];
  marks: CgroupMark[];
  counted: Counted;
}

const sampleOf = (cgroup: Cgroup, atNs: number): CgroupSample => ({
  atNs,
  memoryBytes: cgroup.memory?.currentBytes ?? 0,
  memoryPeakBytes: cgroup.memory?.currentBytes ?? 0,
  pids: cgroup.pids?.current ?? 0,
  pidsPeak: cgroup.pids?.current ?? 0,
  cpuUsageUs: cgroup.cpuUsageUs,
  throttledUs: cgroup.cpu?.throttledUs ?? 0,
});

const countedOf = ({ memory, pids, cpu }: Cgroup): Counted => ({
  oomKills: memory?.events.oomKill ?? 0,
  refused: pids?.refused ?? 0,
  throttledPeriods: cpu?.throttledPeriods ?? 0,
});

const sameValues = (a: CgroupSample, b: CgroupSample) =>
  a.memoryBytes === b.memoryBytes &&
  a.memoryPeakBytes === b.memoryPeakBytes &&
  a.pids === b.pids &&
  a.pidsPeak === b.pidsPeak &&
  a.cpuUsageUs === b.cpuUsageUs &&
  a.throttledUs === b.throttledUs;

/** Appends `sample`; the last one gives way when it is too close to the one before it, or says the same as both. */
function append(samples: CgroupSample[], sample: CgroupSample, gapNs: number): void {
  const last = samples.at(-1);
  const before = samples.at(-2);
  if (last && before) {
    if (sameValues(before, last) && sameValues(last, sample)) {
      last.atNs = sample.atNs;
      return;
    }
    if (last.atNs - before.atNs < gapNs) {
      sample.memoryPeakBytes = Math.max(sample.memoryPeakBytes, last.memoryPeakBytes);
      sample.pidsPeak = Math.max(sample.pidsPeak, last.pidsPeak);
      samples[samples.length - 1] = sample;
      return;
    }
  }
  samples.push(sample);
}

/** Drops what is too old, and all but a few of what is old. */
function thinned(samples: CgroupSample[], nowNs: number): CgroupSample[] {
  const kept: CgroupSample[] = [];
  for (let index = 0; index < samples.length; index++) {
    const ageNs = nowNs - samples[index].atNs;
    // The first sample beyond the edge holds up to it.
    if (ageNs > HISTORY_NS && index + 1 < samples.length && nowNs - samples[index + 1].atNs > HISTORY_NS) continue;
    append(kept, samples[index], GAPS_NS.find((one) => ageNs <= one.ageNs)!.gapNs);
  }
  return kept.slice(-MAX_SAMPLES);
}

/** A counter at an instant between samples; it rises evenly between two, and stands still before and after all. */
function counterAt(samples: readonly CgroupSample[], atNs: number, of: "cpuUsageUs" | "throttledUs"): number {
  for (let index = samples.length - 1; index >= 0; index--) {
    const { [of]: value, atNs: fromNs } = samples[index];
    if (fromNs > atNs) continue;
    const next = samples[index + 1];
    if (!next) return value;
    return value + ((next[of] - value) * (atNs - fromNs)) / (next.atNs - fromNs);
  }
  return samples[0][of];
}

export class CgroupHistory {
  readonly #clock: () => number;
  readonly #followed = new Map<number, Followed>();
  #lastNs = 0;
  #lastPictureNs = 0;
  /** When the last picture came, by the page's clock; undefined while the guest stands still. */
  #lastAt: number | undefined;
  #running = true;

  /** `clock` counts milliseconds. */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** Instant in the guest: a guest in which nothing changes sends no pictures, yet its time goes on. */
  get nowNs(): number {
    if (this.#lastAt === undefined || !this.#running) return this.#lastNs;
    return this.#lastNs + (this.#clock() - this.#lastAt) * 1e6;
  }

  /** Whether the guest's time goes on. */
  set running(running: boolean) {
    if (running === this.#running) return;
    this.#lastNs = this.nowNs;
    this.#lastAt = this.#clock();
    this.#running = running;
  }

  push(view: KernelView): void {
    // An earlier state of the machine was brought back.
    if (view.bootTimeNs < this.#lastPictureNs) this.clear();
    const { bootTimeNs: atNs, sequence } = view;
    for (const cgroup of view.cgroups) this.#follow(cgroup, atNs, sequence);
    for (const [address, followed] of this.#followed) {
      if (followed.sequence !== sequence) this.#followed.delete(address);
    }
    this.#lastPictureNs = this.#lastNs = atNs;
    this.#lastAt = this.#clock();
  }

  clear(): void {
    this.#followed.clear();
    this.#lastNs = this.#lastPictureNs = 0;
    this.#lastAt = undefined;
  }

  /** Undefined for a cgroup that is not followed. */
  series({ address, id }: Pick<Cgroup, "address" | "id">): CgroupSeries | undefined {
    const found = this.#followed.get(address);
    return found?.id === id ? found : undefined;
  }

  /** Part of the last second's CPU time that the cgroup used, 0 to 1; undefined while it is known for too short a time. */
  cpuShare(cgroup: Pick<Cgroup, "address" | "id">): number | undefined {
    return this.#rate(cgroup, "cpuUsageUs");
  }

  /** Part of the last second for which it was throttled. */
  throttledShare(cgroup: Pick<Cgroup, "address" | "id">): number | undefined {
    return this.#rate(cgroup, "throttledUs");
  }

  #rate(cgroup: Pick<Cgroup, "address" | "id">, of: "cpuUsageUs" | "throttledUs"): number | undefined {
    const samples = this.series(cgroup)?.samples;
    if (!samples?.length) return undefined;
    const lastNs = samples.at(-1)!.atNs;
    const nowNs = this.nowNs - lastNs < SILENCE_NS ? lastNs : this.nowNs;
    const fromNs = Math.max(nowNs - SHARE_WINDOW_NS, samples[0].atNs);
    if (nowNs - fromNs < SHARE_WINDOW_NS / 5) return undefined;
    const usedUs = samples.at(-1)![of] - counterAt(samples, fromNs, of);
    return Math.max(0, (usedUs * 1000) / (nowNs - fromNs));
  }

  #follow(cgroup: Cgroup, atNs: number, sequence: number): void {
    let followed = this.#followed.get(cgroup.address);
    // Its memory went to a new cgroup.
    if (followed && followed.id !== cgroup.id) followed = undefined;
    const sample = sampleOf(cgroup, atNs);
    const counted = countedOf(cgroup);
    if (!followed) {
      if (this.#followed.size >= MAX_FOLLOWED && !this.#followed.has(cgroup.address)) return;
      this.#followed.set(cgroup.address, { id: cgroup.id, sequence, samples: [sample], marks: [], counted });
      return;
    }
    followed.sequence = sequence;
    const { samples } = followed;
    const last = samples.at(-1)!;
    const { atNs: lastNs } = last;
    if (atNs - lastNs > SILENCE_NS) {
      // A guest in which something runs sends pictures: what was used since ran just before this one.
      const usedNs = Math.max(sample.cpuUsageUs - last.cpuUsageUs, sample.throttledUs - last.throttledUs) * 1000;
      const heldNs = Math.max(lastNs, atNs - Math.max(usedNs, JUST_BEFORE_NS));
      if (heldNs > lastNs) {
        append(samples, { ...last, atNs: heldNs, memoryPeakBytes: last.memoryBytes, pidsPeak: last.pids }, 0);
      }
    }
    const before = followed.counted;
    followed.counted = counted;
    const sinceNs = samples.at(-1)!.atNs;
    mark(followed.marks, "oom-kill", counted.oomKills - before.oomKills, atNs, atNs);
    mark(followed.marks, "fork-refused", counted.refused - before.refused, atNs, atNs);
    mark(followed.marks, "throttled", counted.throttledPeriods - before.throttledPeriods, sinceNs, atNs);
    append(samples, sample, GAPS_NS[0].gapNs);
    if (samples.length > MAX_SAMPLES) followed.samples = thinned(samples, atNs);
  }
}

/** Notes that something happened `count` times; what goes on is one mark that grows. */
function mark(marks: CgroupMark[], type: CgroupMark["type"], count: number, atNs: number, untilNs: number): void {
  if (count <= 0) return;
  const last = marks.findLast((one) => one.type === type);
  if (last && atNs - last.untilNs <= MARK_GAP_NS) {
    last.untilNs = untilNs;
    last.count += count;
    return;
  }
  marks.push({ type, atNs, untilNs, count });
  while (marks.length > MAX_MARKS || untilNs - marks[0].untilNs > HISTORY_NS) marks.shift();
}
