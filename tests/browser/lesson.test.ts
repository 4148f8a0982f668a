import type { Page } from "@playwright/test";
import { afterAll, afterEach, beforeAll, test } from "vitest";
import { expect, openSite, playing, screen, task, typeLine, visit, type Site } from "./site";

let site: Site;
beforeAll(async () => void (site = await openSite()));
afterEach(() => site.clear());
afterAll(() => site.close());

const verdict = (page: Page) => page.getByRole("region", { name: "Verdict" });
const next = (page: Page) => verdict(page).getByRole("button", { name: /Next|Finish/ });
const stepTitle = (page: Page) => page.getByRole("region", { name: "Lesson text" }).getByRole("heading", { level: 2 });
const steps = (page: Page) => page.getByRole("list", { name: "Steps" }).getByRole("button");
const run = (page: Page, code: string) =>
  page.getByRole("button", { name: new RegExp(`Run in terminal \\d: ${code}`) }).click();

test("the lesson is played from start to end: shown, checked on the kernel, passed, and resumed after a reload", async () => {
  const { page, errors } = await visit(site);
  await playing(page);
  const count = await steps(page).count();
  for (let step = 0; step < count; step++) {
    await expect(steps(page).nth(step)).toHaveAttribute("aria-current", "step");
    await expect(page.getByRole("button", { name: "Show me" })).toBeEnabled();
    await expect(next(page)).toBeDisabled();
    await page.getByRole("button", { name: "Show me" }).click();
    await expect(verdict(page)).toContainText("Passed");
    if (step === 4) {
      // Half way, the visitor leaves and comes back: nothing is forced, and the step they were in is offered.
      await page.reload();
      await playing(page);
      await expect(steps(page).nth(0)).toHaveAttribute("aria-current", "step");
      const banner = page.getByRole("region", { name: "Resume where you left" });
      await expect(banner).toContainText(`step ${step + 1} of ${count}`);
      await banner.getByRole("button", { name: "Resume" }).click();
      await expect(steps(page).nth(step)).toHaveAttribute("aria-current", "step");
      await expect(page.getByRole("button", { name: "Show me" })).toBeEnabled();
      // The machine came back as it stood at the step's start: in the bubble of the step before.
      await expect(page.getByRole("treeitem", { name: /inside 1, sh/ })).toBeVisible();
      await page.getByRole("button", { name: "Show me" }).click();
      await expect(verdict(page)).toContainText("Now ps reads a /proc that belongs to the bubble");
    }
    await next(page).click();
  }
  await expect(verdict(page)).toContainText("Finished");
  await expect(page.getByText(`You passed ${count} of ${count} steps`)).toBeVisible();
  // The last step's clean-up ended the bubbles.
  await expect(page.getByRole("treeitem", { name: /inside 1,/ })).toHaveCount(0);
  expect(errors).toEqual([]);
});

test("a command may be run, or typed by hand; what passes is what the kernel shows", async () => {
  const { page } = await visit(site);
  await playing(page);
  await expect(verdict(page)).toContainText("Not yet");
  await run(page, "sleep 1000 &");
  await expect(screen(page, 1)).toContainText("sleep 1000 &");
  await expect(verdict(page)).toContainText("Passed");
  await expect(task(page, "sleep").locator(".pill")).toContainText("counts");

  await next(page).click();
  await expect(stepTitle(page)).toHaveText("Eight namespaces");
  await expect(page.locator(".run").first()).toBeEnabled();
  await typeLine(page, 1, "lsns -p $$");
  await expect(verdict(page)).toContainText("Passed");
});

test("a usual mistake is named, and going back to the step's start undoes it", async () => {
  const { page } = await visit(site);
  await playing(page);
  await page.getByRole("button", { name: "Show me" }).click();
  await next(page).click();
  await expect(page.locator(".run").first()).toBeEnabled();
  await run(page, "lsns");
  await expect(next(page)).toBeEnabled();
  await next(page).click();
  await expect(stepTitle(page)).toHaveText("A PID namespace of its own");
  await expect(page.locator(".run").first()).toBeEnabled();

  await typeLine(page, 1, "unshare --uts sh");
  await expect(verdict(page)).toContainText("Near miss");
  await expect(verdict(page)).toContainText("another kind");
  await page.getByRole("button", { name: "Reset to the step’s start" }).click();
  await expect(verdict(page)).toContainText("Not yet");
  await expect(page.locator(".row .tag")).toHaveCount(0);
  await expect(task(page, "sleep")).toBeVisible();
});

test("hints open one at a time, and a prediction is explained", async () => {
  const { page } = await visit(site, { hash: "#lesson=a-process-in-a-bubble&step=unshare" });
  await playing(page);
  await expect(stepTitle(page)).toHaveText("A PID namespace of its own");
  await page.getByRole("button", { name: "Hint 1 of 2" }).click();
  await expect(page.getByRole("list", { name: "Hints" }).getByRole("listitem")).toHaveCount(1);
  await page.getByRole("button", { name: "Hint 2 of 2" }).click();
  await expect(page.getByRole("list", { name: "Hints" }).getByRole("listitem")).toHaveCount(2);

  const quiz = page.getByRole("group", { name: /What will echo \$\$ print/ });
  await quiz.getByRole("button", { name: /Nothing/ }).click();
  await expect(quiz).toContainText("Not so.");
  await quiz.getByRole("button", { name: "1", exact: true }).click();
  await expect(quiz).toContainText("Right.");
});

test("an offer to resume can be discarded, and then does not come back", async () => {
  const { page } = await visit(site);
  await playing(page);
  await page.getByRole("button", { name: "Show me" }).click();
  await next(page).click();
  await expect(stepTitle(page)).toHaveText("Eight namespaces");
  await expect(page.locator(".run").first()).toBeEnabled();
  const banner = page.getByRole("region", { name: "Resume where you left" });
  await page.reload();
  await playing(page);
  await banner.getByRole("button", { name: "Discard" }).click();
  await expect(banner).toHaveCount(0);
  await page.reload();
  await playing(page);
  await expect(banner).toHaveCount(0);
  // What was passed stays passed.
  await expect(steps(page).nth(0)).toHaveAttribute("aria-label", /passed/);
});
