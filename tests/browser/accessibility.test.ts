import type { Page } from "@playwright/test";
import { afterAll, afterEach, beforeAll, describe, test } from "vitest";
import {
  expect,
  findings,
  openSite,
  playing,
  ready,
  screen,
  showView,
  SIZES,
  task,
  typeLine,
  themes,
  visit,
  type Site,
} from "./site";

let site: Site;
beforeAll(async () => void (site = await openSite()));
afterEach(() => site.clear());
afterAll(() => site.close());

/** The part of the page the keyboard is in. */
const part = (page: Page) =>
  page.evaluate(() => document.activeElement?.closest<HTMLElement>("[data-part]")?.dataset.part);

describe.each(themes("light"))("axe finds nothing in the %s theme", (theme) => {
  test("at 1440x900, with a container, evidence, hints, a verdict and dialogs", async () => {
    const { page } = await visit(site, { theme });
    await playing(page);
    expect(await findings(page)).toEqual([]);
    await typeLine(page, 1, "unshare -pfu --mount-proc sh");
    await typeLine(page, 1, "sleep 1000 &");
    await expect(page.getByRole("region", { name: "Verdict" })).toContainText("Passed");
    await page.getByRole("button", { name: /Hint 1/ }).click();
    await task(page, "sleep").click();
    await page.getByRole("button", { name: "Why: namespace pid" }).click();
    await expect(page.getByRole("button", { name: "Run in terminal 1", exact: true })).toBeVisible();
    expect(await findings(page)).toEqual([]);
    await showView(page, "Processes");
    await page.getByRole("button", { name: "Table", exact: true }).click();
    expect(await findings(page)).toEqual([]);
    for (const dialog of ["Help", "Settings"]) {
      await page.getByRole("button", { name: dialog, exact: true }).click();
      await expect(page.getByRole("dialog")).toBeVisible();
      expect(await findings(page)).toEqual([]);
      await page.keyboard.press("Escape");
      await expect(page.getByRole("dialog")).toHaveCount(0);
    }
  });

  test("at 800x600, with the picture over the page", async () => {
    const { page } = await visit(site, { theme, size: SIZES.small });
    await playing(page);
    expect(await findings(page)).toEqual([]);
    await page.getByRole("button", { name: "Picture" }).click();
    await expect(task(page, "init")).toBeVisible();
    expect(await findings(page)).toEqual([]);
  });

  test("on a phone, in every pane", async () => {
    const { page } = await visit(site, { theme, size: SIZES.phone, touch: true });
    await expect(page.locator(".lesson .run").first()).toBeEnabled();
    expect(await findings(page)).toEqual([]);
    await page.getByRole("button", { name: "Picture" }).click();
    await task(page, "init").click();
    expect(await findings(page)).toEqual([]);
    await page.getByRole("button", { name: "Terminal", exact: true }).click();
    expect(await findings(page)).toEqual([]);
  });

  test("with a prediction answered and a near miss", async () => {
    const { page } = await visit(site, { theme, hash: "#lesson=a-process-in-a-bubble&step=unshare" });
    await playing(page);
    const quiz = page.getByRole("group", { name: /What will echo \$\$ print/ });
    await quiz.getByRole("button", { name: /Nothing/ }).click();
    await quiz.getByRole("button", { name: "1", exact: true }).click();
    await typeLine(page, 1, "unshare --uts sh");
    await expect(page.getByRole("region", { name: "Verdict" })).toContainText("Near miss");
    expect(await findings(page)).toEqual([]);
  });
});

test("F6 goes round the page, and is the way out of the terminal", async () => {
  const { page } = await visit(site);
  await playing(page);
  await page.getByRole("tab", { name: "Terminal 1" }).click();
  await expect(page.getByRole("textbox", { name: "Terminal 1." })).toBeFocused();
  await expect(page.getByText("F6 leaves the terminal")).toBeVisible();
  // Tab belongs to the guest.
  await page.keyboard.type("echo /etc/hostn");
  await page.keyboard.press("Tab");
  expect(await part(page)).toBe("terminal");
  await expect(screen(page, 1)).toContainText("/etc/hostname");

  const visited: (string | undefined)[] = [];
  for (let i = 0; i < 5; i++) {
    await page.keyboard.press("F6");
    visited.push(await part(page));
  }
  expect(visited.at(-1)).toBe("terminal");
  expect([...visited].sort()).toEqual(["header", "lesson", "stage", "terminal", "verdict"]);
  await page.keyboard.press("Shift+F6");
  expect(await part(page)).toBe(visited.at(-2));
});

test("the first step of the lesson and the evidence of its process, by keyboard alone", async () => {
  const { page } = await visit(site);
  await playing(page);
  const goTo = async (wanted: string) => {
    for (let i = 0; i < 6 && (await part(page)) !== wanted; i++) await page.keyboard.press("F6");
    expect(await part(page)).toBe(wanted);
  };
  await goTo("lesson");
  const run = page.getByRole("button", { name: /Run in terminal 1: sleep/ });
  for (let i = 0; i < 20 && !(await run.evaluate((button) => button === document.activeElement)); i++) {
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
  await expect(page.getByRole("region", { name: "Verdict" })).toContainText("Passed");

  await goTo("stage");
  // Into the tree, to its last task, and what is known about it.
  const inTree = () => page.evaluate(() => document.activeElement?.getAttribute("role") === "treeitem");
  for (let i = 0; i < 6 && !(await inTree()); i++) await page.keyboard.press("Tab");
  await page.keyboard.press("Home");
  await expect(task(page, "init")).toBeFocused();
  await page.keyboard.press("ArrowLeft");
  await expect(task(page, "init")).toHaveAttribute("aria-expanded", "false");
  await expect(task(page, "sleep")).toHaveCount(0);
  await page.keyboard.press("ArrowRight");
  for (let i = 0; i < 12; i++) {
    if (await task(page, "sleep").evaluate((row) => row === document.activeElement)) break;
    await page.keyboard.press("ArrowDown");
  }
  await page.keyboard.press("Enter");
  await expect(page.getByRole("region", { name: "Evidence" }).getByRole("heading", { level: 2 })).toContainText(
    "sleep",
  );
  await page.keyboard.press("Escape");
  await expect(page.getByRole("region", { name: "Evidence" })).toHaveCount(0);

  await goTo("verdict");
  for (
    let i = 0;
    i < 3 && !(await page.getByRole("button", { name: "Next" }).evaluate((b) => b === document.activeElement));
    i++
  ) {
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Eight namespaces" })).toBeVisible();
});

test("with reduced motion nothing moves: a new task gets an outline instead", async () => {
  const { page } = await visit(site, { reducedMotion: true });
  await ready(page);
  await typeLine(page, 1, "sleep 1000 &");
  const pill = task(page, "sleep").locator(".pill");
  await expect(pill).toBeVisible();
  await expect(pill).toHaveCSS("outline-style", "solid");
  expect(await task(page, "sleep").evaluate((row) => getComputedStyle(row).transitionDuration)).toMatch(/^0s|^0\.?0*s/);
});

test("everything to press is at least 24 px, 44 px on a touch screen", async () => {
  const small = (page: Page, least: number) =>
    page.evaluate(
      (px) =>
        [...document.querySelectorAll<HTMLElement>("button, summary, [role=treeitem], [role=tab]")]
          // What stands in a sentence is as high as its line (WCAG 2.5.8, inline).
          .filter((element) => element.checkVisibility() && !element.closest(".xterm, .prose p, .prose li"))
          .map((element) => ({ name: element.getAttribute("aria-label") ?? element.innerText, ...hitBox(element) }))
          .filter(({ width, height }) => Math.min(width, height) < px - 0.5),
      least,
    );
  const define = () => {
    // A control's ::after may extend where it is pressed.
    Object.assign(globalThis, {
      hitBox(element: HTMLElement) {
        const { width, height } = element.getBoundingClientRect();
        const after = getComputedStyle(element, "::after");
        const more = after.position === "absolute" ? -2 * parseFloat(after.top || "0") : 0;
        return { width: Math.round(width + Math.max(0, more)), height: Math.round(height + Math.max(0, more)) };
      },
    });
  };
  const desktop = (await visit(site)).page;
  await playing(desktop);
  await desktop.evaluate(define);
  expect(await small(desktop, 24)).toEqual([]);

  const phone = (await visit(site, { size: SIZES.phone, touch: true })).page;
  await expect(phone.locator(".lesson .run").first()).toBeEnabled();
  await phone.evaluate(define);
  for (const pane of ["Lesson", "Picture", "Terminal"]) {
    await phone.getByRole("button", { name: pane, exact: true }).click();
    expect(await small(phone, 44), pane).toEqual([]);
  }
});

declare function hitBox(element: HTMLElement): { width: number; height: number };
