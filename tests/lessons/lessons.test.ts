import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, onTestFailed, test } from "vitest";
import { buildRegistry } from "../../images/library/build";
import { buildMachine } from "../../guest/build";
import { readCourse } from "../../src/node/lesson/read-course";
import { Stage } from "../../src/node/lesson/stage";
import { trialsOf } from "../../src/node/lesson/trial";

/** A part of the course, one lesson of each kind; `npm run test:lessons` plays all. */
const FAST = ["a-process-in-a-bubble", "from-a-limit-to-an-oom-kill", "copy-up-and-whiteouts", "a-container-by-hand"];

const { lessons } = readCourse(fileURLToPath(new URL("../../lessons/", import.meta.url)));

describe.each(lessons.filter(({ id }) => FAST.includes(id)))("$id", (lesson) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open(await buildMachine({ snapshot: true, progress: () => {} }), buildRegistry);
  });
  afterAll(() => stage?.close());

  // A step begins where the one before it ended, so all is tried in order, on one machine.
  test.each(trialsOf(lesson))("$of: $holds", { timeout: 60_000 }, async (trial) => {
    onTestFailed(() => console.error(stage.state, stage.screens));
    await trial.run(stage);
  });
});
