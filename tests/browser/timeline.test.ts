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
  pasteLine,
  press,
  ready,
  screen,
  showView,
  startAt,
  typeLine,
  type Site,
} from "./site";

// The tests share a page and go on where the one before ended.
let site: Site;
let page: Page;
let errors: string[];
beforeAll(async () => {
  site = await openSite();
  ({ page, errors } = await arrive(site));
  await ready(page);
  await showView(page, "Timeline");
});
beforeEach(() => startAt(page, "Timeline", "By command"));
afterAll(() => site.close());

const events = () => page.getByRole("region", { name: "Events" });
const groups = () => events().locator(".groups > li");
const group = (line: string) => groups().filter({ has: page.getByRole("heading").filter({ hasText: line }) });
const chip = (name: string | RegExp) => events().getByRole("button", { name });
const kind = (name: string) => page.getByRole("group", { name: "Kinds of events" }).getByRole("button", { name });
const evidence = () => page.getByRole("region", { name: "Evidence" });

test("what a command changed stands under its line, in the order in which it did it, the newest first", async () => {
  await typeLine(page, 1, "mkdir /sys/fs/cgroup/a");
  const did = group("mkdir /sys/fs/cgroup/a").getByRole("button");
  await expect(did).toHaveText([
    /forked \d+ sh child of \d+$/,
    /\d+ executes mkdir \/sys\/fs\/cgroup\/a\s*$/,
    /made \/a/,
    /exited \d+ mkdir code 0$/,
  ]);
  await typeLine(page, 1, "sh -c 'exit 3'");
  await expect(groups().first()).toContainText(/exited \d+ sh\s*code 3/);
  await expect(groups().nth(1)).toContainText("mkdir /sys/fs/cgroup/a");
  await expect(groups().first().getByRole("heading")).toContainText("terminal 1,");
  // The shell says whose pid it was.
  const pid = /exited (\d+) mkdir/.exec(
    await group("mkdir")
      .innerText()
      .then((text) => text.replaceAll("\n", " ")),
  )![1];
  await typeLine(page, 1, "sleep 1000 & clear; echo after-$!");
  await expect(screen(page, 1)).toContainText(/after-\d+/);
  same(Number(/after-(\d+)/.exec((await screen(page, 1).textContent())!)![1])).toBeGreaterThan(Number(pid));
});

test("kinds of events are left out and come back", async () => {
  await pasteLine(page, 1, "mkdir /tmp/m; mount -t tmpfs here /tmp/m; clear");
  await expect(chip(/^mounted tmpfs at \/tmp\/m$/)).toBeVisible();
  for (const name of ["tasks", "namespaces", "cgroups", "network", "files"]) await kind(name).click();
  await expect(kind("mounts")).toHaveAttribute("aria-pressed", "true");
  await expect(events().getByRole("button")).toHaveText(["mounted tmpfs at /tmp/m"]);
  await expect(page.getByText("1 event", { exact: true })).toBeVisible();
  await kind("mounts").click();
  await expect(events()).toContainText("No event of these kinds.");
  for (const name of ["tasks", "namespaces", "mounts", "cgroups", "network", "files"]) await kind(name).click();
  await expect(group("mkdir /sys/fs/cgroup/a").getByRole("button")).toHaveCount(4);
});

test("an event leads to its object, to the view that shows it best, and to the command that proves it", async () => {
  await chip(/^mounted tmpfs at \/tmp\/m$/).click();
  const [id] = await ask(page, "awk '$5 == \"/tmp/m\" { print $1 }' /proc/self/mountinfo");
  await expect(evidence().getByRole("heading", { level: 2 })).toHaveText(new RegExp(`^${id}\\s*/tmp/m$`));
  await expect(chip(/^mounted tmpfs at/)).toHaveAttribute("aria-current", "true");
  await press(page, "Close evidence");
  const line = events().locator(".actions code");
  await expect(line).toHaveText("grep -F ' /tmp/m ' /proc/self/mountinfo");
  await page.getByRole("tab", { name: "Terminal 1" }).click();
  await events().getByRole("button", { name: "Show me" }).click();
  await expect(screen(page, 1)).toContainText(new RegExp(`${id} \\d+ 0:\\d+ / /tmp/m rw,relatime .*- tmpfs here`));
  await press(page, "Show in Mounts");
  await expect(page.getByRole("treeitem", { name: /^\/tmp\/m: tmpfs, from here/ })).toBeVisible();
  await showView(page, "Timeline");
  await chip(/^made \/a$/).click();
  await press(page, "Show in Cgroups");
  await expect(page.locator('[role=treeitem][aria-label^="/a;"]')).toHaveAttribute("aria-selected", "true");
  await press(page, "Close evidence");
  await showView(page, "Timeline");
});

test("what went wrong is told from what went well", async () => {
  await pasteLine(
    page,
    1,
    "echo +pids > /sys/fs/cgroup/cgroup.subtree_control; echo 1 > /sys/fs/cgroup/a/pids.max; clear",
  );
  await expect(chip(/^set pids.max of \/a max → 1$/)).toBeVisible();
  await pasteLine(page, 1, "sh -c 'echo 0 > /sys/fs/cgroup/a/cgroup.procs; sleep 1 & wait'; clear");
  await expect(chip(/^pids.max refused in \/a 1 fork$/)).toHaveClass(/alarm/);
  same(await ask(page, "cat /sys/fs/cgroup/a/pids.events")).toContain("max 1");
});

test("the table has the same events, with their command", async () => {
  // Nothing new meanwhile: the shells are at rest.
  const total = Number(/\d+/.exec((await page.locator(".total").textContent())!)![0]);
  same(total).toBeLessThan(100);
  const verbs = await events().locator(".chip .verb").allTextContents();
  await press(page, "Table");
  const rows = page.getByRole("table", { name: /^Events, newest first/ }).locator("tbody tr");
  await expect(rows).toHaveCount(total);
  same(await rows.locator("td:nth-child(2)").allTextContents()).toEqual(verbs);
  const made = rows
    .filter({ has: page.getByRole("rowheader", { name: "/a", exact: true }) })
    .filter({ hasText: "made" });
  await expect(made).toContainText("mkdir /sys/fs/cgroup/a");
  await made.getByRole("button").click();
  await expect(evidence().getByRole("heading", { level: 2 })).toContainText("/a");
  await press(page, "Close evidence");
  await press(page, "By command");
});

test("by keyboard alone: a kind, an event, its view and the way back", async () => {
  const bar = page.getByRole("toolbar", { name: "Views of the picture" });
  await bar.getByRole("button", { name: "Timeline", exact: true }).focus();
  await tabTo(page, kind("tasks"));
  await keys(page, "Enter");
  await expect(chip(/^forked/)).toHaveCount(0);
  await tabTo(page, chip(/^made \/a$/));
  await keys(page, "Enter");
  await expect(chip(/^made \/a$/)).toBeFocused();
  await expect(evidence()).toContainText("/a");
  await keys(page, "Escape");
  await expect(evidence()).toHaveCount(0);
  await keys(page, "Tab", "Enter");
  await expect(page.locator('[role=treeitem][aria-label^="/a;"]')).toBeVisible();
  await tabTo(page, bar.getByRole("button", { name: "Cgroups", exact: true }), "Shift+Tab");
  await keys(page, "End", "Enter");
  await expect(events()).toBeVisible();
});

test("with reduced motion events come without moving", async () => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  const moved = await watchMotion(page);
  await pasteLine(page, 1, "mkdir /sys/fs/cgroup/b; clear");
  await expect(chip(/^made \/b$/)).toBeVisible();
  same(await moved()).toEqual([]);
});

test("hostile commands are shown, never obeyed", async () => {
  await pasteLine(page, 1, String.raw`sh -c : "$(printf '<img src=x onerror=alert(1)>\n\033[7m\342\200\256')"; clear`);
  const odd = chip(/executes sh -c : <img src=x onerror=alert\(1\)>␊␛\[7m\\u202e$/);
  await expect(odd).toBeVisible();
  await expect(events().locator("img")).toHaveCount(0);
});

test("of a command that did much its latest doings are shown, and earlier ones on demand", async () => {
  await typeLine(page, 1, "for i in $(seq 60); do (exit 7); done; sh -c 'exit 9'");
  const did = group("for i in").getByRole("button");
  const earlier = group("for i in").locator(".earlier");
  await expect(did.last()).toHaveText(/exited \d+ sh code 9/);
  await expect(earlier).toHaveText(/^\d+ earlier$/);
  await expect(did).toHaveCount(100);
  await page.getByRole("button", { name: "Show earlier events" }).click();
  await expect(earlier).toHaveCount(0);
  await expect(did.first()).toHaveText(/forked/);
  await expect(did.last()).toHaveText(/exited \d+ sh code 9/);
});

test("axe finds nothing and nothing is cut off, at every size", async () => {
  await everyLook(page, async (name) => {
    for (const twin of ["By command", "Table"]) {
      await press(page, twin);
      same(await misfits(page), `${name}, ${twin}`).toEqual([]);
      same(await findings(page, ".stage"), `${name}, ${twin}`).toEqual([]);
    }
    await press(page, "By command");
  });
});

test("nothing went wrong in the page", () => {
  same(errors).toEqual([]);
});
