import type { Page } from "@playwright/test";
import { afterAll, afterEach, beforeAll, describe, test } from "vitest";
import { findings, expect, openSite, press, ready, screen, typeLine, themes, visit, type Site } from "./site";

let site: Site;
beforeAll(async () => void (site = await openSite()));
afterEach(() => site.clear());
afterAll(() => site.close());

const cgroup = (page: Page, path: string) => page.locator(`[role=treeitem][aria-label^="${path};"]`);

describe.each(themes("dark"))("in the %s theme", (theme) => {
  test("a cgroup fills up to its limit, and its past shows who was stopped there", async () => {
    const { page, errors } = await visit(site, { theme });
    await ready(page);
    await press(page, "Cgroups");
    await typeLine(page, 1, "cd /sys/fs/cgroup; echo +pids > cgroup.subtree_control; mkdir a; echo 2 > a/pids.max");
    await expect(cgroup(page, "/a")).toHaveAttribute("aria-label", /pids 0 of 2/);
    // The shell and one child fit. The second fork is refused, of which the shell dies.
    await typeLine(page, 1, "sh -c 'echo $$ > a/cgroup.procs; sleep 1000 & sleep 1000 & wait'");
    await expect(cgroup(page, "/a")).toHaveAttribute("aria-label", /1 task;.*pids 1 of 2/);

    await cgroup(page, "/a").click();
    await expect(page.getByRole("img", { name: /^pids: 1 now, .*max 2, 1 refused fork$/ })).toBeVisible();
    const evidence = page.getByRole("region", { name: "Evidence" });
    await evidence.getByRole("button", { name: "Why: pids max" }).click();
    await evidence.getByRole("button", { name: "Run in terminal" }).waitFor();
    expect(await findings(page)).toEqual([]);
    await press(page, "Table");
    const row = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: "/a", exact: true }) });
    await expect(row).toContainText("2");
    expect(await findings(page)).toEqual([]);
    expect(errors).toEqual([]);
  });

  test("a container has two faces, row by row", async () => {
    const { page, errors } = await visit(site, { theme });
    await ready(page);
    await press(page, "Host | inside");
    await expect(page.getByText("No container runs")).toBeVisible();
    await typeLine(page, 1, "unshare -pfu --mount-proc sh -c 'hostname inner; sleep 1000'");
    const grid = page.getByRole("grid", { name: "Host and inside" });
    await expect(grid.getByRole("gridcell", { name: /^host name, inside: inner/ })).toBeVisible();
    await expect(grid.getByRole("gridcell", { name: /^host name, host: glassbox/ })).toBeVisible();
    const inside = grid.getByRole("gridcell", { name: /^process \d+, inside: 1 / });
    await inside.hover();
    await expect(grid.locator(".row.bright [role=gridcell]")).toHaveCount(2);
    await inside.click();
    await page.keyboard.press("ArrowLeft");
    await expect(grid.locator("[role=gridcell]:focus")).toHaveAttribute("data-side", "host");
    await expect(page.getByRole("region", { name: "Evidence" }).getByRole("heading", { level: 2 })).toContainText(
      "sleep",
    );
    expect(await findings(page)).toEqual([]);
    await press(page, "Table");
    await expect(page.getByRole("row", { name: /^host name glassbox/ })).toContainText("inner");
    expect(await findings(page)).toEqual([]);
    expect(errors).toEqual([]);
  });
});

test("a cgroup that goes leaves its last facts, and the keyboard walks the tree", async () => {
  const { page } = await visit(site);
  await ready(page);
  await press(page, "Cgroups");
  await typeLine(page, 1, "mkdir -p /sys/fs/cgroup/a/x; clear");
  await expect(cgroup(page, "/a/x")).toBeVisible();
  await cgroup(page, "/a").focus();
  await page.keyboard.press("ArrowLeft");
  await expect(cgroup(page, "/a/x")).toHaveCount(0);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await expect(cgroup(page, "/a/x")).toBeFocused();
  await page.keyboard.press("Enter");
  const evidence = page.getByRole("region", { name: "Evidence" });
  await expect(evidence.getByRole("heading", { level: 2 })).toContainText("/a/x");
  await typeLine(page, 1, "rmdir /sys/fs/cgroup/a/x; echo gone-$((1+1))");
  await expect(screen(page, 1)).toContainText("gone-2");
  await expect(evidence).toContainText("This cgroup is gone; these are its last facts.");
});
