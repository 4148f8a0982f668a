import type { Page } from "@playwright/test";
import { afterAll, afterEach, beforeAll, describe, test } from "vitest";
import { findings, expect, openSite, press, ready, SIZES, typeLine, themes, visit, type Site } from "./site";

let site: Site;
beforeAll(async () => void (site = await openSite()));
afterEach(() => site.clear());
afterAll(() => site.close());

/** A namespace called blue with a cable to the host, an address, and a task in it that listens. */
const NETWORK = [
  "ip netns add blue; ip link add vblue type veth peer name eth0 netns blue; ip link set vblue up; ip -n blue link set eth0 up",
  "ip addr add 10.0.0.1/24 dev vblue; ip -n blue addr add 10.0.0.2/24 dev eth0; ip -n blue route add default via 10.0.0.1",
  "ip netns exec blue nc -l -p 80 &",
];
const row = (page: Page, name: RegExp) => page.getByRole("tree").getByRole("treeitem", { name });

async function network(page: Page): Promise<void> {
  await ready(page);
  for (const line of NETWORK) await typeLine(page, 1, line);
}

test("a namespace is a room with its devices, its routes and who listens in it", async () => {
  const { page, errors } = await visit(site);
  await network(page);
  await press(page, "Network");
  await expect(row(page, /^Network namespace of net ..., blue: \d+ nc/)).toBeVisible();
  await expect(row(page, /^eth0, veth, up, 10\.0\.0\.2\/24, cable to vblue in net/)).toBeVisible();
  await expect(row(page, /^Route default via 10\.0\.0\.1 dev eth0/)).toBeVisible();
  await expect(row(page, /^tcp listens at 0\.0\.0\.0:80, \d+ nc/)).toBeVisible();
  expect(errors).toEqual([]);
});

test("the keyboard walks over rooms and follows a cable, and Enter selects", async () => {
  const { page } = await visit(site);
  await network(page);
  await press(page, "Network");
  await row(page, /^vblue, veth/).click();
  await page.keyboard.press("ArrowRight");
  await expect(row(page, /^eth0, veth, up, 10\.0\.0\.2/)).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("region", { name: "Evidence" })).toContainText("vblue in net:[");
  await page.keyboard.press("ArrowLeft");
  await expect(row(page, /^Network namespace of net ..., blue/)).toBeFocused();
  await page.keyboard.press("Home");
  await expect(row(page, /^Network namespace of the host/)).toBeFocused();
});

test("packets have a rate, and dots on their cable unless motion is to be reduced", async () => {
  for (const reducedMotion of [false, true]) {
    const { page, context } = await visit(site, { reducedMotion });
    await network(page);
    await press(page, "Network");
    await typeLine(page, 1, "ping -i 0.2 10.0.0.2 > /dev/null &");
    await expect(row(page, /^vblue, .*[\d.]+ packets\/s, .*\/s$/)).toBeVisible();
    if (reducedMotion) await expect(page.locator(".dot")).toHaveCount(0);
    else await expect(page.locator(".dot").first()).toBeAttached();
    await typeLine(page, 1, "kill %2");
    await expect(row(page, /^vblue, .*packets\/s/)).toHaveCount(0);
    await context.close();
  }
});

test("the tables say the same", async () => {
  const { page } = await visit(site);
  await network(page);
  await press(page, "Network");
  await press(page, "Tables");
  const line = (section: string, text: string) =>
    page.getByRole("region", { name: section }).getByRole("row").filter({ hasText: text });
  await expect(line("Devices", "10.0.0.2/24")).toContainText("cable to vblue in the host");
  await expect(line("Routes", "default via 10.0.0.1 dev eth0")).toBeVisible();
  await expect(line("Sockets", "0.0.0.0:80")).toContainText("LISTEN");
});

test("two tasks are compared by shift and click", async () => {
  const { page } = await visit(site);
  await network(page);
  await press(page, "Namespaces");
  const task = (name: RegExp) => page.getByRole("grid").getByRole("rowheader", { name });
  await task(/, init, /).click();
  await task(/, nc, /).click({ modifiers: ["Shift"] });
  const comparison = page.getByRole("region", { name: "Two tasks compared" });
  await expect(comparison).toContainText("They share 6 of 8 namespaces and differ in mnt and net.");
  await page.getByRole("button", { name: "Close evidence" }).click();
  await press(page, "List");
  await expect(page.getByRole("row").filter({ hasText: "at /run/netns/blue" })).toHaveCount(1);
});

test("the matrix is walked cell by cell, and sorted by a kind from its heading", async () => {
  const { page } = await visit(site);
  await network(page);
  await press(page, "Namespaces");
  await page.getByRole("columnheader", { name: "net" }).click();
  await expect(page.getByRole("columnheader", { name: "net" })).toHaveAttribute("aria-sort", "ascending");
  // What is not the host's comes first.
  await expect(page.getByRole("rowheader").first()).toHaveAccessibleName(/, nc, /);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("region", { name: "Evidence" })).toContainText("net namespace");
});

describe.each(themes("dark"))("axe finds nothing in the %s theme", (theme) => {
  test.each(["desktop", "small", "phone"] as const)("at the size %s", async (size) => {
    const touch = size === "phone";
    const { page } = await visit(site, { theme, size: SIZES[size], touch });
    if (touch) await press(page, "Terminal");
    await network(page);
    if (size !== "desktop") await press(page, "Picture");
    for (const [view, table] of [
      ["Network", "Tables"],
      ["Namespaces", "List"],
    ]) {
      await press(page, view);
      expect(await findings(page, ".stage")).toEqual([]);
      await press(page, table);
      expect(await findings(page, ".stage")).toEqual([]);
      await page.getByRole("button", { name: view === "Network" ? "Rooms" : "Matrix", exact: true }).click();
    }
  });
});
