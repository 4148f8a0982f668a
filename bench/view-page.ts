/** The picture in Chromium: how soon a change is on screen, and how smooth it stays. */
import type { Page } from "@playwright/test";
import { figure, type Benchmark } from "./figure";
import { withSite } from "./site";

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
    for (let run = 0; run < CHANGES; run++) {
      const seconds = 1000 + run;
      await page.keyboard.type(`sleep ${seconds} &`);
      await page.waitForTimeout(300);
      samples.push(await page.evaluate(enterToFrame));
    }
    return samples;
  });
  yield figure("view.latency", "ms", samples);
};

/** Enter in the first terminal until another `sleep` has been drawn. */
function enterToFrame(): Promise<number> {
  const sleepers = () => document.querySelectorAll("[role=treeitem][aria-label*=', sleep,']").length;
  const before = sleepers();
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const observer = new MutationObserver(() => {
      if (sleepers() === before) return;
      observer.disconnect();
      // The first callback comes before the frame with the change is drawn, the second after.
      requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - startedAt)));
    });
    observer.observe(document.body, { childList: true, subtree: true, attributes: true, characterData: true });
    const textarea = document.querySelector(".xterm-helper-textarea")!;
    textarea.dispatchEvent(new InputEvent("input", { data: "\r", inputType: "insertText", bubbles: true }));
  });
}

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
      const one = await page.evaluate(watchFrames, FRAME_MS);
      frames.push(one.framesPerSecond);
      longestMs = Math.max(longestMs, one.longestMs);
    }
    return { frames, longestMs };
  });
  yield figure("view.frame", "frames/s", frames);
  yield figure("view.frame.longest", "ms", [longestMs]);
};

/** Long tasks are those over 50 ms (Long Tasks API); 0 when there was none. */
function watchFrames(forMs: number): Promise<{ framesPerSecond: number; longestMs: number }> {
  return new Promise((resolve) => {
    let frames = 0;
    let longestMs = 0;
    const observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) longestMs = Math.max(longestMs, duration);
    });
    observer.observe({ type: "longtask" });
    const startedAt = performance.now();
    const frame = () => {
      frames++;
      const tookMs = performance.now() - startedAt;
      if (tookMs < forMs) requestAnimationFrame(frame);
      else {
        observer.disconnect();
        resolve({ framesPerSecond: (1000 * frames) / tookMs, longestMs });
      }
    };
    requestAnimationFrame(frame);
  });
}

async function open(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.waitForFunction(() => document.querySelector(".xterm-rows")?.textContent?.includes("#"));
  await page.locator(".xterm-helper-textarea").first().focus();
  await page.waitForTimeout(SETTLE_MS);
}
