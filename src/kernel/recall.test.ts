/** What is given out again must be what a reading anew would find. */
import { expect, test } from "vitest";
import { newSeed, random } from "../../tests/support/hostile";
import { loadRecording } from "../../tests/support/recorded-memory";
import type { KernelView } from "../protocol/view";
import { Memory, PAGE_OFFSET } from "./memory";
import { Recall } from "./recall";
import { createXray } from "./xray";

/** `CORRUPTIONS=10000` for the long run. */
const ROUNDS = Number(process.env.CORRUPTIONS ?? 200);

/** Two words of memory, a store, and how often it had to read. */
function pair() {
  const ram = new Uint32Array([3, 4]);
  const recall = new Recall();
  const store = recall.store<{ sum: number }>();
  const memory = new Memory(new Uint8Array(ram.buffer));
  let readings = 0;
  const sum = (address: number) => {
    readings++;
    return { sum: memory.u32(address) + memory.u8(address + 4) };
  };
  return {
    ram,
    recall,
    memory,
    store,
    look: (reader = sum) => {
      recall.begin(memory);
      return store.get(PAGE_OFFSET, reader);
    },
    sum,
    readings: () => readings,
  };
}

test("while the words are the same, what was made of them is the very same object", () => {
  const { look, readings } = pair();
  const first = look();
  expect(first).toEqual({ sum: 7 });
  expect(look()).toBe(first);
  expect(readings()).toBe(1);
});

test("when a word that was read is another one, it is read again", () => {
  const { ram, look } = pair();
  look();
  ram[1] = 5;
  expect(look()).toEqual({ sum: 8 });
  ram[0] = 0;
  expect(look()).toEqual({ sum: 5 });
});

test("what others are made of is theirs too", () => {
  const { ram, recall, memory, store, sum } = pair();
  const outer = recall.store<string>();
  const look = () => {
    recall.begin(memory);
    return outer.get(0, () => `it is ${store.get(PAGE_OFFSET, sum).sum}`);
  };
  expect(look()).toBe("it is 7");
  ram[0] = 4;
  expect(look()).toBe("it is 8");
  // The part was read by somebody else before.
  ram[0] = 5;
  recall.begin(memory);
  store.get(PAGE_OFFSET, sum);
  expect(outer.get(0, () => `it is ${store.get(PAGE_OFFSET, sum).sum}`)).toBe("it is 9");
});

test("a reading that failed, or that depends on more than memory, is made again", () => {
  const { recall, look, memory } = pair();
  expect(() => look(() => ({ sum: memory.u32(0) }))).toThrow("outside of guest memory");
  expect(look()).toEqual({ sum: 7 });
  let asked = 0;
  const spoiled = () => {
    recall.spoil();
    return { sum: ++asked };
  };
  const other = pair();
  const read = () => other.look(() => (other.recall.spoil(), { sum: ++asked }));
  expect([read(), read()]).toEqual([{ sum: 1 }, { sum: 2 }]);
  expect(look(spoiled)).toEqual({ sum: 7 });
});

test("what a look did not ask for is forgotten at its end", () => {
  const { recall, look, memory, readings } = pair();
  look();
  recall.begin(memory);
  recall.end();
  look();
  expect(readings()).toBe(2);
});

/** Comparing a name with memory is another walk than reading it, so the place of a fault may be spelled another way. */
const facts = (view: KernelView) => ({ ...view, sequence: 0, problems: view.problems.map(({ what }) => what) });

test("whatever changes in memory, a picture made of earlier ones is the same as one made anew", () => {
  const recording = loadRecording("bubble");
  const options = { now: () => 0 };
  const kept = createXray(recording.layout, options);
  const seed = newSeed();
  const next = random(seed);
  const ram = recording.ram();
  const pristine = recording.ram();
  const words = new DataView(ram.buffer);
  kept.observe(ram);
  for (let round = 0; round < ROUNDS; round++) {
    const touched: number[] = [];
    for (let count = Math.ceil(4 ** (next() * 6)); count > 0; count--) {
      const page = recording.pages[Math.floor(next() * recording.pages.length)];
      const at = page + Math.floor(next() * 1024) * 4;
      // Small changes leave more of the picture standing than wild ones.
      words.setUint32(at, next() < 0.5 ? words.getUint32(at, true) ^ (1 << (next() * 31)) : next() * 2 ** 32, true);
      touched.push(at);
    }
    const where = `SEED=${seed}, round ${round}`;
    expect(facts(kept.observe(ram)), where).toEqual(facts(createXray(recording.layout, options).observe(ram)));
    // Some of it stays, so that what is wrong now was right before and the other way round.
    for (const at of touched) if (next() < 0.9) ram.set(pristine.subarray(at, at + 4), at);
  }
}, 600_000);
