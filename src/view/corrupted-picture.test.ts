/** Pictures of a guest that overwrites its own kernel: whatever they say, what is drawn from them ends and does not throw. */
import { expect, test } from "vitest";
import { newSeed, random } from "../../tests/support/hostile";
import { loadRecording } from "../../tests/support/recorded-memory";
import { changes } from "../kernel/changes";
import { mergeLayers, wastedBytes } from "../kernel/merged";
import { share } from "../kernel/share";
import { createXray } from "../kernel/xray";
import type { KernelView } from "../protocol/view";
import { cgroupMembers, growCgroups } from "./cgroup-tree";
import { findContainers } from "./containers";
import { eventText } from "./event-text";
import { growForest } from "./forest";
import { compareSides } from "./host-inside";
import { compareTasks } from "./namespace-comparison";
import { listNamespaces } from "./namespace-list";
import { growMounts, mountSpaces, peerGroups } from "./mount-tree";
import { layRows } from "./row-layout";
import { flatten, furnish } from "./rooms";

/** `CORRUPTIONS=10000` for the long run, of which a tenth is drawn. */
const ROUNDS = Number(process.env.CORRUPTIONS ?? 500) / 10;

const recording = loadRecording("bubble");
const xray = createXray(recording.layout);
const pristine = recording.ram();
const whole = xray.observe(pristine);

test(`${ROUNDS} damaged pictures are drawn`, () => {
  const seed = newSeed();
  const next = random(seed);
  const words = new DataView(pristine.buffer.slice(0));
  const ram = new Uint8Array(words.buffer);
  // What the readers follow lies in structures, so pointers of one kind put in the place of others go farthest.
  const addresses = [...whole.tasks, ...whole.mounts, ...whole.cgroups, ...whole.devices].map(({ address }) => address);
  for (let round = 0; round < ROUNDS; round++) {
    const touched: number[] = [];
    for (let count = Math.ceil(4 ** (next() * 6)); count > 0; count--) {
      const at = recording.pages[Math.floor(next() * recording.pages.length)] + Math.floor(next() * 1024) * 4;
      words.setUint32(at, addresses[Math.floor(next() * addresses.length)], true);
      touched.push(at);
    }
    try {
      draw(share(whole, xray.observe(ram)));
    } catch (error) {
      throw new Error(`SEED=${seed}, round ${round}`, { cause: error });
    }
    for (const at of touched) ram.set(pristine.subarray(at, at + 4), at);
  }
}, 120_000);

function draw(view: KernelView): void {
  growForest(view, { kernelThreads: true });
  listNamespaces(view);
  for (const container of findContainers(view)) compareSides(view, container);
  compareTasks(view, view.tasks[0] ?? whole.tasks[0], view.tasks.at(-1) ?? whole.tasks[0]);
  const cgroups = layRows({ ...growCgroups(view.cgroups), isOpen: () => true }, { rowPx: 1, stepPx: 0, gapPx: 0 });
  expect(cgroups.rows.length).toBeLessThanOrEqual(view.cgroups.length);
  cgroupMembers(view.tasks);
  for (const { mounts } of mountSpaces(view)) growMounts(mounts);
  peerGroups(view.mounts);
  for (const { upper, lowers } of view.overlays) {
    const stack = [...(upper === undefined ? [] : [upper]), ...lowers];
    const layers = stack.flatMap((layer) => view.layers.find(({ address }) => address === layer) ?? []);
    wastedBytes(layers, mergeLayers(layers));
  }
  for (const { trees } of furnish(view).rooms) flatten(trees);
  for (const change of changes(whole, view)) eventText(change);
}
