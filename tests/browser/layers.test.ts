import type { Page } from "@playwright/test";
import { afterAll, beforeAll, beforeEach, expect as same, test } from "vitest";
import { keys, tabTo } from "../support/keyboard";
import { watchMotion } from "../support/motion";
import { misfits } from "../support/page-fit";
import {
  arrive,
  ask,
  everyLook,
  expect,
  findings,
  openSite,
  press,
  ready,
  showView,
  startAt,
  pasteLine,
  type Site,
} from "./site";

/** Two lower layers and an upper one with a change of each kind. */
const OVERLAY = [
  "mkdir -p /web/base/etc /web/image/etc /web/image/var /web/image/share /web/upper /web/work /web/root",
  "cd /web/base/etc; echo base > os-release; seq 400 > services; cd /web/image; echo Welcome > etc/motd; echo old > etc/issue; seq 2000 > var/log; echo x > share/doc; cd",
  "mount -t overlay web -o lowerdir=/web/image:/web/base,upperdir=/web/upper,workdir=/web/work /web/root",
  "cd /web/root; echo Changed >> etc/motd; rm etc/issue; rm -r share; mkdir share; echo new > share/new; cd; clear",
];

// The tests share a page and go on where the one before ended.
let site: Site;
let page: Page;
let errors: string[];
beforeAll(async () => {
  site = await openSite();
  ({ page, errors } = await arrive(site));
  await ready(page);
});
beforeEach(() => startAt(page, "Layers", "Sheets"));
afterAll(() => site.close());

const tree = () => page.getByRole("tree", { name: "Files of the merged view" });
const file = (name: string) => tree().getByRole("treeitem", { name: new RegExp(`^${name}: `) });
const stack = () => page.getByRole("grid", { name: "Layers, the merged view first" });
const tab = (label: string) => stack().getByRole("gridcell", { name: label, exact: true });
const sheet = (name: string) => stack().getByRole("rowheader", { name: new RegExp(`^${name}\\b`) });
const crumb = (name: string) => page.getByRole("navigation", { name: "Directory" }).getByRole("button", { name });
const content = (path: string) => page.getByRole("region", { name: `Content of ${path}` });
const root = (line: string) => pasteLine(page, 1, `cd /web/root; ${line}; cd; clear`);

test("without an overlay the view says how one is made", async () => {
  await showView(page, "Layers");
  await expect(page.getByText("No overlay is mounted.")).toBeVisible();
  await expect(page.locator(".layers code")).toContainText("mount -t overlay");
});

test("the layers are a stack, as large as find and wc say", async () => {
  for (const line of OVERLAY) await pasteLine(page, 1, line);
  await expect(file("new")).toBeVisible();
  for (const [name, path] of [
    ["upper", "/web/upper"],
    ["lower 1", "/web/image"],
    ["lower 2", "/web/base"],
  ]) {
    await expect(sheet(name)).toContainText(path);
    const [names] = await ask(page, `find ${path} -mindepth 1 | wc -l`);
    await expect(sheet(name)).toContainText(`${names.trim()} names`);
  }
  await expect(sheet("merged")).toContainText("/web/root");
});

test("the merged tree has the names that find sees, and crosses out the others", async () => {
  const found = await ask(page, "cd /web/root; find . -mindepth 1 | sort; cd");
  const shown = await tree().locator('[role="treeitem"]:not(:has(.gone))').count();
  same(shown).toBe(found.length);
  await expect(tree().locator(".gone .name")).toHaveText(["issue", "doc"]);
});

test("a name tells which layer provides it, and opens with its content in each", async () => {
  await file("motd").click();
  const detail = page.locator(".detail");
  await expect(detail).toContainText("Copied up: somebody changed it, so upper has a copy of its own");
  same((await content("etc/motd").innerText()).match(/[A-Z]\w+/g)).toEqual(await ask(page, "cat /web/root/etc/motd"));
  await detail.getByRole("button", { name: "lower 1", exact: true }).click();
  await expect(content("etc/motd")).not.toContainText("Changed");
  same((await content("etc/motd").innerText()).match(/[A-Z]\w+/g)).toEqual(await ask(page, "cat /web/image/etc/motd"));
  await detail.getByRole("button", { name: "upper", exact: true }).click();
  await press(page, "Changes since lower 1");
  await expect(page.getByRole("region", { name: "Lines that differ in etc/motd" })).toContainText("+Changed");
  await press(page, "Content in upper");
  // Its evidence, and what the guest says about the same inode.
  await press(page, "Evidence of etc/motd in upper");
  const evidence = page.getByRole("region", { name: "Evidence" });
  const [inode] = await ask(page, "stat -c %i /web/upper/etc/motd");
  await expect(evidence).toContainText(inode);
  await press(page, "Close evidence");
});

test("copy-up, whiteout and opaque directory are shown as they happen", async () => {
  await file("etc").click();
  await expect(tab("os-release in lower 2: shown")).toBeVisible();
  await root("echo more >> etc/os-release");
  await expect(tab("os-release in upper: shown, copied up")).toBeVisible();
  await expect(tab("os-release in lower 2: hidden by the name above")).toBeVisible();
  await root("rm etc/services");
  await expect(tab("services in upper: whiteout: the name is gone")).toBeVisible();
  await expect(tab("services in lower 2: hidden by a whiteout")).toBeVisible();
  same(await ask(page, "stat -c '%F %t:%T' /web/upper/etc/services")).toEqual(["character special file 0:0"]);
  await crumb("/web/root").click();
  await root("rm -r var; mkdir var");
  await expect(tab("var in upper: shown, opaque")).toBeVisible();
  await expect(tab("var in lower 1: hidden by an opaque directory")).toBeVisible();
  same(await ask(page, "ls -A /web/root/var")).toEqual([]);
});

test("what a layer keeps in vain is counted", async () => {
  const [hidden] = await ask(page, "cat /web/image/etc/* /web/image/share/* /web/image/var/* | wc -c");
  const [below] = await ask(page, "cat /web/base/etc/* | wc -c");
  await expect(sheet("lower 1")).toContainText(`${(Number(hidden) / 1024).toFixed(1)} KiB hidden`);
  await expect(sheet("lower 2")).toContainText(`${(Number(below) / 1024).toFixed(1)} KiB hidden`);
  await expect(sheet("upper")).not.toContainText("hidden");
});

test("two layers are compared, name by name and line by line", async () => {
  await press(page, "Compare layers");
  const names = page.getByRole("tree", { name: "Names that differ" }).getByRole("treeitem");
  // With the layers below: what the topmost one did to all of them.
  const now = await ask(page, "cd /web/root; find . -type f | sort; cd");
  await expect(page.locator(".counts")).toHaveText("1 added2 changed4 removed");
  same(now).toEqual(["./etc/motd", "./etc/os-release", "./share/new"]);
  await names.filter({ hasText: "etc/motd" }).click();
  const lines = page.getByRole("region", { name: "Lines that differ in etc/motd" });
  same(await ask(page, "diff /web/image/etc/motd /web/upper/etc/motd | grep '^+[^+]'")).toEqual(["+Changed"]);
  await expect(lines.locator(".signAdded")).toHaveText("+Changed");
  await page.getByLabel(/^from/).selectOption("lower 2");
  await page.getByLabel(/^to/).selectOption("lower 1");
  await expect(names.filter({ hasText: "etc/motd" })).toHaveAccessibleName(/^added etc\/motd/);
  await press(page, "Compare layers");
});

test("the table says the same, with the inodes that stat shows", async () => {
  await press(page, "Table");
  const rows = page.getByRole("table", { name: /^Every name of every layer/ }).getByRole("row");
  const inodes = (await ask(page, "stat -c %i /web/upper/etc/motd /web/image/etc/motd")).map((line) => line.trim());
  const motd = rows.filter({ has: page.getByRole("rowheader", { name: "etc/motd", exact: true }) });
  await expect(motd).toHaveText([
    new RegExp(`upper\\s*shown, copied up\\s*file.*16 B\\s*${inodes[0]}`),
    new RegExp(`lower 1\\s*hidden by the name above\\s*file.*8 B\\s*${inodes[1]}`),
  ]);
  await expect(rows.filter({ hasText: "etc/services" }).first()).toContainText("whiteout: the name is gone");
  await motd.first().getByRole("button").click();
  await expect(page.getByRole("region", { name: "Evidence" })).toContainText("etc/motd");
  await press(page, "Close evidence");
  await press(page, "Sheets");
});

test("by keyboard alone: the tree, the stack, a file and the way back", async () => {
  const bar = page.getByRole("toolbar", { name: "Views of the picture" });
  await bar.getByRole("button", { name: "Mounts", exact: true }).focus();
  await keys(page, "ArrowLeft", "Enter");
  await tabTo(page, crumb("/web/root"));
  await keys(page, "Enter");
  await tabTo(page, tree().locator('[tabindex="0"]'));
  await keys(page, "Home", "ArrowLeft");
  await expect(file("motd")).toHaveCount(0);
  await keys(page, "ArrowRight", "ArrowRight", "ArrowDown");
  await expect(file("motd")).toBeFocused();
  await keys(page, "Enter");
  await expect(content("etc/motd")).toContainText("Changed");
  await tabTo(page, stack().locator('[tabindex="0"]'));
  await keys(page, "End", "Home", "ArrowDown", "ArrowDown");
  await expect(tab("motd in lower 1: hidden by the name above")).toBeFocused();
  await keys(page, "Enter");
  await expect(content("etc/motd")).not.toContainText("Changed");
  const why = page.getByRole("button", { name: "Evidence of etc/motd in lower 1" });
  await tabTo(page, why);
  await keys(page, "Enter");
  await expect(why).toBeFocused();
  await tabTo(page, page.getByRole("button", { name: "Close evidence" }));
  await keys(page, "Enter");
  await expect(why).toBeFocused();
});

test("with reduced motion a copy that is made stands still", async () => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await file("etc").click();
  const moved = await watchMotion(page);
  await root("echo one > etc/fresh; chmod 600 etc/motd");
  await expect(tab("fresh in upper: shown")).toHaveCSS("outline-style", "solid");
  await root("rm etc/fresh");
  await expect(tab("fresh in upper: shown")).toHaveCount(0);
  same(await moved()).toEqual([]);
});

test("hostile names are shown, never obeyed", async () => {
  await crumb("/web/root").click();
  await root(
    String.raw`mkdir odd; cd odd; for name in 'new\nline' 'red\033[31m' 'turn\342\200\256txt' '<img src=x onerror=alert(1)>' '\377raw'; do echo "$(printf "$name")" > "$(printf "$name")"; done`,
  );
  const names = [String.raw`new␊line`, "red␛[31m", String.raw`turn\u202etxt`, "<img src=x onerror=alert(1)>"];
  for (const name of names) {
    await expect(tree().getByText(name)).toBeVisible();
    await tree().getByText(name).click();
    await expect(page.locator(".detail h2")).toHaveText(`/odd/${name}`);
    await expect(content(`odd/${name}`)).toContainText(name.split("␊")[0]);
  }
  await expect(page.locator(".stage :is(img, b)")).toHaveCount(0);
  // As many as find sees: none has vanished, and none counts twice.
  const [count] = await ask(page, "find /web/root/odd -mindepth 1 -print0 | tr -dc '\\0' | wc -c");
  await expect(
    file("odd")
      .locator("..")
      .locator('[aria-level="2"]')
      .filter({ hasText: /␊|␛|u202e|img|raw/ }),
  ).toHaveCount(Number(count));
});

test("axe finds nothing and nothing is cut off, at every size", async () => {
  await everyLook(page, async (name) => {
    for (const twin of ["Sheets", "Table"]) {
      await press(page, twin);
      same(await misfits(page), `${name}, ${twin}`).toEqual([]);
      same(await findings(page, ".stage"), `${name}, ${twin}`).toEqual([]);
    }
    await press(page, "Sheets");
    await press(page, "Compare layers");
    same(await misfits(page), `${name}, compared`).toEqual([]);
    // What it is made of differs by theme, not by size.
    if (name.startsWith("desktop")) same(await findings(page, ".stage"), `${name}, compared`).toEqual([]);
    await press(page, "Compare layers");
  });
});

test("nothing went wrong in the page", () => {
  same(errors).toEqual([]);
});
