import { expect, test } from "vitest";
import { sketches } from "./goal-sketch";

test("a task is drawn with its number, its name and the walls that the fact speaks of", () => {
  const fact = {
    task: {
      comm: "sleep",
      innerPid: 1,
      ownNamespaces: ["pid" as const],
      hostNamespaces: ["net" as const],
      hostname: "lab",
    },
  };
  expect(sketches(fact)).toEqual([
    {
      object: "task",
      number: "1",
      name: "sleep",
      marks: ["on lab"],
      walls: [
        { kind: "pid", own: true },
        { kind: "net", own: false },
      ],
      absent: false,
    },
  ]);
});

test.each([
  [
    { cgroup: { path: "/box", files: { "memory.max": 1024, "pids.max": "max" as const } } },
    "/box",
    ["memory.max 1024", "pids.max max"],
  ],
  [{ device: { name: "eth0", up: true, address: "10.0.0.2/24" } }, "eth0", ["up", "10.0.0.2/24"]],
  [
    { file: { layer: "upper" as const, path: "etc/motd", whiteout: true } },
    "etc/motd",
    ["in the upper layer", "whiteout"],
  ],
  [{ mount: { path: "/proc", type: "proc", of: { comm: "sh" } } }, "/proc", ["proc", "of sh"]],
])("%j", (fact, name, marks) => {
  expect(sketches(fact)).toMatchObject([{ name, marks, absent: false }]);
});

test("what shall not be there is drawn as absent, and of alternatives the first", () => {
  const fact = {
    all: [{ not: { task: { comm: "sleep" } } }, { any: [{ task: { comm: "a" } }, { task: { comm: "b" } }] }],
  };
  expect(sketches(fact).map(({ name, absent }) => [name, absent])).toEqual([
    ["sleep", true],
    ["a", false],
  ]);
});
