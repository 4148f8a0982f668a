/** The picture in Chromium: how soon a change is on screen, and how smooth it stays. */
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import { figure, type Benchmark } from "./figure";
import { withSite } from "./site";

/** What is measured in the page. */
const WATCHER = fileURLToPath(new URL("watcher.js", import.meta.url));
interface Watcher {
  enterToFrame(): Promise<number>;
  watchFrames(forMs: number): Promise<{ framesPerSecond: number; longestMs: number }>;
}

const CHANGES = 40;
const SETTLE_MS = 3000;
const FRAME_MS = 10_000;
const TASKS = 500;
/** Forks a second. */
const CHURN = 20;

/** From Enter to the frame that shows the new process; the guest's own work, a fork by its shell, is in it. */
export const viewLatency: Benchmark = async function* () {
  const samples = await withSite(async (browser, url) => {
    const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
    await open(page, url);
    const samples: number[] = [];
    const sleeper = page.locator("[role=treeitem][aria-label*=', sleep,']");
    for (let run = 0; run < CHANGES; run++) {
      const line = `sleep ${1000 + run} &`;
      await page.keyboard.type(line);
      await page.waitForFunction((typed) => document.querySelector(".xterm-rows")?.textContent?.includes(typed), line);
      samples.push(await page.evaluate(() => (window as unknown as Watcher).enterToFrame()));
      // The tree has room for a few only.
      await page.keyboard.type("kill $!; clear\n");
      await sleeper.waitFor({ state: "detached" });
    }
    return samples;
  });
  yield figure("view.latency", "ms", samples);
};

/** Frames a second while processes come and go, and the longest task of the page's own thread. */
export const viewFrame: Benchmark = async function* () {
  const { frames, longestMs } = await withSite(async (browser, url) => {
    const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
    await open(page, url);
    await page.keyboard.type(
      `i=0; while [ $i -lt ${TASKS} ]; do sleep 9999 & i=$((i+1)); done 2>/dev/null; clear; while :; do sleep ${1 / CHURN}; done\n`,
    );
    await page.waitForFunction(
      (tasks) =>
        Number(/(\d+) tasks/.exec(document.querySelector(".count")?.textContent?.replace(",", "") ?? "")?.[1]) >= tasks,
      TASKS,
      { timeout: 120_000 },
    );
    await page.waitForTimeout(SETTLE_MS);
    const frames: number[] = [];
    let longestMs = 0;
    for (let run = 0; run < 3; run++) {
      const one = await page.evaluate((forMs) => (window as unknown as Watcher).watchFrames(forMs), FRAME_MS);
      frames.push(one.framesPerSecond);
      longestMs = Math.max(longestMs, one.longestMs);
    }
    return { frames, longestMs };
  });
  yield figure("view.frame", "frames/s", frames);
  yield figure("view.frame.longest", "ms", [longestMs]);
};

async function open(page: Page, url: string): Promise<void> {
  await page.addInitScript({ path: WATCHER });
  await page.goto(url);
  await page.waitForFunction(() => document.querySelector(".xterm-rows")?.textContent?.includes("#"));
  await page.locator(".xterm-helper-textarea").first().focus();
  await page.waitForTimeout(SETTLE_MS);
}
