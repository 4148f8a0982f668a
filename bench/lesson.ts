/** Lessons: how soon a verdict is on screen, how soon a step's start is back, what the starts of steps take, how long all tests run. */
import { buildRegistry } from "../images/library/build";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import { buildMachine } from "../guest/build";
import { readCourse } from "../src/node/lesson/read-course";
import { Stage } from "../src/node/lesson/stage";
import { figure, type Benchmark } from "./figure";
import { withSite } from "./site";

const TOP = fileURLToPath(new URL("../", import.meta.url));
const WATCHER = fileURLToPath(new URL("watcher.js", import.meta.url));
interface Watcher {
  pressToFrame(what: "enter" | string, shown: string): Promise<number>;
}

const RUNS = 20;
const SETTLE_MS = 2000;

/** From Enter to the frame that says "Passed"; the guest's own work, a fork by its shell, is in it. */
export const lessonCheck: Benchmark = async function* () {
  const { checks, rewinds, storedBytes } = await withSite(async (browser, url) => {
    const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
    await page.addInitScript({ path: WATCHER });
    await page.goto(url);
    await ready(page);
    await page.waitForTimeout(SETTLE_MS);
    const checks: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      const line = `sleep ${1000 + run} &`;
      await page.locator(".xterm-helper-textarea").first().focus();
      await page.keyboard.type(line);
      await page.waitForFunction((typed) => document.querySelector(".xterm-rows")?.textContent?.includes(typed), line);
      checks.push(await page.evaluate(() => (window as unknown as Watcher).pressToFrame("enter", "There it is")));
      await page.getByRole("button", { name: /^Reset to the step/ }).click();
      await page.getByText("You may go on.").waitFor();
      await ready(page);
    }
    // Forward to the third step, and back to the second, again and again.
    for (let step = 0; step < 2; step++) {
      await page.getByRole("button", { name: "Show me" }).click();
      await page.locator(".strip.pass").waitFor();
      await page.getByRole("button", { name: "Next" }).click();
      await ready(page);
    }
    const rewinds: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      await page.keyboard.type("echo gone");
      const back = (): Promise<number> =>
        (window as unknown as Watcher).pressToFrame("ol[aria-label=Steps] li:nth-child(2) button", "");
      rewinds.push(await page.evaluate(back));
      await page.getByRole("list", { name: "Steps" }).getByRole("button").nth(2).click();
      await ready(page);
    }
    return { checks, rewinds, storedBytes: await page.evaluate(keptBytes) };
  });
  yield figure("lesson.check", "ms", checks);
  yield figure("lesson.rewind", "ms", rewinds);
  yield figure("lesson.stored", "MB", [storedBytes / 1e6]);
};

/** What the starts of a lesson's steps take in memory, for each lesson. */
export const lessonCheckpoints: Benchmark = async function* () {
  const manifest = await buildMachine({ snapshot: true, progress: () => {} });
  const bytes: number[] = [];
  for (const lesson of readCourse(`${TOP}lessons`).lessons) {
    const stage = await Stage.open(manifest, buildRegistry);
    await stage.begin(lesson, lesson.steps.at(-1)!.id);
    bytes.push(stage.checkpointBytes / 1e6);
    await stage.close();
  }
  yield figure("lesson.checkpoints", "MB", bytes);
};

/** All lessons tested, on two cores; and how many wrong answers a checked step lists. */
export const lessonSuite: Benchmark = async function* () {
  const startedAt = performance.now();
  const child = spawn(
    process.execPath,
    ["--v8-pool-size=1", `${TOP}bin/glassbox.mjs`, "lesson", "test", "--jobs", "2"],
    {
      cwd: TOP,
      stdio: ["ignore", "inherit", "inherit"],
    },
  );
  const code = await new Promise((resolve) => child.on("close", resolve));
  if (code !== 0) throw new Error("lessons failed");
  yield figure("lesson.suite", "s", [(performance.now() - startedAt) / 1000]);
  const checked = readCourse(`${TOP}lessons`).lessons.flatMap(({ steps }) => steps.filter(({ check }) => check));
  yield figure("lesson.wrong", "answers a step", [
    checked.reduce((sum, { wrong }) => sum + (wrong?.length ?? 0), 0) / checked.length,
  ]);
};

/** The step is the learner's, and the terminal asks for a command. */
async function ready(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const last = document.querySelector(".xterm-rows")?.textContent?.replace(/[\s\u00a0]+$/, "");
    return last?.endsWith("#") && document.querySelector<HTMLButtonElement>(".run:not(:disabled)");
  });
}

/** Bytes of the session that the next visit can go back to. */
function keptBytes(): Promise<number> {
  return new Promise((resolve, reject) => {
    const opened = indexedDB.open("glassbox");
    opened.onerror = () => reject(opened.error);
    opened.onsuccess = () => {
      const asked = opened.result.transaction("kept").objectStore("kept").get("session.info");
      asked.onerror = () => reject(asked.error);
      asked.onsuccess = () => resolve((asked.result as { sizeBytes: number }).sizeBytes);
    };
  });
}
