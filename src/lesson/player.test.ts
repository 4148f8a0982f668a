import { expect, test } from "vitest";
import { picture, type Sketch } from "../../tests/support/picture";
import type { Lesson, Step } from "../protocol/lesson";
import { Player, type Effect, type PlayerEvent } from "./player";

const sleeping = { comm: "sleep" };
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
function play(steps: Step[], fails: Partial<Record<Effect["kind"], string>> = {}) {
  const player = new Player(lesson(...steps), { now: () => 1000 });
  const asked: string[] = [];
  const send = (event: PlayerEvent): void => {
    for (const effect of player.handle(event)) {
      asked.push(describe(effect));
      if (!("id" in effect)) continue;
      const why = fails[effect.kind];
      send(why ? { kind: "settled", id: effect.id, ok: false, why } : { kind: "settled", id: effect.id, ok: true });
    }
  };
  const see = (...tasks: Sketch[]): void => send({ kind: "view", view: picture({ tasks }) });
  return { player, send, see, asked };
}

function describe(effect: Effect): string {
  switch (effect.kind) {
    case "checkpoint":
    case "restore":
      return `${effect.kind} ${effect.step}`;
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
  expect(asked).toEqual(["progress one []", "setup 0: true", "checkpoint 0", "look"]);
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

test("going back restores that step; going where no checkpoint is begins from the machine as it is", () => {
  const { send, asked } = play([step("one"), step("two"), step("three")]);
  send({ kind: "start" });
  send({ kind: "next" });
  asked.length = 0;
  send({ kind: "go", step: 0 });
  send({ kind: "go", step: 2 });
  send({ kind: "go", step: 9 });
  expect(asked).toEqual(["progress one [one]", "restore 0", "look", "progress three [one]", "checkpoint 2", "look"]);
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
  const [, first] = player.handle({ kind: "start" });
  player.handle({ kind: "go", step: 1 });
  expect(player.handle({ kind: "settled", id: (first as { id: number }).id, ok: true })).toEqual([]);
  expect(player.state).toMatchObject({ phase: "preparing", stepIndex: 1, checkpoints: [false, false] });
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
  player.handle({ kind: "start" });
  expect(player.state).toMatchObject({ stepIndex: 1, passed: [true, false] });
  expect(player.progress()).toEqual({ ...progress, changedAt: 5 });
});

test("nothing changes before the machine runs", () => {
  const { player, send, asked } = play([checked("one", { solve: [{ terminal: 1, code: "a" }] })]);
  const before = player.state;
  for (const kind of ["solve", "stop", "hint", "next", "reset", "restart"] as const) send({ kind });
  send({ kind: "go", step: 0 });
  expect(asked).toEqual([]);
  expect(player.state).toBe(before);
});
