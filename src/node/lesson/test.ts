import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import type { Lesson } from "../../protocol/lesson";
import { UsageError, type Command } from "../command";
import { choose, COURSE_OPTIONS } from "./choice";
import { Stage } from "./stage";
import { trialsOf } from "./trial";

/** After so many failures the rest of a lesson says nothing new. */
const MAX_FAILURES = 5;

const OPTIONS = {
  ...COURSE_OPTIONS,
  /** Lessons that are tried at once, each on a machine of its own. */
  jobs: { type: "string", default: "1" },
  /** Seconds that a trial may take. */
  timeout: { type: "string", default: "60" },
} as const;

/** `glassbox lesson test [NAME…]`: boots the machine and tries every step of every lesson. */
export const testCommand: Command = async (args, { manifest, registry }) => {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const { chosen } = choose(values.course, positionals);
  const jobs = count(values.jobs, "--jobs");
  const seconds = count(values.timeout, "--timeout");
  const path = await manifest();
  const startedAt = performance.now();
  let failed = 0;
  if (jobs === 1 || chosen.length === 1) {
    for (const lesson of chosen) failed += await testLesson(lesson, () => Stage.open(path, registry), seconds);
  } else {
    const waiting = [...chosen];
    const worker = async (): Promise<void> => {
      for (let lesson = waiting.shift(); lesson; lesson = waiting.shift()) {
        const options = ["--course", values.course, "--timeout", values.timeout];
        if ((await again(["lesson", "test", lesson.id, ...options])) !== 0) failed++;
      }
    };
    await Promise.all(Array.from({ length: Math.min(jobs, chosen.length) }, worker));
  }
  const took = ((performance.now() - startedAt) / 1000).toFixed(0);
  if (chosen.length > 1) process.stdout.write(`${chosen.length} lessons, ${failed} failed, ${took} s\n`);
  return failed === 0 ? 0 : 1;
};

function count(text: string, option: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new UsageError(`${option}: ${text} is no whole number above 0`);
  return number;
}

/** Resolves to the number of trials that failed. */
async function testLesson(lesson: Lesson, open: () => Promise<Stage>, seconds: number): Promise<number> {
  const stage = await open();
  const startedAt = performance.now();
  let made = 0;
  let failed = 0;
  for (const { of, holds, run } of trialsOf(lesson)) {
    made++;
    const why = await within(seconds, run(stage));
    if (why === undefined) continue;
    failed++;
    process.stdout.write(`FAIL ${lesson.id}: ${of}: ${holds}\n     ${why}\n`);
    process.stdout.write(`     ${JSON.stringify(stage.state)}\n${stage.screens}\n`);
    if (failed === MAX_FAILURES) break;
  }
  await stage.close();
  const took = ((performance.now() - startedAt) / 1000).toFixed(0);
  process.stdout.write(
    `${failed === 0 ? "ok  " : "FAIL"} ${lesson.id}: ${made - failed} of ${made} trials, ${took} s\n`,
  );
  return failed;
}

/** Why it failed; undefined when it did not. */
async function within(seconds: number, done: Promise<void>): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`It did not come about within ${seconds} s.`), seconds * 1000);
  });
  try {
    return await Promise.race([done.then(() => undefined), late]);
  } catch (error) {
    return (error as Error).message;
  } finally {
    clearTimeout(timer);
  }
}

/** This program once more, with other arguments; its lines come out whole. Resolves to its exit code. */
function again(args: string[]): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1], ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  createInterface({ input: child.stdout }).on("line", (line) => process.stdout.write(`${line}\n`));
  return new Promise((resolve) => child.on("close", (code) => resolve(code ?? 1)));
}
