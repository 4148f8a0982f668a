import { describe, expect, test } from "vitest";
import { loadRecording } from "../../tests/support/recorded-memory";
import { CGROUP_FACTS } from "../kernel/cgroup-facts";
import { createXray } from "../kernel/xray";
import type { ObjectRef } from "../protocol/evidence";
import { cgroup } from "./cgroup.fixture";
import { kernelView } from "./kernel-view.fixture";
import { describeObject } from "./object-facts";
import { formatCapabilities, formatExit } from "./task-facts";

/** Facts that the panel asks evidence for. */
const asked = (...args: Parameters<typeof describeObject>) =>
  describeObject(...args)!.rows.flatMap(({ fact }) => (fact ? [fact.fact] : []));

describe("every fact that is shown has evidence", () => {
  test("of a cgroup", () => {
    const none = { avg10: 0, avg60: 0, avg300: 0, totalUs: 0 };
    const both = { some: none, full: none };
    const one = cgroup("/a", 2, 1, {
      rest: {
        io: [{ device: "7:0", readBytes: 1, writtenBytes: 2, reads: 3, writes: 4 }],
        pressure: { cpu: both, memory: both, io: both },
      },
    });
    const view = { ...kernelView([]), cgroups: [one] };
    const facts = asked(view, { object: "cgroup", address: one.address });
    for (const fact of facts) expect(Object.keys(CGROUP_FACTS.facts)).toContain(fact);
    // The parent is in the path, and `io.max` in the line of its device.
    const shown = new Set([...facts, "parent", "io.max"]);
    expect(Object.keys(CGROUP_FACTS.facts).filter((fact) => !shown.has(fact))).toEqual([]);
  });
});

test("every fact that the panel asks for, of every object of a recorded kernel, has evidence", () => {
  const recording = loadRecording("bubble");
  const ram = recording.ram();
  const xray = createXray(recording.layout);
  const view = xray.observe(ram);
  const refs: ObjectRef[] = [
    ...view.tasks.slice(-12).map(({ address }) => ({ object: "task", address }) as const),
    ...view.namespaces.map(({ address, kind }) => ({ object: "namespace", address, kind }) as const),
    ...view.cgroups.map(({ address }) => ({ object: "cgroup", address }) as const),
    ...view.mounts.slice(0, 12).map(({ address }) => ({ object: "mount", address }) as const),
    ...view.overlays.map(({ address }) => ({ object: "overlay", address }) as const),
    ...view.layers.flatMap(({ entries }) => entries.map(({ inode }) => ({ object: "file", address: inode }) as const)),
    ...view.devices.slice(0, 6).map(({ address }) => ({ object: "device", address }) as const),
    ...view.routes.slice(0, 6).map(({ address }) => ({ object: "route", address }) as const),
    ...view.sockets.slice(0, 6).map(({ address }) => ({ object: "socket", address }) as const),
  ];
  for (const ref of refs) {
    const facts = describeObject(view, ref)!.rows.flatMap(({ fact }) => (fact ? [fact] : []));
    expect(facts.length, ref.object).toBeGreaterThan(0);
    for (const fact of facts) expect(xray.evidence(ram, fact), JSON.stringify(fact)).toBeDefined();
  }
});

test("an object that is gone has no description", () => {
  expect(describeObject(kernelView([]), { object: "task", address: 1 })).toBeUndefined();
  expect(describeObject(kernelView([]), { object: "cgroup", address: 1 })).toBeUndefined();
});

test("capabilities are named, those that are missing when most are there", () => {
  expect(formatCapabilities("0000000000000000")).toBe("0000000000000000, none");
  expect(formatCapabilities("000001ffffffffff")).toBe("000001ffffffffff, all");
  expect(formatCapabilities("0000000000200400")).toBe("0000000000200400, net_bind_service sys_admin");
  expect(formatCapabilities("000001ffffdfffff")).toBe("000001ffffdfffff, all but sys_admin");
  expect(formatCapabilities("torn")).toBe("torn");
});

test("a wait status says how a task ended", () => {
  expect(formatExit(0)).toBe("code 0");
  expect(formatExit(0x100)).toBe("code 1");
  expect(formatExit(9)).toBe("signal 9");
  expect(formatExit(0x8b)).toBe("signal 11, core dumped");
});
