/** The course in the page: whole lessons in three ways, going back and beside, what the text points to, lessons from elsewhere. */
import { fileURLToPath } from "node:url";
import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { strToU8, zipSync } from "fflate";
import { afterAll, afterEach, beforeAll, describe, test } from "vitest";
import { readCourse } from "../../src/node/lesson/read-course";
import type { Lesson, Step } from "../../src/protocol/lesson";
import { WHOLE } from "../support/whole";
import { expect, findings, openSite, playing, ready, screen, SIZES, typeLine, visit, type Site } from "./site";

/** Played wholly; `npm run test:lessons` plays the others without a page. */
const PLAYED = ["a-process-in-a-bubble", "from-a-limit-to-an-oom-kill", "copy-up-and-whiteouts", "a-container-by-hand"];
const { lessons } = readCourse(fileURLToPath(new URL("../../lessons/", import.meta.url)));

let site: Site;
beforeAll(async () => void (site = await openSite()));
afterEach(() => site.clear());
afterAll(() => site.close());

const verdict = (page: Page) => page.getByRole("region", { name: "Verdict" });
const next = (page: Page) => verdict(page).getByRole("button", { name: /Next|Finish/ });
const steps = (page: Page) => page.getByRole("list", { name: "Steps" }).getByRole("button");
const title = (page: Page) => page.getByRole("region", { name: "Lesson text" }).getByRole("heading", { level: 2 });
const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name });

/** A way to enter the commands of a step. */
type Way = (page: Page, step: Step) => Promise<void>;

/** What the shell of a terminal shows changes, and then it asks for the next command, or the step is passed. */
async function entered(page: Page, terminal: number, enter: () => Promise<void>): Promise<void> {
  // A terminal that was not shown yet has no screen.
  const text = async () =>
    (await screen(page, terminal).allTextContents()).join("").replaceAll("\u00a0", " ").trimEnd();
  const before = await text();
  await enter();
  await expect
    .poll(async () => {
      const now = await text();
      return (now !== before && now.endsWith("#")) || (await verdict(page).textContent())!.includes("Passed");
    })
    .toBe(true);
}

/** Types what may be several lines; the shell asks for the next command after the last. */
async function typeCode(page: Page, terminal: number, code: string): Promise<void> {
  const lines = code.trimEnd().split("\n");
  const last = lines.pop()!;
  for (const line of lines) await typeLine(page, terminal, line);
  await entered(page, terminal, () => typeLine(page, terminal, last));
}

/** The lines of a step that has no commands in its text. */
async function typeSolution(page: Page, step: Step): Promise<void> {
  for (const { terminal, code } of step.solve) await typeCode(page, terminal, code);
}

const commands = ({ blocks }: Step) => blocks.filter((block) => block.kind === "command");

const WAYS: Record<string, Way> = {
  "by run buttons": async (page, step) => {
    const runs = page.locator(".lesson .run");
    for (const [at, { terminal }] of commands(step).entries())
      await entered(page, terminal, () => runs.nth(at).click());
    if (commands(step).length === 0) await typeSolution(page, step);
  },
  "by typing": async (page, step) => {
    for (const { terminal, code } of commands(step)) await typeCode(page, terminal, code);
    if (commands(step).length === 0) await typeSolution(page, step);
  },
  "by keyboard": async (page, step) => {
    const runs = page.locator(".lesson .run");
    for (const [at, { terminal }] of commands(step).entries())
      await entered(page, terminal, () => pressByKeyboard(page, "lesson", runs.nth(at)));
    if (commands(step).length === 0) await pressByKeyboard(page, "lesson", button(page, "Show me"));
  },
};

/** F6 to the part of the page, Tab to the control, Enter. */
async function pressByKeyboard(page: Page, part: string, control: ReturnType<Page["locator"]>): Promise<void> {
  const at = () => page.evaluate(() => document.activeElement?.closest<HTMLElement>("[data-part]")?.dataset.part);
  for (let tries = 0; tries < 8 && (await at()) !== part; tries++) await page.keyboard.press("F6");
  const focused = () => control.evaluate((element) => element === document.activeElement);
  for (let tries = 0; tries < 80 && !(await focused()); tries++) await page.keyboard.press("Tab");
  await expect(control).toBeFocused();
  await page.keyboard.press("Enter");
}

/** The first lesson is played in all ways, each of the others in one. */
const waysOf = (lesson: Lesson) => {
  const [ways, at] = [Object.entries(WAYS), PLAYED.indexOf(lesson.id)];
  return WHOLE || at === 0 ? ways : [ways[at % ways.length]];
};

describe.each(lessons.filter(({ id }) => PLAYED.includes(id)))("$id", (lesson: Lesson) => {
  test.each(waysOf(lesson))("is played %s", { timeout: 300_000 }, async (name, way) => {
    const { page, errors } = await visit(site, { hash: `#lesson=${lesson.id}` });
    await playing(page);
    for (const [index, step] of lesson.steps.entries()) {
      await expect(steps(page).nth(index)).toHaveAttribute("aria-current", "step");
      await expect(button(page, /Reset to the step/)).toBeEnabled();
      await way(page, step);
      if (step.check) await expect(verdict(page)).toContainText("Passed");
      else await answerAll(page, step);
      if (name === "by keyboard") await pressByKeyboard(page, "verdict", next(page));
      else await next(page).click();
    }
    await expect(verdict(page)).toContainText("Finished");
    expect(errors).toEqual([]);
  });
});

async function answerAll(page: Page, { blocks }: Step): Promise<void> {
  for (const [at, quiz] of blocks.filter((block) => block.kind === "quiz").entries()) {
    const right = quiz.answers.findIndex((answer) => answer.right);
    await page.locator(".lesson .quiz").nth(at).getByRole("button").nth(right).click();
  }
}

test("a link to a step in the middle of a lesson prepares it: the steps before it are played", async () => {
  const { page } = await visit(site, { hash: "#lesson=a-process-in-a-bubble&step=two-numbers" });
  await ready(page);
  await expect(verdict(page)).toContainText("Not yet");
  await expect(title(page)).toHaveText("One process, two numbers");
  await expect(page.getByRole("treeitem", { name: /inside 1, sh/ })).toBeVisible();
  // Played for the learner is not passed by the learner.
  for (let step = 0; step < 3; step++) await expect(steps(page).nth(step)).not.toHaveAttribute("aria-label", /passed/);
  // Their starts are kept: going back there is quick.
  await steps(page).nth(1).click();
  await expect(title(page)).toHaveText("Eight namespaces");
  await expect(verdict(page)).toContainText("Not yet");
  await expect(page.getByRole("treeitem", { name: /, sleep,/ })).toBeVisible();
});

test("on a phone such a link ends in the lesson, not in the terminal that was typed into", async () => {
  const { page } = await visit(site, {
    hash: "#lesson=a-process-in-a-bubble&step=eight-namespaces",
    size: SIZES.phone,
    touch: true,
  });
  await expect(verdict(page)).toContainText("Not yet");
  await expect(title(page)).toBeVisible();
  await expect(title(page)).toHaveText("Eight namespaces");
});

test("any step can be gone back to; what-if leaves the way, and comes back to it", async () => {
  const { page } = await visit(site);
  await playing(page);
  await button(page, /Run in terminal 1: sleep 1000/).click();
  await expect(verdict(page)).toContainText("Passed");
  await next(page).click();
  await expect(title(page)).toHaveText("Eight namespaces");
  await expect(button(page, "What if…")).toBeEnabled();

  await button(page, "What if…").click();
  await expect(verdict(page)).toContainText("What if");
  await typeLine(page, 1, "kill $!; lsns -p $$");
  await expect(page.getByRole("treeitem", { name: /, sleep,/ })).toHaveCount(0);
  // It would have passed the step.
  await expect(next(page)).toBeDisabled();
  await button(page, "Return to the step").click();
  await expect(page.getByRole("treeitem", { name: /, sleep,/ })).toBeVisible();
  await expect(verdict(page)).toContainText("Not yet");
  await expect(screen(page, 1)).not.toContainText("lsns");

  await steps(page).nth(0).click();
  await expect(title(page)).toHaveText("A process and its number");
  await expect(page.getByRole("treeitem", { name: /, sleep,/ })).toHaveCount(0);
});

test("the text points into the picture, and explains its words", async () => {
  const { page } = await visit(site);
  await playing(page);
  const sleep = button(page, "the sleep");
  await sleep.click();
  await expect(page.getByText("That is not in the picture yet.")).toBeVisible();
  await button(page, /Run in terminal 1: sleep 1000/).click();
  await expect(verdict(page)).toContainText("Passed");
  await sleep.click();
  await expect(page.getByText("That is not in the picture yet.")).toHaveCount(0);
  await expect(
    page
      .getByRole("complementary", { name: /Evidence/ })
      .or(page.locator(".evidence"))
      .first(),
  ).toContainText("sleep");

  const word = page.getByRole("region", { name: "Lesson text" }).getByRole("button", { name: "process", exact: true });
  await word.click();
  await expect(page.getByRole("note")).toContainText("A program that runs");
  expect(await findings(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("note")).toHaveCount(0);
});

test("a goal is ticked off as the kernel shows it", async () => {
  const { page } = await visit(site, { hash: "#lesson=a-process-in-a-bubble&step=on-your-own" });
  await ready(page);
  const goal = page.locator("figure.goal");
  await expect(goal).toContainText("0 of 3");
  await expect(verdict(page)).toContainText("Not yet");
  await typeLine(page, 2, "bubble --pid --mount --net --uts sleep 4000");
  await expect(goal).toContainText("2 of 3");
  await expect(verdict(page)).toContainText("Near miss");
  await goal.getByRole("button").first().click();
  await expect(page.locator(".evidence").first()).toContainText("sleep");
  expect(await findings(page)).toEqual([]);
});

test("the list of lessons says what is passed, and opens any of them; progress is taken along as a file", async () => {
  const { page } = await visit(site);
  await playing(page);
  await button(page, "Show me").click();
  await expect(verdict(page)).toContainText("Passed");
  await button(page, "A process in a bubble").click();
  const list = page.getByRole("dialog");
  await expect(list).toContainText("1 of 8 steps");
  expect(await findings(page)).toEqual([]);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    list.getByRole("button", { name: "Export" }).click(),
  ]);
  const file = await readFile(await download.path(), "utf8");
  await list.getByRole("button", { name: /^2 A name of one's own/ }).click();
  await expect(title(page)).toHaveText("One name for everybody");
  // The machine is as it booted.
  await expect(page.getByRole("treeitem", { name: /, sleep,/ })).toHaveCount(0);

  const { page: other } = await visit(site);
  await playing(other);
  await button(other, "A process in a bubble").click();
  await other
    .getByLabel("Progress file")
    .setInputFiles({ name: "p.json", mimeType: "application/json", buffer: Buffer.from(file) });
  await expect(other.getByRole("dialog")).toContainText("1 of 8 steps");
  await other
    .getByLabel("Progress file")
    .setInputFiles({ name: "p.json", mimeType: "application/json", buffer: Buffer.from("{") });
  await expect(other.getByText("The file is not JSON")).toBeVisible();
  await expect(other.getByRole("dialog")).toContainText("1 of 8 steps");
});

test("a lesson from elsewhere is played like any other; it can do nothing to the page", async () => {
  const { page, errors } = await visit(site);
  await playing(page);
  const step = `---
title: "<img src=x onerror=alert(1)>"
check: { pass: { task: { argv: [sleep, "77"] } }, say: It sleeps. }
---

<script>document.title = "taken"</script> [click](javascript:document.title='taken') **bold**

\`\`\`sh {run}
sleep 77 &
\`\`\`
`;
  const zip = (files: Record<string, string>) =>
    Buffer.from(zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)]))));
  const about = "title: From afar\nsummary: S\nversion: 1\nminutes: 5\n";
  await button(page, "A process in a bubble").click();
  const files = page.getByLabel("Lesson files");
  await files.setInputFiles({
    name: "bad.zip",
    mimeType: "application/zip",
    buffer: zip({ "lesson.yaml": about, "01-a.md": "x" }),
  });
  await expect(page.getByText("No lesson was opened. The lesson has mistakes.")).toBeVisible();
  await expect(page.getByText("01-a.md:1: the file must begin with a line ---")).toBeVisible();
  await button(page, "A process in a bubble").click();
  await files.setInputFiles({ name: "big.zip", mimeType: "application/zip", buffer: Buffer.alloc(50_000_000) });
  await expect(page.getByText("larger than 2 MiB")).toBeVisible();
  await button(page, "A process in a bubble").click();
  await files.setInputFiles({
    name: "far.zip",
    mimeType: "application/zip",
    buffer: zip({ "lesson.yaml": about, "01-a.md": step }),
  });
  await expect(title(page)).toHaveText("<img src=x onerror=alert(1)>");
  await expect(page.getByText('<script>document.title = "taken"</script>')).toBeVisible();
  await button(page, /Run in terminal 1: sleep 77/).click();
  await expect(verdict(page)).toContainText("It sleeps.");
  expect(await page.title()).not.toBe("taken");
  await button(page, /^From afar/).click();
  await expect(page.getByRole("dialog")).toContainText("From elsewhere");
  expect(errors).toEqual([]);
});
