import { expect, test } from "vitest";
import { picture, type Sketch } from "../../tests/support/picture";
import type { Check, Fact } from "../protocol/lesson";
import type { TaskMatch } from "../protocol/match";
import { FactWatcher, judge, Watcher } from "./check";
import { Scenes } from "./scene";

const holds = (fact: Fact, ...pictures: Parameters<typeof picture>[0][]): boolean => {
  const watcher = new FactWatcher(fact);
  const scenes = new Scenes();
  return pictures.map((each) => watcher.feed(scenes.next(picture(each))).holds).at(-1)!;
};
const matches = (match: TaskMatch, task: Sketch): boolean => holds({ task: match }, { tasks: [task] });

const bubble: Sketch = { pid: 40, inner: 1, own: { mnt: 2 }, comm: "sh" };

test.each<[string, TaskMatch, Sketch, boolean]>([
  ["comm", { comm: "sleep" }, { pid: 2, comm: "sleep" }, true],
  ["comm", { comm: "sleep" }, { pid: 2, comm: "sleeper" }, false],
  ["argv words in order", { argv: ["a", "c"] }, { pid: 2, argv: ["a", "b", "c"] }, true],
  ["argv words in order", { argv: ["c", "a"] }, { pid: 2, argv: ["a", "b", "c"] }, false],
  ["argv by beginning", { argv: ["--mount-proc*"] }, { pid: 2, argv: ["unshare", "--mount-proc=/proc"] }, true],
  ["argv is not a pattern", { argv: ["a*b"] }, { pid: 2, argv: ["axb"] }, false],
  ["inner pid", { comm: "sh", innerPid: 1 }, bubble, true],
  ["inner pid is not the host's", { innerPid: 40 }, bubble, false],
  ["pid levels", { pidLevels: 2 }, bubble, true],
  ["pid levels", { pidLevels: 2 }, { pid: 2 }, false],
  ["own namespaces: all of them", { ownNamespaces: ["pid", "mnt"] }, bubble, true],
  ["own namespaces: all of them", { ownNamespaces: ["pid", "net"] }, bubble, false],
  ["host namespaces", { pidLevels: 2, hostNamespaces: ["net", "uts"] }, bubble, true],
  ["host namespaces", { pidLevels: 2, hostNamespaces: ["mnt"] }, bubble, false],
  ["state", { comm: "x", state: "T" }, { pid: 2, comm: "x", state: "T" }, true],
  ["uid", { uid: 1000 }, { pid: 2, uid: 1000 }, true],
  ["cgroup", { cgroup: "/a" }, { pid: 2, cgroup: "/a" }, true],
  ["not", { comm: "x", not: { state: "Z" } }, { pid: 2, comm: "x" }, true],
  ["not", { comm: "x", not: { state: "Z" } }, { pid: 2, comm: "x", state: "Z" }, false],
  ["a zombie has left its namespaces", { comm: "x", ownNamespaces: ["mnt"] }, { pid: 2, comm: "x", state: "Z" }, false],
  [
    "a zombie keeps its pid namespace",
    { comm: "x", ownNamespaces: ["pid"] },
    { pid: 2, inner: 5, comm: "x", state: "Z" },
    true,
  ],
  ["threads do not count", { comm: "x" }, { pid: 3, tgid: 2, comm: "x" }, false],
])("a task matches by %s", (_, match, task, expected) => {
  expect(matches(match, task)).toBe(expected);
});

test("a task matches by its parent and by its ancestors", () => {
  const tasks: Sketch[] = [
    { pid: 10, comm: "unshare" },
    { pid: 11, ppid: 10, comm: "sh", inner: 1 },
    { pid: 12, ppid: 11, comm: "sleep", inner: 2 },
  ];
  expect(holds({ task: { comm: "sh", parent: { comm: "unshare" } } }, { tasks })).toBe(true);
  expect(holds({ task: { comm: "sleep", parent: { comm: "unshare" } } }, { tasks })).toBe(false);
  expect(holds({ task: { comm: "sleep", ancestor: { comm: "unshare" } } }, { tasks })).toBe(true);
});

test("a loop of parents in a torn picture ends the walk", () => {
  const tasks: Sketch[] = [
    { pid: 10, ppid: 11 },
    { pid: 11, ppid: 10 },
  ];
  expect(holds({ task: { ancestor: { comm: "nobody" } } }, { tasks })).toBe(false);
});

test("a task matches by what it shares with another", () => {
  const fact: Fact = { task: { comm: "nsenter", sharesWith: { task: { comm: "web" }, namespaces: ["net", "uts"] } } };
  const web: Sketch = { pid: 10, comm: "web", own: { net: 2, uts: 2 } };
  expect(holds(fact, { tasks: [web, { pid: 11, comm: "nsenter", own: { net: 2, uts: 2 } }] })).toBe(true);
  expect(holds(fact, { tasks: [web, { pid: 11, comm: "nsenter", own: { net: 2, uts: 3 } }] })).toBe(false);
});

test("a task matches by the host name it sees", () => {
  const tasks: Sketch[] = [{ pid: 10, comm: "x", own: { uts: 2 } }];
  expect(holds({ task: { hostname: "bowl" } }, { tasks, hostnames: { 2: "bowl" } })).toBe(true);
  expect(holds({ task: { comm: "init", hostname: "bowl" } }, { tasks, hostnames: { 2: "bowl" } })).toBe(false);
});

test("what started in the step is told from what was there before", () => {
  const fact: Fact = { task: { comm: "sleep", startedInStep: true } };
  const old: Sketch = { pid: 10, comm: "sleep", startTimeNs: 500 };
  const young: Sketch = { pid: 11, comm: "sleep", startTimeNs: 1500 };
  expect(holds(fact, { atNs: 1000, tasks: [old] }, { atNs: 2000, tasks: [old] })).toBe(false);
  expect(holds(fact, { atNs: 1000, tasks: [old] }, { atNs: 2000, tasks: [old, young] })).toBe(true);
});

test("counting: at least one unless it says otherwise", () => {
  const two = {
    tasks: [
      { pid: 2, comm: "x" },
      { pid: 3, comm: "x" },
    ],
  };
  const none = { tasks: [] };
  const count = (min?: number, max?: number): Fact => ({ task: { comm: "x" }, count: { min, max } });
  expect(holds({ task: { comm: "x" } }, none)).toBe(false);
  expect(holds(count(2), two)).toBe(true);
  expect(holds(count(3), two)).toBe(false);
  expect(holds(count(undefined, 1), two)).toBe(false);
  expect(holds(count(undefined, 0), none)).toBe(true);
});

test("what was seen stays seen after it has gone, also when it was only glimpsed", () => {
  const fact: Fact = { seen: { comm: "ps" } };
  const ps: Sketch = { pid: 9, comm: "ps" };
  expect(holds(fact, { tasks: [] }, { tasks: [ps] }, { tasks: [] })).toBe(true);
  expect(holds(fact, { tasks: [] }, { tasks: [], glimpsed: [ps] })).toBe(true);
  expect(holds(fact, { tasks: [] }, { tasks: [{ pid: 9, comm: "top" }] })).toBe(false);
});

test("a task caught while it ended is seen in the namespaces and with the arguments it had", () => {
  const fact: Fact = { seen: { comm: "ps", ownNamespaces: ["pid", "mnt"] } };
  const born: Sketch = { ...bubble, pid: 50, inner: 2, comm: "sh", startTimeNs: 5 };
  const ending: Sketch = { pid: 50, inner: 2, comm: "ps", argv: [], state: "Z", startTimeNs: 5 };
  const whole: Sketch = { ...born, comm: "ps", argv: ["ps", "-e"] };
  const withArgument: Fact = { all: [{ seen: { comm: "ps", argv: ["-e"], state: "Z" } }, fact] };
  expect(holds(withArgument, { tasks: [whole] }, { tasks: [ending] })).toBe(true);
  expect(holds(withArgument, { tasks: [{ ...whole, comm: "sh" }] }, { tasks: [ending] })).toBe(false);
  expect(holds(fact, { tasks: [] }, { tasks: [born] }, { tasks: [ending] }, { tasks: [] })).toBe(true);
  expect(holds(fact, { tasks: [] }, { tasks: [born] }, { tasks: [], glimpsed: [ending] })).toBe(true);
  expect(holds(fact, { tasks: [] }, { tasks: [{ ...born, startTimeNs: 4 }] }, { tasks: [ending] })).toBe(false);
});

test("what is needed now is not satisfied by a glimpse", () => {
  expect(holds({ task: { comm: "ps" } }, { tasks: [], glimpsed: [{ pid: 9, comm: "ps" }] })).toBe(false);
});

test("a part of `all` is seen even while another part does not hold", () => {
  const fact: Fact = { all: [{ task: { comm: "late" } }, { seen: { comm: "early" } }] };
  expect(holds(fact, { tasks: [{ pid: 2, comm: "early" }] }, { tasks: [{ pid: 3, comm: "late" }] })).toBe(true);
});

const check: Check = {
  pass: { task: { comm: "sh", ownNamespaces: ["pid", "mnt"] } },
  say: "There it is.",
  nearMisses: [
    {
      when: { task: { ownNamespaces: ["pid"], hostNamespaces: ["mnt"] } },
      say: "A pid namespace, but the host's mounts.",
    },
    { when: { seen: { comm: "unshare" } }, say: "unshare ran." },
  ],
};

test("a verdict: not yet, then the first near-miss that holds, then passed with its holders", () => {
  const watcher = new Watcher(check);
  const scenes = new Scenes();
  expect(watcher.feed(scenes.next(picture({ tasks: [] })))).toEqual({ state: "not-yet" });
  const both = picture({
    tasks: [
      { pid: 9, comm: "unshare" },
      { pid: 10, inner: 1 },
    ],
  });
  expect(watcher.feed(scenes.next(both))).toEqual({
    state: "near-miss",
    say: "A pid namespace, but the host's mounts.",
  });
  expect(watcher.feed(scenes.next(picture({ tasks: [] })))).toEqual({ state: "near-miss", say: "unshare ran." });
  const passed = watcher.feed(scenes.next(picture({ tasks: [bubble] })));
  expect(passed).toEqual({
    state: "passed",
    say: "There it is.",
    holders: [{ object: "task", address: 0xc1000000 + 40 * 64 }],
  });
});

test("a pass is kept when the learner goes on", () => {
  const watcher = new Watcher(check);
  const scenes = new Scenes();
  watcher.feed(scenes.next(picture({ tasks: [bubble] })));
  expect(watcher.feed(scenes.next(picture({ tasks: [] }))).state).toBe("passed");
});

test("judging a history gives what watching it gave", () => {
  const history = [picture({ tasks: [] }), picture({ tasks: [{ pid: 9, comm: "unshare" }] })];
  expect(judge(check, history, picture({ tasks: [] }))).toEqual({ state: "near-miss", say: "unshare ran." });
  expect(judge(check, [], picture({ tasks: [] }))).toEqual({ state: "not-yet" });
});
