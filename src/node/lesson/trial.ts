/** What a lesson must stand: each step tried as a learner, a careless learner and an impatient one would. */
import type { Lesson, Step } from "../../protocol/lesson";
import type { Stage } from "./stage";

/** That something a look points to may take to be there. */
const ARRIVAL_MS = 2000;

/** One trial. They are made in order on one stage, since a step begins where the one before it ended. */
export interface Trial {
  /** Title of the step, or of the lesson for what concerns all of it. */
  of: string;
  /** What shall hold: "its solution passes, and passes again from the step's start". */
  holds: string;
  /** @throws Error that says what came instead */
  run(stage: Stage): Promise<void>;
}

/** Every trial of a lesson; the first begins it. */
export function trialsOf(lesson: Lesson): Trial[] {
  return [
    { of: lesson.title, holds: "begins", run: (stage) => stage.begin(lesson) },
    ...lesson.steps.flatMap((step, index) => stepTrials(lesson, step, index)),
    { of: lesson.title, holds: "leaves nothing running", run: leavesNothing },
    { of: lesson.title, holds: "its last step is reached from a fresh machine", run: (stage) => reach(stage, lesson) },
  ];
}

function stepTrials(lesson: Lesson, step: Step, index: number): Trial[] {
  const trials: Trial[] = [];
  const add = (holds: string, run: Trial["run"]) => trials.push({ of: step.title, holds, run });
  const { check } = step;
  const commands = step.blocks.flatMap((block, at) => (block.kind === "command" ? [at] : []));

  if (check) add("is not passed by doing nothing", (stage) => stays(stage, index));
  for (const { nearMiss, lines } of check ? (step.wrong ?? []) : []) {
    const { say } = check!.nearMisses[nearMiss - 1];
    add(`a wrong answer brings up near-miss ${nearMiss}`, async (stage) => {
      await reset(stage);
      await stage.type(lines);
      await stage.until(
        ({ verdict }) => verdict.state === "passed" || (verdict.state === "near-miss" && verdict.say === say),
      );
      if (stage.state.verdict.state === "passed") throw new Error("The wrong answer passed.");
      await reset(stage);
      const { verdict } = stage.state;
      if (verdict.state === "near-miss" && verdict.say === say) throw new Error("The near-miss stays after a reset.");
    });
  }
  if (check) {
    add("its solution passes, and passes again from the step's start", async (stage) => {
      for (let run = 1; run <= 2; run += 1) {
        await reset(stage);
        stage.send({ kind: "solve" });
        await stage.until(({ phase, verdict }) => phase === "playing" && verdict.state === "passed");
        await goalReached(stage, step);
      }
    });
    if (commands.length > 0) {
      add("its run buttons, pressed in order, pass it", async (stage) => {
        await reset(stage);
        for (const block of commands) await stage.run(block);
        await stage.until(({ verdict }) => verdict.state === "passed");
      });
    }
  }
  for (const name of Object.keys(step.looks ?? {})) {
    add(`look:${name} finds what it points to`, (stage) => finds(stage, name));
  }
  const quizzes = step.blocks.filter((block) => block.kind === "quiz");
  if (!check && quizzes.length > 0) {
    add("is passed by its right answers", async (stage) => {
      for (const { id, answers } of quizzes)
        stage.send({ kind: "answer", quiz: id, answer: answers.findIndex(({ right }) => right) });
      await stage.until(({ canNext }) => canNext);
    });
  }
  add("leads on", async (stage) => {
    stage.send({ kind: "next" });
    await stage.until(
      ({ phase, stepIndex }) => phase === "finished" || (phase === "playing" && stepIndex === index + 1),
    );
    await stage.settle();
    if (stage.state.notice) throw new Error(stage.state.notice);
    if (stage.state.phase === "finished" && index + 1 < lesson.steps.length) throw new Error("The lesson ended early.");
  });
  return trials;
}

async function stays(stage: Stage, index: number): Promise<void> {
  if (stage.state.stepIndex !== index) throw new Error("The step before did not lead here.");
  if (stage.state.notice) throw new Error(stage.state.notice);
  await stage.settle();
  if (stage.state.verdict.state === "passed") throw new Error("The step is passed before anything was done.");
}

async function reset(stage: Stage): Promise<void> {
  stage.send({ kind: "reset" });
  await stage.until(({ phase }) => phase === "playing");
  await stage.settle();
}

async function goalReached(stage: Stage, step: Step): Promise<void> {
  await stage.until(({ goal }) => !step.goal || (goal?.every(({ holds }) => holds) ?? false));
}

// After the step's own commands; what it points to before them may have gone by then, so a fresh start is looked at too.
async function finds(stage: Stage, name: string): Promise<void> {
  const found = async (): Promise<boolean> => {
    await stage.settle();
    // What the last command started may still be on its way to what it becomes.
    const { at } = stage.step.looks![name];
    if (at) await Promise.race([stage.holds(at), new Promise((resolve) => setTimeout(resolve, ARRIVAL_MS))]);
    stage.shown = [];
    stage.send({ kind: "look", name });
    await stage.settle();
    return stage.shown.length > 0 && !stage.state.notice;
  };
  if (await found()) return;
  await reset(stage);
  if (!(await found()))
    throw new Error(`look:${name} points to nothing, neither after the step's commands nor before.`);
}

async function leavesNothing(stage: Stage): Promise<void> {
  // A zombie is not running: its shell tells of it, and lets it go, before the next prompt.
  const left = [{ comm: "sleep" }, { ownNamespaces: ["pid" as const] }].map((task) => ({
    ...task,
    not: { state: "Z" as const },
  }));
  await stage.holds({ not: { any: left.map((task) => ({ task })) } });
}

async function reach(stage: Stage, lesson: Lesson): Promise<void> {
  const last = lesson.steps.length - 1;
  await stage.begin(lesson, lesson.steps[last].id);
  if (stage.state.stepIndex !== last)
    throw new Error(`The way ended in step ${stage.state.stepIndex + 1}. ${stage.state.notice ?? ""}`);
}
