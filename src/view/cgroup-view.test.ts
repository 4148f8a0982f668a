import { describe, expect, test } from "vitest";
import { cgroup, rootCgroup } from "./cgroup.fixture";
import type { Cgroup } from "../protocol/cgroup";
import { cgroupMembers, cgroupName, growCgroups } from "./cgroup-tree";
import { ancestry, cpuVessel, memoryVessel, pidsVessel } from "./cgroup-vessel";
import { task } from "./kernel-view.fixture";
import { layRows } from "./row-layout";

const MIB = 1024 ** 2;

/** Level and name of each cgroup, from the top. */
function outline(cgroups: readonly Cgroup[]) {
  const { rows } = layRows({ ...growCgroups(cgroups), isOpen: () => true }, { rowPx: 1, stepPx: 0, gapPx: 0 });
  return rows.map(({ level, item }) => [level, cgroupName(item)]);
}

describe("the tree of cgroups", () => {
  const root = rootCgroup();
  const cgroups = [root, cgroup("/a", 2, 1), cgroup("/b", 3, 1), cgroup("/a/x", 4, 2), cgroup("/a/y", 5, 2)];

  test("stands as the paths say, whatever order the picture has within a level", () => {
    expect(outline(cgroups)).toEqual([
      [1, "/"],
      [2, "a"],
      [3, "x"],
      [3, "y"],
      [2, "b"],
    ]);
  });

  test("a damaged picture is drawn once, whatever it claims", () => {
    const orphan = cgroup("/lost", 9, 77);
    const ring = { ...cgroup("/ring", 8, undefined), parent: 0xc5000000 + 8 * 0x1000 };
    expect(outline([root, root, orphan, ring])).toEqual([
      [1, "/"],
      [1, "lost"],
      [1, "ring"],
    ]);
    expect(ancestry(ring, new Map([[ring.address, ring]]))).toEqual([ring]);
  });

  test("members are processes, not threads", () => {
    const members = cgroupMembers([
      task({ pid: 5, rest: { cgroup: "/a" } }),
      task({ pid: 6, rest: { cgroup: "/a", tgid: 5 } }),
      task({ pid: 7 }),
    ]);
    expect(members.get("/a")!.map(({ pid }) => pid)).toEqual([5]);
  });
});

describe("a vessel", () => {
  test("without a limit has no line", () => {
    const memory = memoryVessel([cgroup("/a", 2, 1, { memory: { currentBytes: 5 * MIB } })], 20 * MIB)!;
    expect(memory).toMatchObject({ filled: 0.25, limitAt: undefined, over: false, text: "5.0 MiB" });
  });

  test("is over when it is full, and says why", () => {
    const full = cgroup("/a", 2, 1, { memory: { currentBytes: 20 * MIB - 4096, maxBytes: 20 * MIB } });
    expect(memoryVessel([full], 1)).toMatchObject({ over: true, note: "at its limit", text: "20.0 of 20.0 MiB" });
    const high = cgroup("/a", 2, 1, { memory: { currentBytes: 12 * MIB, highBytes: 10 * MIB, maxBytes: 20 * MIB } });
    const vessel = memoryVessel([high], 1)!;
    expect(vessel).toMatchObject({ over: true, note: "over high" });
    expect(vessel.highAt).toBeCloseTo(vessel.limitAt! / 2);
    const forks = cgroup("/a", 2, 1, { pids: { current: 4, max: 4 } });
    expect(pidsVessel([forks], 9, false)).toMatchObject({ over: true, text: "4 of 4" });
    expect(pidsVessel([forks], 9, true)).toMatchObject({ note: "refuses forks" });
  });

  test("shows the limit of a cgroup above when it has none itself", () => {
    const outer = cgroup("/a", 2, 1, { pids: { current: 5, max: 10 }, cpu: { quotaUs: 50_000 } });
    const inner = cgroup("/a/x", 3, 2, { pids: { current: 5 } });
    const pids = pidsVessel([inner, outer], 100, false)!;
    expect(pids).toMatchObject({ lent: true, text: "5" });
    expect(pids.filled).toBeCloseTo(pids.limitAt! / 2);
    expect(cpuVessel([inner, outer], 0.25, 0)).toMatchObject({ lent: true, over: false, text: "25 %" });
  });

  test("of the CPU is over while it is throttled", () => {
    const limited = cgroup("/a", 2, 1, { cpu: { quotaUs: 20_000 } });
    expect(cpuVessel([limited], 0.2, 0.8)).toMatchObject({ over: true, note: "throttled", text: "20 of 20 %" });
    expect(cpuVessel([limited], undefined, undefined)).toMatchObject({ over: false, text: "– of 20 %", filled: 0 });
  });

  test("a limit of nothing is full at once", () => {
    const none = cgroup("/a", 2, 1, { pids: { current: 1, max: 0 } });
    expect(pidsVessel([none], 1, false)).toMatchObject({ filled: 1, limitAt: 0, over: true });
  });
});
