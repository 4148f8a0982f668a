/** The page in Chromium: how soon a prompt answers, what was transferred, how much memory the tab takes. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser } from "@playwright/test";
import { figure, type Benchmark } from "./figure";
import { withSite } from "./site";

const RUNS = 5;

/** Types a command at the first prompt and notes when its answer is on screen. */
const VISITOR = fileURLToPath(new URL("visitor.js", import.meta.url));

/** A new tab makes the browser load pages of its own; a visitor's browser has done that before they come. */
const SETTLE_MS = 1500;

async function visit(browser: Browser, url: string, again: boolean) {
  const context = await browser.newContext();
  const open = async () => {
    const page = await context.newPage();
    await page.addInitScript({ path: VISITOR });
    await page.waitForTimeout(SETTLE_MS);
    await page.goto(url, { waitUntil: "commit" });
    const handle = await page.waitForFunction(
      () => (window as unknown as { answeredAt?: number }).answeredAt,
      undefined,
      {
        timeout: 60_000,
        polling: 50,
      },
    );
    return { page, answeredMs: (await handle.jsonValue()) as number };
  };
  const first = await open();
  if (!again) return { context, page: first.page, firstMs: first.answeredMs, againMs: undefined };
  // What a visit leaves for the next one is stored once the page is quiet.
  do await first.page.waitForTimeout(SETTLE_MS);
  while (!(await first.page.evaluate(storesSnapshot)));
  await first.page.waitForTimeout(SETTLE_MS);
  await first.page.close();
  const second = await open();
  return { context, page: second.page, firstMs: first.answeredMs, againMs: second.answeredMs };
}

const storesSnapshot = () =>
  indexedDB.databases().then((databases) => databases.some(({ name }) => name === "glassbox-machine"));

export const page: Benchmark = async function* () {
  const firsts: number[] = [];
  const agains: number[] = [];
  const bytes: number[] = [];
  const memory: number[] = [];
  await withSite(async (browser, url, server) => {
    let sent = 0;
    server.on("connection", (socket) => {
      let counted = 0;
      const count = () => {
        sent += socket.bytesWritten - counted;
        counted = socket.bytesWritten;
      };
      socket.on("drain", count).on("close", count);
      counters.add(count);
      socket.on("close", () => counters.delete(count));
    });
    const counters = new Set<() => void>();
    for (let run = 0; run < RUNS; run++) {
      sent = 0;
      const one = await visit(browser, url, false);
      for (const count of counters) count();
      bytes.push(sent / 1e6);
      firsts.push(one.firstMs);
      memory.push((await rendererBytes(browser)) / 2 ** 20);
      await one.context.close();
      const two = await visit(browser, url, true);
      agains.push(two.againMs!);
      await two.context.close();
    }
  });
  yield figure("page.first", "ms", firsts);
  yield figure("page.again", "ms", agains);
  yield figure("page.bytes", "MB", bytes);
  yield figure("tab.memory", "MiB", memory);
};

/** Proportional memory of all renderer processes, from the operating system. */
async function rendererBytes(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const kibibytes = processInfo
    .filter(({ type }) => type === "renderer")
    .map(({ id }) => Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${id}/smaps_rollup`, "utf8"))?.[1] ?? 0));
  return Math.max(...kibibytes) * 1024;
}
