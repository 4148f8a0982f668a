import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from "vitest";
import { buildMachine } from "../../guest/build";
import { readCourse } from "../../scripts/course";
import { Stage } from "./stage";

const folder = fileURLToPath(new URL("../../lessons/", import.meta.url));
describe.each(readCourse(folder))("$id", (lesson) => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.open(await buildMachine({ snapshot: true, progress: () => {} }));
    await stage.begin(lesson);
  });
  afterAll(() => stage?.close());

  // A step begins where the one before it ended, so they are played in order, on one machine.
  describe.each(lesson.steps)("$title", (step) => {
    const index = lesson.steps.indexOf(step);

    test.runIf(step.check)("is not passed by doing nothing", async () => {
      expect(stage.state).toMatchObject({ stepIndex: index, notice: undefined });
      await stage.settle();
      expect(stage.state.verdict.state).not.toBe("passed");
    });

    const reset = async (): Promise<void> => {
      stage.send({ kind: "reset" });
      await stage.until(({ phase }) => phase === "playing");
      await stage.settle();
    };

    test.each(step.wrong ?? [])("a wrong answer is told from the right one: near-miss $nearMiss", async (wrong) => {
      onTestFailed(() => console.error(stage.state.verdict, stage.screens));
      const { say } = step.check!.nearMisses[wrong.nearMiss - 1];
      await reset();
      await stage.type(wrong.lines);
      await stage.until(({ verdict }) => verdict.state === "passed" || (verdict.state === "near-miss" && verdict.say === say));
      expect(stage.state.verdict).toEqual({ state: "near-miss", say });
      await reset();
      expect(stage.state.verdict).not.toEqual({ state: "near-miss", say });
    });

    test.runIf(step.check)("its solution passes, and passes again from the step's start", async () => {
      onTestFailed(() => console.error(stage.state.verdict, stage.screens));
      for (let run = 1; run <= 2; run += 1) {
        await reset();
        stage.send({ kind: "solve" });
        await stage.until(({ phase, verdict }) => phase === "playing" && verdict.state === "passed");
      }
    });

    const commands = step.blocks.flatMap((block, at) => (block.kind === "command" ? [at] : []));

    test.runIf(step.check && commands.length > 0)("its run buttons, pressed in order, pass it", async () => {
      onTestFailed(() => console.error(stage.state.verdict, stage.screens));
      await reset();
      for (const block of commands) await stage.run(block);
      await stage.until(({ verdict }) => verdict.state === "passed");
    });

    test("leads on", async () => {
      onTestFailed(() => console.error(stage.state, stage.screens));
      stage.send({ kind: "next" });
      await stage.until(({ phase, stepIndex }) => phase === "finished" || (phase === "playing" && stepIndex === index + 1));
      await stage.settle();
      expect(stage.state.notice).toBeUndefined();
    });
  });

  test("leaves nothing running", async () => {
    // A zombie is not running: its shell tells of it, and lets it go, before the next prompt.
    const left = [{ comm: "sleep" }, { ownNamespaces: ["pid" as const] }].map((task) => ({ ...task, not: { state: "Z" as const } }));
    await stage.holds({ not: { any: left.map((task) => ({ task })) } });
  });
});
