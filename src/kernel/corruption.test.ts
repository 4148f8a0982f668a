/** A guest that overwrites its own kernel: whatever is in memory, the X-ray answers, and keeps its bounds. */
import { expect, test } from "vitest";
import { newSeed, random } from "../../tests/support/hostile";
import { loadRecording } from "../../tests/support/recorded-memory";
import type { FactRef } from "../protocol/evidence";
import {
  MAX_CGROUPS,
  MAX_EVIDENCE_CHAIN,
  MAX_EVIDENCE_STEPS,
  MAX_FILE_BYTES,
  MAX_LAYER_ENTRIES_TOTAL,
  MAX_MOUNTS,
  MAX_PROBLEMS,
  MAX_TASKS,
} from "./bounds";
import { CGROUP_FACTS } from "./cgroup-facts";
import { changes } from "./changes";
import { MemoryFault } from "./memory";
import { share } from "./share";
import { createXray } from "./xray";

/** `CORRUPTIONS=10000` for the long run. */
const ROUNDS = Number(process.env.CORRUPTIONS ?? 500);

const CGROUP_FACT_NAMES = Object.keys(CGROUP_FACTS.facts);

const recording = loadRecording("bubble");
const xray = createXray(recording.layout);
const whole = xray.observe(recording.ram());
const host = whole.namespaces.find(({ kind, initial }) => kind === "ipc" && initial)!;
const ipc = host.ipc!;
const pristine = recording.ram();

/** Values that break more than random ones do: null, small numbers, real addresses, the ends of memory. */
function hostileWord(next: () => number): number {
  const pick = Math.floor(next() * 6);
  if (pick === 0) return 0;
  if (pick === 1) return Math.floor(next() * 64);
  if (pick === 2)
    return (
      (0xc0000000 + recording.pages[Math.floor(next() * recording.pages.length)] + Math.floor(next() * 1024) * 4) >>> 0
    );
  if (pick === 3) return whole.tasks[Math.floor(next() * whole.tasks.length)].address;
  if (pick === 4) return 0xffffffff;
  return Math.floor(next() * 2 ** 32);
}

test(`${ROUNDS} seeded corruptions never throw and never exceed a bound`, () => {
  const seed = newSeed();
  const next = random(seed);
  const ram = recording.ram();
  const words = new DataView(ram.buffer);
  for (let round = 0; round < ROUNDS; round++) {
    const where = `SEED=${seed}, round ${round}`;
    const touched: number[] = [];
    // One word in some rounds, a storm in others.
    for (let count = Math.ceil(4 ** (next() * 6)); count > 0; count--) {
      const at = recording.pages[Math.floor(next() * recording.pages.length)] + Math.floor(next() * 1024) * 4;
      words.setUint32(at, hostileWord(next), true);
      touched.push(at);
    }
    try {
      const view = xray.observe(ram);
      expect(view.tasks.length, where).toBeLessThanOrEqual(MAX_TASKS);
      expect(view.cgroups.length, where).toBeLessThanOrEqual(MAX_CGROUPS);
      expect(view.problems.length, where).toBeLessThanOrEqual(MAX_PROBLEMS);
      expect(new Set(view.tasks.map((task) => task.address)).size, where).toBe(view.tasks.length);
      structuredClone(view);
      // What the machine makes of it: the next look's differences, and a glance at some of its tasks.
      const happened = changes(whole, share(whole, view));
      structuredClone(happened);
      changes(view, share(view, whole));
      const ran = new Set(view.tasks.slice(0, 8).map(({ address }) => address));
      expect(xray.glance(ram, view, ran).tasks.length, where).toBeLessThanOrEqual(MAX_TASKS);
      const task = whole.tasks[Math.floor(next() * whole.tasks.length)];
      const namespace = whole.namespaces[Math.floor(next() * whole.namespaces.length)];
      const cgroup = whole.cgroups[Math.floor(next() * whole.cgroups.length)];
      const { devices, routes, sockets } = whole;
      const any = <T>(objects: readonly T[]) => objects[Math.floor(next() * objects.length)];
      const pick = <T>(of: readonly T[]) => of[Math.floor(next() * of.length)];
      const file = pick(pick(whole.layers).entries);
      const facts: FactRef[] = [
        {
          object: "device",
          address: any(devices).address,
          fact: any(["name", "flags", "rxBytes", "addresses", "peer"]),
        },
        { object: "route", address: any(routes).address, fact: any(["destination", "gateway", "device"]) },
        { object: "socket", address: any(sockets).address, fact: any(["local", "inode", "holders"]) },
        { object: "task", address: task.address, fact: "argv" },
        { object: "task", address: task.address, fact: "cgroup" },
        { object: "task", address: task.address, fact: `ns/${namespace.kind}` },
        {
          object: "cgroup",
          address: cgroup.address,
          fact: CGROUP_FACT_NAMES[Math.floor(next() * CGROUP_FACT_NAMES.length)],
        },
        { object: "task", address: task.address, fact: "exe" },
        { object: "task", address: task.address, fact: "insideUid" },
        { object: "task", address: task.address, fact: "pgid" },
        { object: "ipc", address: ipc[Math.floor(next() * ipc.length)].address, fact: "size" },
        { object: "namespace", address: host.address, kind: "ipc", fact: "ipc" },
        { object: "namespace", address: namespace.address, kind: namespace.kind, fact: "owner" },
        { object: "mount", address: pick(whole.mounts).address, fact: "path" },
        { object: "mount", address: pick(whole.mounts).address, fact: "superOptions" },
        { object: "overlay", address: pick(whole.overlays).address, fact: "lowers" },
        { object: "file", address: file.inode, fact: "target" },
      ];
      const evidence = xray.evidence(ram, facts[Math.floor(next() * facts.length)]);
      expect(evidence?.steps.length ?? 0, where).toBeLessThanOrEqual(MAX_EVIDENCE_CHAIN + MAX_EVIDENCE_STEPS);
      const content = xray.file(ram, file.inode);
      expect(content?.bytes.length ?? 0, where).toBeLessThanOrEqual(MAX_FILE_BYTES);
      expect(view.mounts.length, where).toBeLessThanOrEqual(MAX_MOUNTS);
      const names = view.layers.reduce((sum, { entries }) => sum + entries.length, 0);
      expect(names, where).toBeLessThanOrEqual(MAX_LAYER_ENTRIES_TOTAL);
      xray.counters(ram);
      xray.panicMessage(ram);
      for (let terminal = 0; terminal < 4; terminal++) xray.freeInputBuffers(ram, terminal);
      try {
        const inside = xray.freePages(ram).every(([address, size]) => address >= 0 && address + size <= ram.length);
        expect(inside, where).toBe(true);
      } catch (error) {
        // Free pages are refused whole, so that nothing in use is ever overwritten.
        if (!(error instanceof MemoryFault)) throw error;
      }
    } catch (error) {
      throw new Error(where, { cause: error });
    }
    for (const at of touched) ram.set(pristine.subarray(at, at + 4), at);
  }
  expect(xray.observe(ram)).toEqual({ ...whole, sequence: expect.any(Number) as number });
}, 120_000);
