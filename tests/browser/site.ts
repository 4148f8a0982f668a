/** A Chromium with the built page in it, for browser tests. The site is built before the tests run. */
import { existsSync } from "node:fs";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { chromium, expect as playwrightExpect, type Browser, type BrowserContext, type Page } from "@playwright/test";
import { BROWSER_FLAGS, findBrowser } from "../../scripts/browser.mjs";
import { DIST, serveSite } from "../../scripts/site";
import { onTestFinished } from "vitest";
import { WHOLE } from "../support/whole";

/** A restored machine answers within a second or two; one that boots on a busy computer may take a minute. */
export const PATIENCE_MS = 60_000;
export const expect = playwrightExpect.configure({ timeout: PATIENCE_MS });

export const SIZES = {
  desktop: { width: 1440, height: 900 },
  small: { width: 800, height: 600 },
  phone: { width: 390, height: 844 },
} as const;

type Theme = "light" | "dark";
const THEMES: readonly Theme[] = ["light", "dark"];

/** The themes to look at something in: both of them, or the one. */
export const themes = (first: Theme): readonly Theme[] => (WHOLE ? THEMES : [first]);

export interface Site {
  url: string;
  browser: Browser;
  /** Answers a request in place of the site when it returns true. */
  intercept?: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Sends every visitor home: a page left open is a machine that goes on running. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** Serves the built page and starts a browser. */
export async function openSite(): Promise<Site> {
  if (!existsSync(join(DIST, "index.html"))) throw new Error("dist/ is not built; run npm run build first.");
  const executablePath = findBrowser();
  if (!executablePath) throw new Error("There is no Chromium; name one in the environment variable CHROMIUM.");
  const { url, server } = await serveSite(0);
  const browser = await chromium.launch({ executablePath, args: BROWSER_FLAGS });
  const site: Site = {
    url,
    browser,
    async clear() {
      site.intercept = undefined;
      await Promise.all(browser.contexts().map((context) => context.close()));
    },
    async close() {
      await browser.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  putBefore(server, (request, response) => site.intercept?.(request, response) ?? false);
  return site;
}

function putBefore(server: Server, first: (request: IncomingMessage, response: ServerResponse) => boolean): void {
  const listeners = server.listeners("request") as ((request: IncomingMessage, response: ServerResponse) => void)[];
  server.removeAllListeners("request");
  server.on("request", (request, response) => {
    if (!first(request, response)) for (const listener of listeners) listener.call(server, request, response);
  });
}

/** A visitor: a browser profile of their own, and what went wrong in their page. */
export interface Visitor {
  context: BrowserContext;
  page: Page;
  /** Exceptions nobody caught. */
  errors: string[];
}

export interface VisitOptions {
  size?: { width: number; height: number };
  theme?: "light" | "dark";
  touch?: boolean;
  reducedMotion?: boolean;
  hash?: string;
}

/** A visitor who stays until the browser is closed: for tests that share one page, and so one machine. */
export async function arrive(site: Site, options: VisitOptions = {}): Promise<Visitor> {
  const context = await site.browser.newContext({
    viewport: options.size ?? SIZES.desktop,
    colorScheme: options.theme ?? "light",
    hasTouch: options.touch,
    isMobile: options.touch,
    reducedMotion: options.reducedMotion ? "reduce" : "no-preference",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.stack ?? String(error)));
  await page.goto(site.url + (options.hash ?? ""));
  return { context, page, errors };
}

/** A visitor who leaves when the test ends. */
export async function visit(site: Site, options: VisitOptions = {}): Promise<Visitor> {
  const visitor = await arrive(site, options);
  // Each page runs a machine; left open they would take the cores from the tests that follow.
  onTestFinished(() => visitor.context.close());
  return visitor;
}

/** Waits until the machine runs and the first terminal shows its prompt. */
export async function ready(page: Page): Promise<void> {
  await expect(page.locator(".phase")).toHaveText(/running/);
  await expect(page.locator("[data-terminal='1'] .xterm-rows")).toContainText("#");
}

/** Waits until the lesson can be played. */
export async function playing(page: Page): Promise<void> {
  await ready(page);
  await expect(page.locator(".lesson .run").first()).toBeEnabled();
}

export const screen = (page: Page, terminal: number) => page.locator(`[data-terminal='${terminal}'] .xterm-rows`);

/** Types a line into a terminal as a visitor would. */
export async function typeLine(page: Page, terminal: number, line: string): Promise<void> {
  await page.getByRole("tab", { name: `Terminal ${terminal}` }).click();
  await expect(page.getByRole("textbox", { name: `Terminal ${terminal}.` })).toBeFocused();
  await page.keyboard.type(`${line}\n`);
}

/** Enters a line by pasting it, which takes a hundredth of the time that typing it does. */
export async function pasteLine(page: Page, terminal: number, line: string): Promise<void> {
  await page.getByRole("tab", { name: `Terminal ${terminal}` }).click();
  const input = page.getByRole("textbox", { name: `Terminal ${terminal}.` });
  await expect(input).toBeFocused();
  await input.evaluate((element, text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", text);
    element.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, `${line}\n`);
}

/** A task of the tree by its name. */
export const task = (page: Page, comm: string) =>
  page
    .getByRole("tree")
    .getByRole("treeitem", { name: new RegExp(`^pid .*, ${comm}, `) })
    // One that ended fades away.
    .and(page.locator(":not([inert])"));

/** What axe finds wrong in the page, or in the part of it that a selector names; nothing when all is well. */
export async function findings(page: Page, within = "html"): Promise<string[]> {
  // An animation half way has colours of its own.
  await page.evaluate(() =>
    Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {}))),
  );
  // Our page has no frames; for those, axe would open another page each time.
  const { violations } = await new AxeBuilder({ page }).include(within).setLegacyMode().analyze();
  return violations.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.html}`));
}

/** Presses a button by its whole name. */
export const press = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click();

/** Shows the picture as the view of that name. */
export const showView = (page: Page, name: string) =>
  page.getByRole("toolbar", { name: "Views of the picture" }).getByRole("button", { name, exact: true }).click();

/** For tests that share a page: whatever the one before left behind, this view is shown as a drawing, and nothing selected. */
export async function startAt(page: Page, view: string, drawing?: string): Promise<void> {
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "no-preference" });
  await page.setViewportSize(SIZES.desktop);
  // What a view was told is forgotten with it.
  await showView(page, "Whole");
  await showView(page, view);
  const close = page.getByRole("button", { name: "Close evidence" });
  if (await close.count()) await close.click();
  if (drawing) await press(page, drawing);
}

/** At each size of the page, in each theme, with the picture in sight; in the end the page is as it was. */
export async function everyLook(page: Page, look: (name: string) => Promise<void>): Promise<void> {
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport);
    if (size !== "desktop") await press(page, "Picture");
    for (const colorScheme of themes(size === "small" ? "dark" : "light")) {
      await page.emulateMedia({ colorScheme });
      await look(`${size}, ${colorScheme}`);
    }
    if (size === "small") await press(page, "Close the picture");
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize(SIZES.desktop);
}

/** What a command prints in the guest, line by line, read from the screen of terminal 3: less than a screen of it. */
export async function ask(page: Page, command: string): Promise<string[]> {
  const number = ++asked;
  await pasteLine(page, 3, `clear; ${command}; echo end-$((${number}))`);
  await expect(screen(page, 3)).toContainText(`end-${number}`);
  const lines = await screen(page, 3).locator("> div").allTextContents();
  return lines
    .slice(
      0,
      lines.findIndex((line) => line.startsWith(`end-${number}`)),
    )
    .map((line) => line.trimEnd());
}
let asked = 0;
