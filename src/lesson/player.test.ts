import { expect, test } from "vitest";
import { picture, type Sketch } from "../../tests/support/picture";
import type { Cause, Change } from "../protocol/change";
import type { Lesson, LessonStart, Step } from "../protocol/lesson";
import { Player, type Effect, type PlayerEvent } from "./player";

const sleeping = { comm: "sleep" };
const forked: Change = { type: "fork", task: { address: 1, pid: 9, comm: "sh" }, parent: 1, thread: false };
const step = (id: string, more: Partial<Step> = {}): Step => ({
  id,
  title: id,
  blocks: [],
  hints: [],
  solve: [],
  ...more,
});
const checked = (id: string, more: Partial<Step> = {}): Step =>
  step(id, { check: { pass: { task: sleeping }, say: "It sleeps.", nearMisses: [] }, ...more });
const lesson = (...steps: Step[]): Lesson => ({ id: "l", version: 3, title: "L", summary: "S", minutes: 1, steps });

/** Plays a lesson with a page that carries every effect out at once and well, and notes what it was asked for. */
function play(
  steps: Step[],
  fails: Partial<Record<Effect["kind"], string>> = {},
  { progressAt, through, start }: { progressAt?: string; through?: boolean; start?: LessonStart } = {},
) {
  const progress = progressAt && {
    lesson: "l",
    version: 3,
    step: progressAt,
    passed: [],
    finished: false,
    changedAt: 0,
  };
  const player = new Player(
    { ...lesson(...steps), start },
    { now: () => 1000, through, ...(progress ? { progress } : {}) },
  );
  const asked: string[] = [];
  const alarms: number[] = [];
  const send = (event: PlayerEvent): void => {
    for (const effect of player.handle(event)) {
      asked.push(describe(effect));
      if (!("id" in effect)) continue;
      if (effect.kind === "alarm") {
        alarms.push(effect.id);
        continue;
      }
      const why = fails[effect.kind];
      send(why ? { kind: "settled", id: effect.id, ok: false, why } : { kind: "settled", id: effect.id, ok: true });
    }
  };
  const see = (...tasks: Sketch[]): void => send({ kind: "view", view: picture({ tasks }) });
  return { player, send, see, asked, alarms, fails };
}

function describe(effect: Effect): string {
  switch (effect.kind) {
    case "checkpoint":
    case "restore":
      return `${effect.kind} ${effect.slot}`;
    case "fresh":
      return "fresh";
    case "play":
      return `play ${effect.lesson.id}`;
    case "alarm":
      return `alarm ${effect.seconds}`;
    case "show":
      return `show ${effect.view} ${effect.object?.object}`;
    case "script":
      return `${effect.purpose} ${effect.step}: ${effect.script}`;
    case "type":
      return `type ${effect.terminal}: ${JSON.stringify(effect.text)}`;
    case "look":
      return "look";
    case "progress":
      return `progress ${effect.progress.step} [${effect.progress.passed}]${effect.progress.finished ? " finished" : ""}`;
  }
}

test("a step begins with its setup, then a checkpoint, then a fresh picture", () => {
  const { player, send, asked } = play([checked("one", { setup: "true" })]);
  send({ kind: "start" });
  expect(asked).toEqual(["progress one []", "fresh", "setup 0: true", "checkpoint 0", "look"]);
  expect(player.state.phase).toBe("playing");
});

test("pictures of the time before the step began are not judged", () => {
  const player = new Player(lesson(checked("one")), { now: () => 0 });
  player.handle({ kind: "start" });
  player.handle({ kind: "view", view: picture({ tasks: [{ pid: 2, ...sleeping }] }) });
  expect(player.state.verdict.state).toBe("not-yet");
});

test("passing is noticed in the picture, stored, and opens the way on", () => {
  const { player, send, see, asked } = play([checked("one"), step("two")]);
  send({ kind: "start" });
  see();
  expect(player.state.canNext).toBe(false);
  see({ pid: 2, ...sleeping });
  expect(player.state).toMatchObject({ verdict: { state: "passed", say: "It sleeps." }, canNext: true });
  expect(asked.at(-1)).toBe("progress one [one]");
});

test("next tidies up, prepares the next step and begins it", () => {
  const { player, send, see, asked } = play([
    checked("one", { cleanup: "killall sleep" }),
    step("two", { setup: "ls" }),
  ]);
  send({ kind: "start" });
  send({ kind: "next" });
  expect(player.state.stepIndex).toBe(0);
  see({ pid: 2, ...sleeping });
  asked.length = 0;
  send({ kind: "next" });
  expect(asked).toEqual(["progress two [one]", "cleanup 0: killall sleep", "setup 1: ls", "checkpoint 1", "look"]);
  expect(player.state).toMatchObject({ stepIndex: 1, verdict: { state: "not-yet" }, hintsOpen: 0 });
});

test("a step that asks for nothing is passed by going on; after the last the lesson is finished", () => {
  const { player, send, asked } = play([step("one", { cleanup: "true" })]);
  send({ kind: "start" });
  send({ kind: "next" });
  expect(player.state).toMatchObject({ phase: "finished", passed: [true] });
  expect(asked.slice(-2)).toEqual(["progress one [one] finished", "cleanup 0: true"]);
});

test("a command block is typed as the keyboard would, line by line", () => {
  const { send, asked } = play([
    step("one", {
      blocks: [
        { kind: "prose", html: "" },
        { kind: "command", terminal: 2, code: "echo a\necho b\n" },
      ],
    }),
  ]);
  send({ kind: "start" });
  send({ kind: "run", block: 1 });
  expect(asked.at(-1)).toBe('type 2: "echo a\\recho b\\r"');
  const before = asked.length;
  send({ kind: "run", block: 0 });
  send({ kind: "run", block: 7 });
  expect(asked.length).toBe(before);
});

test("the solution is typed up to a line that must be waited for, and goes on when the picture shows it", () => {
  const { player, send, see, asked } = play([
    checked("one", {
      solve: [
        { terminal: 1, code: "a" },
        { terminal: 1, code: "b", until: { task: { comm: "b" } } },
        { terminal: 2, code: "c" },
      ],
    }),
  ]);
  send({ kind: "start" });
  asked.length = 0;
  send({ kind: "solve" });
  expect(asked).toEqual(['type 1: "a\\r"', 'type 1: "b\\r"', "look"]);
  expect(player.state).toMatchObject({ phase: "solving", solveLine: 1, canSolve: false });
  see({ pid: 2, comm: "a" });
  expect(asked.length).toBe(3);
  see({ pid: 3, comm: "b" });
  expect(asked.at(-1)).toBe('type 2: "c\\r"');
  expect(player.state.phase).toBe("playing");
});

test("what a line brought about before the next picture counts as done in the step", () => {
  const { player, send } = play([
    checked("one", {
      solve: [
        { terminal: 1, code: "ps", until: { seen: { comm: "ps", startedInStep: true } } },
        { terminal: 1, code: "b" },
      ],
    }),
  ]);
  send({ kind: "start" });
  send({ kind: "view", view: picture({ tasks: [], atNs: 1000 }) });
  send({ kind: "solve" });
  const ps = { pid: 2, comm: "ps", startTimeNs: 1500 };
  send({ kind: "view", view: picture({ tasks: [], glimpsed: [ps], atNs: 2000 }) });
  expect(player.state.phase).toBe("playing");
});

test("a solution that waits in vain can be stopped", () => {
  const { player, send } = play([
    step("one", {
      solve: [
        { terminal: 1, code: "a", until: { task: { comm: "never" } } },
        { terminal: 1, code: "b" },
      ],
    }),
  ]);
  send({ kind: "start" });
  send({ kind: "solve" });
  send({ kind: "stop" });
  expect(player.state).toMatchObject({ phase: "playing", canSolve: true });
});

test("a reset restores the step's own checkpoint and judges anew", () => {
  const { player, send, see, asked } = play([checked("one", { hints: ["h"] })]);
  send({ kind: "start" });
  send({ kind: "hint" });
  see({ pid: 2, ...sleeping });
  asked.length = 0;
  send({ kind: "reset" });
  expect(asked).toEqual(["progress one [one]", "restore 0", "look"]);
  expect(player.state).toMatchObject({ phase: "playing", verdict: { state: "not-yet" }, hintsOpen: 0, canNext: true });
});

test("going back restores that step; where no checkpoint is, the steps before it are played first", () => {
  const { player, send, see, asked } = play([
    step("one"),
    checked("two", { setup: "prepare", cleanup: "tidy", solve: [{ terminal: 1, code: "sleep 9" }] }),
    step("three"),
    step("four"),
  ]);
  send({ kind: "start" });
  send({ kind: "next" });
  asked.length = 0;
  send({ kind: "go", step: 0 });
  expect(asked).toEqual(["progress one [one]", "restore 0", "look"]);
  asked.length = 0;
  send({ kind: "go", step: 9 });
  send({ kind: "go", step: 3 });
  expect(player.state).toMatchObject({ phase: "replaying", stepIndex: 1, heading: 3 });
  see();
  expect(asked).toEqual(["restore 1", "alarm 60", "look", 'type 1: "sleep 9\\r"']);
  asked.length = 0;
  see({ pid: 2, ...sleeping });
  expect(asked).toEqual(["cleanup 1: tidy", "checkpoint 2", "checkpoint 3", "progress four [one]", "look"]);
  expect(player.state).toMatchObject({ phase: "playing", stepIndex: 3, passed: [true, false, false, false] });
});

test("the way to a later step ends where a step does not pass", () => {
  const { player, send, see, alarms } = play([checked("one"), step("two")], {}, { progressAt: "two" });
  send({ kind: "start" });
  see();
  expect(player.state).toMatchObject({ phase: "replaying", stepIndex: 0 });
  alarms.forEach((id) => send({ kind: "settled", id, ok: true }));
  expect(player.state).toMatchObject({ phase: "playing", stepIndex: 0, heading: undefined });
  expect(player.state.notice).toContain("The way to step 2 ended in this step.");
});

test("beside the way nothing counts, and the step goes on where it was left", () => {
  const { player, send, see, asked } = play([
    checked("one", { blocks: [{ kind: "command", terminal: 1, code: "ls" }] }),
  ]);
  send({ kind: "start" });
  see();
  asked.length = 0;
  send({ kind: "branch" });
  expect(player.state).toMatchObject({ phase: "branch", canNext: false, canSolve: false });
  see({ pid: 2, ...sleeping });
  expect(player.state.verdict.state).toBe("not-yet");
  send({ kind: "run", block: 0 });
  send({ kind: "return" });
  expect(asked).toEqual(["checkpoint branch", 'type 1: "ls\\r"', "restore branch", "look"]);
  see({ pid: 2, ...sleeping });
  expect(player.state).toMatchObject({ phase: "playing", verdict: { state: "passed" } });
});

test("a look opens a view and selects the object, or says that it is not there yet", () => {
  const looks = { sleeper: { view: "processes" as const, at: { task: sleeping } } };
  const { player, send, see, asked } = play([step("one", { looks })]);
  send({ kind: "start" });
  see();
  asked.length = 0;
  send({ kind: "look", name: "sleeper" });
  expect(player.state.notice).toContain("not in the picture yet");
  see({ pid: 2, ...sleeping });
  send({ kind: "look", name: "sleeper" });
  expect(asked).toEqual(["show processes undefined", "show processes task"]);
  expect(player.state.notice).toBeUndefined();
});

test("the parts of a goal are ticked off as they come about, and come off again", () => {
  const { player, send, see } = play([step("one", { goal: [{ say: "a sleep", fact: { task: sleeping } }] })]);
  send({ kind: "start" });
  see();
  expect(player.state.goal).toMatchObject([{ holds: false }]);
  see({ pid: 2, ...sleeping });
  expect(player.state.goal).toMatchObject([{ holds: true, holders: [{ object: "task" }] }]);
  see();
  expect(player.state.goal).toMatchObject([{ holds: false }]);
});

test("where a check has a script, it has the last word, once for each thing that happened", () => {
  const script = { run: "grep x f", say: "x is not in f." };
  const { player, send, see, asked, fails } = play([
    step("one", { check: { pass: { task: sleeping }, say: "Yes.", nearMisses: [], script } }),
  ]);
  const happens = () =>
    send({ kind: "changes", batch: { groups: [], events: [{ id: 1, atNs: 0, group: 7, change: forked }] } });
  send({ kind: "start" });
  asked.length = 0;
  fails.script = "exit code 1";
  see({ pid: 2, ...sleeping });
  see({ pid: 2, ...sleeping });
  expect(asked).toEqual(["check 0: grep x f"]);
  expect(player.state.verdict).toEqual({ state: "near-miss", say: "x is not in f." });
  delete fails.script;
  // Another machine has used the group for a script.
  const named = (by: Cause): void =>
    send({ kind: "changes", batch: { groups: [{ id: 7, cause: by, startedAtNs: 0 }], events: [] } });
  named({ by: "command", command: "x" });
  happens();
  see({ pid: 2, ...sleeping });
  expect(player.state.verdict.state).toBe("near-miss");
  named({ by: "terminal", terminal: 0 });
  happens();
  see({ pid: 2, ...sleeping });
  expect(player.state.verdict.state).toBe("passed");
});

test("starting the lesson again forgets what was passed", () => {
  const { player, send, asked } = play([step("one"), step("two")]);
  send({ kind: "start" });
  send({ kind: "next" });
  send({ kind: "restart" });
  expect(asked.slice(-3)).toEqual(["progress one []", "restore 0", "look"]);
  expect(player.state.passed).toEqual([false, false]);
});

test("an answer that comes after the step was left does not count", () => {
  const player = new Player(lesson(step("one"), step("two")), { now: () => 0 });
  const effects = player.handle({ kind: "start" });
  player.handle({ kind: "go", step: 1 });
  for (const effect of effects) if ("id" in effect) player.handle({ kind: "settled", id: effect.id, ok: true });
  expect(player.state).toMatchObject({ phase: "preparing", heading: 1, checkpoints: [false, false] });
});

test("a checkpoint that could not be taken is said, and the step is played without it", () => {
  const { player, send } = play([step("one")], { checkpoint: "no memory" });
  send({ kind: "start" });
  expect(player.state).toMatchObject({ phase: "playing", canReset: false });
  expect(player.state.notice).toContain("no memory");
});

test("a setup that failed is said, and the learner can go on", () => {
  const { player, send } = play([step("one", { setup: "false" })], { script: "exit status 1" });
  send({ kind: "start" });
  expect(player.state).toMatchObject({ phase: "playing", canReset: true });
  expect(player.state.notice).toContain("Preparing this step failed (exit status 1)");
});

test("hints open one at a time", () => {
  const { player, send } = play([step("one", { hints: ["a", "b"] })]);
  send({ kind: "start" });
  expect(player.state).toMatchObject({ hintsOpen: 0, canHint: true });
  send({ kind: "hint" });
  send({ kind: "hint" });
  send({ kind: "hint" });
  expect(player.state).toMatchObject({ hintsOpen: 2, canHint: false });
});

const quiz = (id: string): Step["blocks"][number] => ({
  kind: "quiz",
  id,
  html: "?",
  answers: [
    { html: "a", right: false, why: "no" },
    { html: "b", right: true, why: "yes" },
  ],
});

test("a step with nothing but a prediction is passed by the right answer, at any attempt", () => {
  const { player, send } = play([step("one", { blocks: [quiz("q1"), quiz("q2")] })]);
  send({ kind: "start" });
  send({ kind: "answer", quiz: "q1", answer: 0 });
  send({ kind: "answer", quiz: "q1", answer: 1 });
  send({ kind: "answer", quiz: "q1", answer: 1 });
  expect(player.state).toMatchObject({ canNext: false, answers: { q1: [0, 1] } });
  send({ kind: "answer", quiz: "q2", answer: 1 });
  expect(player.state.canNext).toBe(true);
});

test("where the picture decides, a prediction does not", () => {
  const { player, send } = play([checked("one", { blocks: [quiz("q")] })]);
  send({ kind: "start" });
  send({ kind: "answer", quiz: "q", answer: 1 });
  expect(player.state.canNext).toBe(false);
});

test("a learner who comes back begins in the step where they were", () => {
  const progress = { lesson: "l", version: 3, step: "two", passed: ["one"], finished: false, changedAt: 0 };
  const player = new Player(lesson(step("one"), step("two")), { now: () => 5, progress });
  expect(player.state).toMatchObject({ stepIndex: 1, passed: [true, false] });
  expect(player.progress()).toEqual({ ...progress, changedAt: 5 });
  expect(player.handle({ kind: "start" }).map(describe)).toEqual(["fresh", "checkpoint 0"]);
});

test("nothing changes before the machine runs", () => {
  const { player, send, asked } = play([checked("one", { solve: [{ terminal: 1, code: "a" }] })]);
  const before = player.state;
  for (const kind of ["solve", "stop", "hint", "next", "reset", "restart"] as const) send({ kind });
  send({ kind: "go", step: 0 });
  expect(asked).toEqual([]);
  expect(player.state).toBe(before);
});

test("a lesson may begin where another ends: that one is played first", () => {
  const { player, send, asked, fails } = play([checked("one")], {}, { start: { after: lesson(step("before")) } });
  send({ kind: "start" });
  expect(asked).toEqual(["progress one []", "play l", "checkpoint 0", "look"]);
  fails.play = "It ended in the step “before”.";
  fails.checkpoint = "no room";
  send({ kind: "restart" });
  expect(player.state.phase).toBe("playing");
});

test("a lesson that nobody plays goes from its beginning to its end, and nothing is kept or stored", () => {
  const steps = [
    step("read"),
    checked("one", { setup: "true", cleanup: "false", solve: [{ terminal: 1, code: "sleep 9 &" }] }),
    step("do", { solve: [{ terminal: 2, code: "touch f" }] }),
  ];
  const { player, send, see, asked } = play(steps, {}, { through: true });
  send({ kind: "start" });
  expect(asked).toEqual(["fresh", "setup 1: true", "alarm 60", "look"]);
  see();
  see(sleeping as Sketch);
  expect(asked.slice(4)).toEqual(['type 1: "sleep 9 &\\r"', "cleanup 1: false", "alarm 60", "look"]);
  see();
  expect(asked.slice(8)).toEqual(['type 2: "touch f\\r"']);
  expect(player.state).toMatchObject({ phase: "finished", notice: undefined });
});

test("and says where it got stuck", () => {
  const { player, send, see, asked, alarms } = play([checked("one"), step("two")], {}, { through: true });
  send({ kind: "start" });
  see();
  alarms.forEach((id) => send({ kind: "settled", id, ok: true }));
  expect(player.state.phase).toBe("finished");
  expect(player.state.notice).toBe("It ended in the step “one”. It took longer than a minute.");
  expect(asked.filter((each) => each.startsWith("progress"))).toEqual([]);
});
