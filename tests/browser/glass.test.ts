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
  showView,
  startAt,
  task,
  type Site,
} from "./site";

/** A container made by hand: an overlay, a cgroup with a limit, namespaces of its own and a cable. */
const CONTAINER = [
  "mkdir -p /web/image /web/upper /web/work /web/root; echo old > /web/image/motd",
  "mount -t overlay web -o lowerdir=/web/image,upperdir=/web/upper,workdir=/web/work /web/root; echo new > /web/root/motd",
  "mkdir /sys/fs/cgroup/web; echo +memory +pids > /sys/fs/cgroup/cgroup.subtree_control; echo 20 > /sys/fs/cgroup/web/pids.max",
  `sh -c 'echo 0 > /sys/fs/cgroup/web/cgroup.procs; exec unshare -pmuni --fork sh -c "hostname web; exec sleep 1000"' &`,
];
const VIEWS = ["Processes", "Cgroups", "Layers", "Mounts", "Network", "Timeline"];

// The tests share a page and go on where the one before ended.
let site: Site;
let page: Page;
let errors: string[];
beforeAll(async () => {
  site = await openSite();
  ({ page, errors } = await arrive(site));
  await ready(page);
});
beforeEach(() => startAt(page, "Whole"));
afterAll(() => site.close());

const tile = (name: string) => page.getByRole("region", { name, exact: true }).and(page.locator(".tile"));
const fill = (name: string) => page.getByRole("button", { name: `Fill the stage with ${name}` });
const cgroup = (path: string) => page.locator(`[role=treeitem][aria-label^="${path};"]`);
const evidence = () => page.getByRole("region", { name: "Evidence" });
const spaceShown = () => tile("Mounts").locator(".space[aria-pressed='true']");
const taskCount = async () => Number(/(\d+) tasks?/.exec((await page.locator(".count").textContent())!)![1]);

test("the whole picture grows with what somebody builds", async () => {
  await expect(tile("Processes")).toBeVisible();
  for (const name of ["Cgroups", "Layers", "Mounts", "Network"]) await expect(tile(name)).toHaveCount(0);
  for (const line of CONTAINER) await pasteLine(page, 1, line);
  await expect(task(page, "sleep")).toBeVisible();
  for (const name of VIEWS) await expect(tile(name)).toBeVisible();
  await expect(tile("Layers").getByRole("gridcell", { name: "motd in upper: shown, copied up" })).toBeVisible();
  await expect(tile("Cgroups").locator('[aria-label^="/web;"]')).toHaveAttribute(
    "aria-label",
    /2 tasks;.*pids 2 of 20/,
  );
  same(await ask(page, "cat /sys/fs/cgroup/web/pids.current")).toEqual(["2"]);
});

test("each view fills the stage and comes back", async () => {
  for (const name of VIEWS) {
    await fill(name).click();
    const chosen = page.getByRole("toolbar", { name: "Views of the picture" }).getByRole("button", { pressed: true });
    await expect(chosen).toHaveText(name);
    await expect(page.locator(".tile")).toHaveCount(0);
    await showView(page, "Whole");
  }
  for (const name of VIEWS) await expect(tile(name)).toBeVisible();
});

test("what is selected in one tile is selected in all, and the evidence lies beside them", async () => {
  const [host, inside] = await ask(
    page,
    "for pid in 1 $(pidof sleep); do readlink /proc/$pid/ns/mnt | tr -dc '0-9\\n'; done",
  );
  const space = (inum: string) => new RegExp(`mount namespace ${inum}:`);
  await expect(spaceShown()).toHaveAttribute("title", space(host));
  await task(page, "sleep").click();
  await expect(evidence().getByRole("heading", { level: 2 })).toContainText("sleep");
  await expect(task(page, "sleep")).toHaveAttribute("aria-selected", "true");
  await expect(spaceShown()).toHaveAttribute("title", space(inside));
  // No tile lies over what is said about it.
  const panel = (await evidence().boundingBox())!;
  for (const box of await page.locator(".tile").all()) {
    const { x, width } = (await box.boundingBox())!;
    same(x + width).toBeLessThanOrEqual(panel.x);
  }
  await press(page, "Close evidence");
  await expect(spaceShown()).toHaveAttribute("title", space(host));

  await cgroup("/web").click();
  await expect(evidence()).toContainText("/web");
  await expect(spaceShown()).toHaveAttribute("title", space(inside));
  await press(page, "Close evidence");

  // From the timeline to the cgroups, and from a namespace's tag to its mounts.
  await pasteLine(page, 1, "mkdir /sys/fs/cgroup/web/inner; clear");
  await tile("Timeline").getByRole("button", { name: "made /web/inner" }).click();
  await expect(cgroup("/web/inner")).toHaveAttribute("aria-selected", "true");
  await expect(spaceShown()).toHaveAttribute("title", space(host));
  await page.getByRole("tree", { name: "Processes" }).locator(".tag").filter({ hasText: "uts" }).first().click();
  await expect(evidence()).toContainText("host and domain name");
  await expect(spaceShown()).toHaveAttribute("title", space(inside));
});

test("by keyboard alone: from tile to tile, one fills the stage, and back", async () => {
  const bar = page.getByRole("toolbar", { name: "Views of the picture" });
  await bar.getByRole("button", { name: "Whole" }).focus();
  for (const name of VIEWS) await tabTo(page, fill(name));
  await tabTo(page, fill("Mounts"), "Shift+Tab");
  await keys(page, "Enter");
  await expect(page.getByRole("tree", { name: "Mounts" }).getByRole("treeitem").first()).toBeFocused();
  await keys(page, "ArrowDown", "Enter");
  await expect(evidence()).toBeVisible();
  await keys(page, "Escape");
  await expect(evidence()).toHaveCount(0);
  await tabTo(page, bar.getByRole("button", { name: "Mounts" }), "Shift+Tab");
  await keys(page, "Home", "Enter");
  await expect(tile("Processes")).toBeVisible();
});

test("with reduced motion nothing in any tile moves", async () => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  const moved = await watchMotion(page);
  await pasteLine(page, 1, "unshare -n sleep 2000 & mkdir /sys/fs/cgroup/other; touch /web/root/more; clear");
  await expect(tile("Layers").getByRole("gridcell", { name: "more in upper: shown" })).toBeVisible();
  await expect(page.getByRole("treeitem", { name: /, sleep, .*own net/ })).toBeVisible();
  await pasteLine(page, 1, "kill $!; rmdir /sys/fs/cgroup/other; clear");
  await expect(page.getByRole("treeitem", { name: /, sleep, .*own net/ })).toHaveCount(0);
  same(await moved()).toEqual([]);
});

test("a fork bomb within its limit leaves the page usable; it is seen, and when its cgroup is killed all is as before", async () => {
  const before = await taskCount();
  await pasteLine(
    page,
    1,
    "clear; mkdir /sys/fs/cgroup/bomb; echo 16 > /sys/fs/cgroup/bomb/pids.max; touch /tmp/storm",
  );
  await expect(cgroup("/bomb")).toHaveAttribute("aria-label", /pids 0 of 16/);
  // When a fork is refused, the shell that wanted it ends: without somebody who starts it anew the storm would blow over.
  await pasteLine(
    page,
    2,
    "while [ -e /tmp/storm ]; do sh -c 'echo 0 > /sys/fs/cgroup/bomb/cgroup.procs; bomb() { sleep 1000 & bomb | bomb & }; bomb' 2> /dev/null; usleep 300000; done; clear",
  );
  // Each click is answered while it goes on.
  await fill("Timeline").click({ timeout: 5000 });
  await expect(page.locator(".tile")).toHaveCount(0, { timeout: 5000 });
  for (const kind of ["tasks", "namespaces"])
    await page.getByRole("button", { name: kind, exact: true }).click({ timeout: 5000 });
  await expect(page.getByRole("button", { name: /^pids.max refused in \/bomb \d+ forks?$/ }).first()).toBeVisible();
  await showView(page, "Whole");
  await expect(tile("Processes")).toBeVisible({ timeout: 5000 });
  await cgroup("/bomb").click();
  await expect(evidence()).toContainText("/bomb");
  const [limit] = await ask(page, "cut -d' ' -f2 /sys/fs/cgroup/bomb/pids.events");
  same(Number(limit)).toBeGreaterThan(0);
  await pasteLine(
    page,
    1,
    "rm /tmp/storm; until rmdir /sys/fs/cgroup/bomb 2> /dev/null; do echo 1 > /sys/fs/cgroup/bomb/cgroup.kill; done; clear",
  );
  await expect(cgroup("/bomb")).toHaveCount(0);
  await expect(evidence()).toContainText("This cgroup is gone");
  await press(page, "Close evidence");
  await expect.poll(taskCount).toBe(before);
  same(await ask(page, "pidof sleep | wc -w")).toEqual(["1"]);
});

test("axe finds nothing and nothing is cut off, at every size", async () => {
  await everyLook(page, async (name) => {
    same(await misfits(page), name).toEqual([]);
    same(await findings(page, ".stage"), name).toEqual([]);
    await task(page, "sleep").click();
    await expect(evidence()).toBeVisible();
    same(await misfits(page), `${name}, selected`).toEqual([]);
    await press(page, "Close evidence");
  });
});

test("nothing went wrong in the page", () => {
  same(errors).toEqual([]);
});
