import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Counters } from "../kernel/counters";
import type { Xray } from "../kernel/xray";
import type { Cgroup } from "../protocol/cgroup";
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import { kernelView } from "../view/kernel-view.fixture";
import { Sampler } from "./sampler";

const RAM = new Uint8Array(0);
const QUIET: Counters = {
  totalForks: 0,
  threads: 0,
  cssSets: 0,
  cgroups: 0,
  utsNames: 0,
  current: 0,
  task: 0,
  switches: 0,
  jiffies: 0,
  idle: true,
  panicked: false,
  stopped: false,
};

const task = (pid: number): Task =>
  ({ address: 0xc1000000 + pid, pid, startTimeNs: pid, argv: [], namespaces: {} }) as unknown as Task;

/** A kernel whose counters and tasks the test sets, and the pictures that were sent. */
function kernel() {
  const acted: number[][] = [];
  const told: string[] = [];
  const state = { counters: QUIET, tasks: [] as Task[], cgroups: [] as Cgroup[], looks: 0, costMs: 0 };
  const sent: KernelView[] = [];
  const xray = {
    counters: () => state.counters,
    observe: () => {
      state.looks++;
      const { tasks, cgroups, counters } = state;
      vi.setSystemTime(Date.now() + state.costMs);
      return { ...kernelView([]), namespaces: [], tasks, cgroups, totalForks: counters.totalForks };
    },
    glance: (_ram: Uint8Array, last: KernelView) => ({
      ...last,
      tasks: state.tasks,
      totalForks: state.counters.totalForks,
    }),
    exitStatus: () => undefined,
    networkChanging: () => false,
    renaming: () => false,
  } as unknown as Xray;
  return {
    state,
    sent,
    acted,
    told,
    sampler: new Sampler(
      xray,
      {
        onview: (view) => void sent.push(view),
        onchanges: (changes, _before, _after, tasks) => {
          told.push(...changes.map(({ type }) => type));
          acted.push([...tasks].sort());
        },
      },
      () => Date.now(),
    ),
  };
}

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

test("a guest in which nothing ran is not looked at", () => {
  const { state, sampler } = kernel();
  sampler.slice(() => RAM, true);
  const { looks } = state;
  for (let slice = 0; slice < 100; slice++) sampler.slice(() => RAM, true);
  expect(state.looks).toBe(looks);
});

test("a fork is looked at in the very slice that shows it", () => {
  const { state, sampler } = kernel();
  sampler.slice(() => RAM, false);
  const { looks } = state;
  state.counters = { ...QUIET, totalForks: 1 };
  sampler.slice(() => RAM, false);
  expect(state.looks).toBe(looks + 1);
});

test("a program that begins after its task got the CPU is looked at in the very slice that shows it", () => {
  const { state, sampler } = kernel();
  sampler.slice(() => RAM, false);
  state.counters = { ...QUIET, switches: 1, task: 1, current: 7 };
  sampler.slice(() => RAM, false);
  const { looks } = state;
  // Between two slices it lost the CPU and got it again, and did exec meanwhile.
  state.counters = { ...QUIET, switches: 3, task: 1, current: 8 };
  sampler.slice(() => RAM, false);
  expect(state.looks).toBe(looks + 1);
});

test("a picture that shows nothing new is not sent", () => {
  const { state, sent, sampler } = kernel();
  sampler.slice(() => RAM, true);
  vi.advanceTimersByTime(50);
  const before = sent.length;
  state.counters = { ...QUIET, jiffies: 1, switches: 1 };
  sampler.slice(() => RAM, true);
  vi.advanceTimersByTime(50);
  expect(sent.length).toBe(before);
});

test("a task that came and went between two frames is told of as glimpsed", () => {
  const { state, sent, sampler } = kernel();
  sampler.slice(() => RAM, false); // sent at once: the frame has begun
  state.tasks = [task(7)];
  state.counters = { ...QUIET, totalForks: 1, threads: 1 };
  sampler.slice(() => RAM, false);
  state.tasks = [];
  state.counters = { ...QUIET, totalForks: 1, threads: 0 };
  sampler.slice(() => RAM, false);
  expect(sent).toHaveLength(1);
  vi.advanceTimersByTime(50);
  expect(sent).toHaveLength(2);
  expect(sent[1].tasks).toEqual([]);
  expect(sent[1].glimpsed.map(({ pid }) => pid)).toEqual([7]);
});

test("what is told of a task that ended is what was known of it before it began to end", () => {
  const { state, sent, sampler } = kernel();
  sampler.slice(() => RAM, false);
  const running = { ...task(7), comm: "mount", argv: ["mount", "-a"], namespaces: { mnt: 5 } } as unknown as Task;
  const ending = { ...running, argv: [], namespaces: { mnt: 0 } } as unknown as Task;
  for (const [at, tasks] of [[running], [ending], []].entries()) {
    state.tasks = tasks;
    state.counters = { ...QUIET, threads: at + 1 };
    sampler.slice(() => RAM, false);
  }
  vi.advanceTimersByTime(50);
  expect(sent[1].glimpsed).toEqual([running]);
});

test("what a task was between two frames, before it became another program, is told of", () => {
  const { state, sent, sampler } = kernel();
  sampler.slice(() => RAM, false);
  const shell = { ...task(7), comm: "sh", argv: ["sh"] };
  const unshare = { ...shell, comm: "unshare", argv: ["unshare", "ls"] };
  const program = { ...shell, comm: "ls", argv: ["ls"] };
  for (const [at, one] of [shell, unshare, program].entries()) {
    state.tasks = [one];
    state.counters = { ...QUIET, threads: at + 1 };
    sampler.slice(() => RAM, false);
  }
  vi.advanceTimersByTime(50);
  expect(sent[1].tasks).toEqual([program]);
  expect(sent[1].glimpsed).toEqual([shell, unshare]);
});

test("a change that no slice follows is sent all the same", () => {
  const { state, sent, sampler } = kernel();
  sampler.slice(() => RAM, false);
  state.tasks = [task(7)];
  state.counters = { ...QUIET, totalForks: 1 };
  sampler.slice(() => RAM, true);
  vi.advanceTimersByTime(1000);
  expect(sent.at(-1)?.tasks.map(({ pid }) => pid)).toEqual([7]);
});

test("what ran before a look is told of with what happened after it, until the CPU rests", () => {
  const { state, sampler, acted } = kernel();
  const ran = (address: number, tasks: Task[], idle: boolean) => {
    const { switches, totalForks } = state.counters;
    state.counters = { ...QUIET, switches: switches + 1, task: address, totalForks: totalForks + 1 };
    state.tasks = tasks;
    sampler.slice(() => RAM, idle);
    vi.advanceTimersByTime(1000);
  };
  ran(1, [], true);
  ran(2, [task(2)], false);
  ran(3, [task(3)], true);
  ran(4, [task(4)], true);
  expect(acted).toEqual([[2], [2, 3], [4]]);
});

test("that a task ended is told after what it did, though a glance saw its end before the whole look saw that", () => {
  const { state, sampler, told } = kernel();
  const cgroup = (path: string) => ({ path, name: path, address: 1, id: 1 }) as unknown as Cgroup;
  state.costMs = 1;
  sampler.slice(() => RAM, false);
  const { looks } = state;
  for (const tasks of [[task(7)], []]) {
    const { totalForks } = state.counters;
    state.counters = { ...QUIET, totalForks: totalForks + 1, threads: tasks.length };
    state.tasks = tasks;
    sampler.slice(() => RAM, false);
  }
  state.cgroups = [cgroup("/made")];
  expect({ looks: state.looks, told }).toEqual({ looks, told: ["fork"] });
  vi.advanceTimersByTime(50);
  expect(told).toEqual(["fork", "cgroup-made", "exit"]);
});

test("a task that ended before another was made is told of before it", () => {
  const { state, sampler, told } = kernel();
  state.costMs = 1;
  sampler.slice(() => RAM, false);
  for (const tasks of [[task(7)], [], [task(8)], []]) {
    const { totalForks } = state.counters;
    state.counters = { ...QUIET, totalForks: totalForks + 1, threads: tasks.length };
    state.tasks = tasks;
    sampler.slice(() => RAM, false);
  }
  vi.advanceTimersByTime(50);
  expect(told).toEqual(["fork", "exit", "fork", "exit"]);
});
