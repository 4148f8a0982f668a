/** Lessons that do not work: what fails is named, the machine lives on, and the learner can go on. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildRegistry } from "../../images/library/build";
import { buildMachine } from "../../guest/build";
import { parseLesson } from "../../src/lesson/parse";
import { Stage } from "../../src/node/lesson/stage";
import type { Lesson } from "../../src/protocol/lesson";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open(await buildMachine({ snapshot: true, progress: () => {} }), buildRegistry);
});
afterAll(() => stage?.close());

function lesson(...fronts: string[]): Lesson {
  const steps = fronts.map((front, at) => [`0${at + 1}-step-${at + 1}.md`, `---\n${front}\n---\n\nText.\n`]);
  const about = "title: T\nsummary: S\nversion: 1\nminutes: 5\n";
  const read = parseLesson({ "lesson.yaml": about, ...Object.fromEntries(steps) }, { id: "t" });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.lesson;
}

const sleeping = 'pass: { task: { argv: [sleep, "88"] } }, say: It sleeps.';

test("a setup that fails is said, and the step can be played", async () => {
  await stage.begin(lesson(`title: A\nsetup: echo no room >&2; exit 3\ncheck: { ${sleeping} }`));
  expect(stage.state.notice).toContain("Preparing this step failed (exit code 3: no room).");
  await stage.type([{ terminal: 1, code: "sleep 88 &" }]);
  await stage.until(({ verdict }) => verdict.state === "passed");
});

test("a check whose script never ends counts as failed, and the machine lives on", async () => {
  await stage.begin(
    lesson(`title: A\ncheck: { ${sleeping}, script: { run: "while :; do :; done", say: The script does not find it. } }`),
  );
  await stage.type([{ terminal: 1, code: "sleep 88 &" }]);
  await stage.until(({ verdict }) => verdict.state === "near-miss");
  expect(stage.state.verdict).toEqual({ state: "near-miss", say: "The script does not find it." });
  await stage.holds({ not: { task: { argv: ["while*"], not: { state: "Z" } } } });
});

test("a script has the last word, and is asked again when something happened", async () => {
  await stage.begin(
    lesson(`title: A\ncheck: { ${sleeping}, script: { run: "grep -q x /tmp/f", say: x is not in /tmp/f. } }`),
  );
  await stage.type([{ terminal: 1, code: "sleep 88 &" }]);
  await stage.until(({ verdict }) => verdict.state === "near-miss");
  await stage.type([{ terminal: 1, code: "echo x | tee /tmp/f" }]);
  await stage.until(({ verdict }) => verdict.state === "passed");
});

test("a lesson begins as its state leaves the machine", async () => {
  const made: Lesson = { ...lesson(`title: A\ncheck: { ${sleeping} }`), start: { state: "made", script: "mkdir /tmp/made" } };
  await stage.begin(made);
  expect(stage.state.notice).toBeUndefined();
  await stage.type([{ terminal: 1, code: "cd /tmp/made && sleep 88 &" }]);
  await stage.holds({ task: { argv: ["sleep", "88"], cwd: "/tmp/made" } });
});

test("a lesson begins where another one ends, with what was typed in it and what was put right after its steps", async () => {
  const before = lesson(
    `title: A\nsetup: mkdir /tmp/room\nsolve: [cd /tmp/room, sleep 77 &]\ncheck: { pass: { task: { argv: [sleep, "77"] } }, say: S. }`,
    "title: B\nsolve: [{ code: sleep 78 &, until: { task: { argv: [sleep, '78'] } } }]\ncleanup: pkill -f 'sleep 78'",
  );
  await stage.begin({ ...lesson(`title: A\ncheck: { ${sleeping} }`), start: { after: before } });
  expect(stage.state.notice).toBeUndefined();
  expect(stage.state.stepIndex).toBe(0);
  await stage.holds({ task: { argv: ["sleep", "77"] } });
  await stage.holds({ not: { task: { argv: ["sleep", "78"], not: { state: "Z" } } } });
  // The shell is where it was left.
  await stage.type([{ terminal: 1, code: "sleep 88 &" }]);
  await stage.holds({ task: { argv: ["sleep", "88"], cwd: "/tmp/room" } });
  // The start is kept like any other.
  stage.send({ kind: "restart" });
  await stage.until(({ phase }) => phase === "playing");
  await stage.holds({ not: { task: { argv: ["sleep", "88"] } } });
  await stage.holds({ task: { argv: ["sleep", "77"] } });
});
