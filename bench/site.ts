/** The built page, served, and a Chromium to open it with. */
import type { Server } from "node:http";
import { chromium, type Browser } from "@playwright/test";
import { BROWSER_FLAGS, findBrowser } from "../scripts/browser.mjs";
import { buildSite, serveSite } from "../scripts/site";

export async function withSite<T>(work: (browser: Browser, url: string, server: Server) => Promise<T>): Promise<T> {
  const executablePath = findBrowser();
  if (!executablePath) throw new Error("no browser");
  await buildSite(() => {});
  const { url, server } = await serveSite(0);
  const browser = await chromium.launch({ executablePath, args: BROWSER_FLAGS });
  try {
    return await work(browser, url, server);
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
}
