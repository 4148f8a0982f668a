import { expect, test } from "vitest";
import type { Cgroup } from "../protocol/cgroup";
import type { KernelView } from "../protocol/view";
import { CgroupHistory, HISTORY_NS, MAX_FOLLOWED, MAX_SAMPLES } from "./cgroup-history";

const MIB = 1024 ** 2;

interface Given {
  memoryBytes?: number;
  cpuUsageUs?: number;
  pids?: number;
  oomKills?: number;
  refused?: number;
  throttledPeriods?: number;
  throttledUs?: number;
  id?: number;
}

function cgroup(given: Given = {}, address = 1): Cgroup {
  return {
    address,
    path: "/a",
    id: given.id ?? 7,
    type: "domain",
    controllers: [],
    subtreeControl: [],
    populated: true,
    freeze: false,
    frozen: false,
    cpuUsageUs: given.cpuUsageUs ?? 0,
    cpuUserUs: 0,
    cpuSystemUs: 0,
    memory: {
      currentBytes: given.memoryBytes ?? 0,
      peakBytes: 0,
      minBytes: 0,
      lowBytes: 0,
      events: { low: 0, high: 0, max: 0, oom: 0, oomKill: given.oomKills ?? 0, oomGroupKill: 0 },
    },
    cpu: {
      weight: 100,
      periodUs: 100_000,
      burstUs: 0,
      periods: 0,
      throttledPeriods: given.throttledPeriods ?? 0,
      throttledUs: given.throttledUs ?? 0,
    },
    pids: { current: given.pids ?? 0, peak: 0, refused: given.refused ?? 0 },
  };
}

/** A history with a clock of its own, and pictures at seconds of guest time. */
function history() {
  const world = { nowMs: 0 };
  const kept = new CgroupHistory(() => world.nowMs);
  let sequence = 0;
  const at = (seconds: number, ...cgroups: Cgroup[]) => {
    world.nowMs = seconds * 1000;
    kept.push({ bootTimeNs: seconds * 1e9, sequence: ++sequence, cgroups } as KernelView);
  };
  return { kept, at, world };
}

test("the share of the CPU is that of the last second", () => {
  const { kept, at } = history();
  at(0, cgroup({ cpuUsageUs: 0 }));
  expect(kept.cpuShare(cgroup())).toBeUndefined();
  for (let tenth = 1; tenth <= 30; tenth++) at(tenth / 10, cgroup({ cpuUsageUs: tenth * 25_000 }));
  expect(kept.cpuShare(cgroup())).toBeCloseTo(0.25);
  for (let tenth = 31; tenth <= 40; tenth++) at(tenth / 10, cgroup({ cpuUsageUs: 750_000 }));
  expect(kept.cpuShare(cgroup())).toBeCloseTo(0);
});

test("a guest that sends no pictures uses nothing, and its time goes on until it is paused", () => {
  const { kept, at, world } = history();
  for (let tenth = 0; tenth <= 20; tenth++) at(tenth / 10, cgroup({ cpuUsageUs: tenth * 100_000 }));
  expect(kept.cpuShare(cgroup())).toBeCloseTo(1);
  world.nowMs = 2500;
  expect(kept.nowNs).toBe(2.5e9);
  // A picture may be on its way.
  expect(kept.cpuShare(cgroup())).toBeCloseTo(1);
  world.nowMs = 3500;
  expect(kept.cpuShare(cgroup())).toBe(0);
  kept.running = false;
  world.nowMs = 60_000;
  expect(kept.nowNs).toBe(3.5e9);
  kept.running = true;
  world.nowMs = 60_500;
  expect(kept.nowNs).toBe(4e9);
});

test("what was used after a silence was used at its end", () => {
  const { kept, at } = history();
  at(0, cgroup());
  at(30, cgroup({ cpuUsageUs: 100_000 }));
  const { samples } = kept.series(cgroup())!;
  expect(samples.map(({ atNs, cpuUsageUs }) => [atNs / 1e9, cpuUsageUs])).toEqual([
    [0, 0],
    [29.8, 0],
    [30, 100_000],
  ]);
});

test("a short peak outlives the thinning", () => {
  const { kept, at } = history();
  for (let frame = 0; frame < 12_000; frame++) {
    at(frame / 60, cgroup({ memoryBytes: frame === 600 ? 40 * MIB : MIB + frame }));
  }
  const { samples } = kept.series(cgroup())!;
  expect(samples.length).toBeLessThanOrEqual(MAX_SAMPLES);
  expect(Math.max(...samples.map((sample) => sample.memoryPeakBytes))).toBe(40 * MIB);
  expect(samples.at(-1)!.memoryBytes).toBe(MIB + 11_999);
});

test("five minutes are kept, the last of them most finely, whatever the pace", () => {
  const { kept, at } = history();
  for (let frame = 0; frame < 30_000; frame++) at(frame / 50, cgroup({ memoryBytes: frame * 4096 }));
  const { samples } = kept.series(cgroup())!;
  expect(samples.length).toBeLessThanOrEqual(MAX_SAMPLES);
  const ageNs = samples.at(-1)!.atNs - samples[0].atNs;
  expect(ageNs).toBeGreaterThanOrEqual(HISTORY_NS);
  expect(ageNs).toBeLessThan(HISTORY_NS + 60e9);
  const young = samples.slice(-20);
  expect(young.at(-1)!.atNs - young[0].atNs).toBeLessThan(3e9);
});

test("a cgroup in which nothing happens costs two samples", () => {
  const { kept, at } = history();
  for (let frame = 0; frame < 1000; frame++) at(frame / 10, cgroup({ memoryBytes: MIB }));
  expect(kept.series(cgroup())!.samples).toHaveLength(2);
});

test("kills, refused forks and throttling are marked; what goes on is one mark that grows", () => {
  const { kept, at } = history();
  // What was counted before the first picture happened nobody knows when.
  at(1, cgroup({ oomKills: 3, refused: 1, throttledPeriods: 9 }));
  expect(kept.series(cgroup())!.marks).toEqual([]);
  at(2, cgroup({ oomKills: 4, refused: 1, throttledPeriods: 10 }));
  at(2.5, cgroup({ oomKills: 4, refused: 1, throttledPeriods: 14 }));
  at(3, cgroup({ oomKills: 4, refused: 8, throttledPeriods: 19 }));
  at(9, cgroup({ oomKills: 5, refused: 8, throttledPeriods: 19 }));
  expect(
    kept.series(cgroup())!.marks.map(({ type, atNs, untilNs, count }) => [type, atNs / 1e9, untilNs / 1e9, count]),
  ).toEqual([
    ["oom-kill", 2, 2, 1],
    ["throttled", 1, 3, 10],
    ["fork-refused", 3, 3, 7],
    ["oom-kill", 9, 9, 1],
  ]);
});

test("a cgroup that is gone is forgotten, and one at its address begins anew", () => {
  const { kept, at } = history();
  at(1, cgroup({ oomKills: 1 }));
  at(2, cgroup({ id: 8, oomKills: 2 }));
  expect(kept.series(cgroup())).toBeUndefined();
  expect(kept.series(cgroup({ id: 8 }))).toMatchObject({ marks: [], samples: [{ atNs: 2e9 }] });
  at(3);
  expect(kept.series(cgroup({ id: 8 }))).toBeUndefined();
});

test("an earlier state of the machine begins a new past", () => {
  const { kept, at } = history();
  at(100, cgroup());
  at(3, cgroup());
  expect(kept.series(cgroup())!.samples).toHaveLength(1);
  expect(kept.nowNs).toBe(3e9);
});

test("only so many cgroups are followed", () => {
  const { kept, at } = history();
  const many = Array.from({ length: MAX_FOLLOWED + 10 }, (_, index) => cgroup({}, index));
  at(1, ...many);
  expect(many.filter((one) => kept.series(one)).length).toBe(MAX_FOLLOWED);
});
