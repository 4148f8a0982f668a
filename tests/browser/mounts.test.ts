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

/** A container with two mounts at one place, and one that receives what the host mounts. */
const NAMESPACES = [
  "mkdir -p /sys/fs/cgroup/box; unshare -mpnf sh -c 'echo 0 > /sys/fs/cgroup/box/cgroup.procs; mount -t tmpfs data /mnt; mount -t tmpfs over /mnt; exec sleep 1000' &",
  "unshare -m --propagation slave sh -c 'mount -t tmpfs own /mnt; exec tail -f /dev/null' &",
  "clear",
];

// The tests share a page and go on where the one before ended.
let site: Site;
let page: Page;
let errors: string[];
beforeAll(async () => {
  site = await openSite();
  ({ page, errors } = await arrive(site));
  await ready(page);
  for (const line of NAMESPACES) await pasteLine(page, 1, line);
  await expect(task(page, "tail")).toBeVisible();
  await showView(page, "Mounts");
});
beforeEach(() => startAt(page, "Mounts", "Tree"));
afterAll(() => site.close());

const spaces = () => page.getByRole("group", { name: "Mount namespace" }).getByRole("button");
const space = (name: RegExp) => spaces().filter({ hasText: name });
const tree = () => page.getByRole("tree", { name: "Mounts" });
const mount = (name: RegExp) => tree().getByRole("treeitem", { name });
/** Fields of each line; without blanks, which the end of a screen's line would swallow. */
const mountinfo = async (of: string, fields: string) =>
  (await ask(page, `awk '{ printf "%s;", ${fields} }' /proc/${of}/mountinfo; echo`)).join("").split(";").slice(0, -1);

test("a mount namespace is a tree of its mounts, with the ids and places of mountinfo", async () => {
  await expect(spaces()).toHaveText([/host, 1 init/, /unshare and 1 more/, /tail/, /no task/]);
  await press(page, "Table");
  for (const [name, of] of [
    [/host/, "1"],
    [/unshare/, "$(pidof sleep)"],
  ] as const) {
    await space(name).click();
    const rows = page.getByRole("table").getByRole("row");
    const told = await mountinfo(of, '$1":"$2":"$5');
    // The root filesystem of the kernel lies below everybody's, where mountinfo cannot look.
    await expect(rows).toHaveCount(told.length + 2);
    const shown = await rows.evaluateAll((all) =>
      all.slice(2).map((row) => [1, 2, 0].map((cell) => row.children[cell].textContent.trim()).join(":")),
    );
    same(shown).toEqual(told);
  }
  await press(page, "Tree");
});

test("a mount over another one says what it hides, and leads there", async () => {
  await space(/unshare/).click();
  const [below, above] = await mountinfo("$(pidof sleep)", '$5 == "/mnt" ? $1 : ""').then((ids) => ids.filter(Boolean));
  await expect(mount(/^\/mnt: tmpfs, from data/)).toHaveAccessibleName(new RegExp(`hidden by /mnt, mount ${above}$`));
  await expect(mount(/^\/mnt: tmpfs, from over/)).toHaveAccessibleName(/hides 1 mount$/);
  await expect(mount(/^\/mnt: tmpfs, from over/)).toHaveAttribute("aria-level", "4");
  await mount(/^\/mnt: tmpfs, from data/)
    .getByRole("button", { name: `hidden by ${above}` })
    .click();
  const evidence = page.getByRole("region", { name: "Evidence" });
  await expect(evidence.getByRole("heading", { level: 2 })).toHaveText(new RegExp(`^${above}\\s*/mnt$`));
  await expect(evidence).toContainText(`${below}, at /mnt`);
  // The rows became higher beside the evidence: what is selected stays in sight.
  await expect(mount(/^\/mnt: tmpfs, from over/)).toBeInViewport();
  await press(page, "Close evidence");
});

test("a mount is seen to spread to who receives it, and to nobody else", async () => {
  await space(/tail/).click();
  const [group] = await mountinfo("1", '$5 == "/run" ? $7 : ""').then((all) => all.filter(Boolean));
  await expect(mount(/^\/run: /)).toHaveAccessibleName(
    new RegExp(`slave, receives from group ${group.replace("shared:", "")}$`),
  );
  await pasteLine(page, 1, "mkdir /run/late; mount -t tmpfs late /run/late; clear");
  await expect(mount(/^\/run\/late: tmpfs, from late/)).toBeVisible();
  same(await ask(page, "grep -c /run/late /proc/1/mountinfo /proc/$(pidof tail)/mountinfo | cut -d: -f2")).toEqual([
    "1",
    "1",
  ]);
  await space(/unshare/).click();
  await expect(mount(/^\/run: .*private$/)).toBeVisible();
  await expect(mount(/late/)).toHaveCount(0);
  await space(/tail/).click();
  await pasteLine(page, 1, "umount /run/late; clear");
  await expect(mount(/late/)).toHaveCount(0);
});

test("whatever of a container is selected, its mounts are shown", async () => {
  const evidence = page.getByRole("region", { name: "Evidence" });
  await space(/host/).click();
  await showView(page, "Processes");
  await task(page, "sleep").click();
  await showView(page, "Mounts");
  await expect(space(/unshare/)).toHaveAttribute("aria-pressed", "true");
  const [inum] = await ask(page, "readlink /proc/$(pidof sleep)/ns/mnt | tr -dc '0-9\\n'");
  await expect(space(/unshare/)).toHaveAttribute("title", new RegExp(`mount namespace ${inum}:`));
  await press(page, "Close evidence");
  await expect(space(/host/)).toHaveAttribute("aria-pressed", "true");
  // By its cgroup, and by another of its namespaces.
  await showView(page, "Cgroups");
  await page.locator('[role=treeitem][aria-label^="/box;"]').click();
  await expect(evidence).toContainText("/box");
  await showView(page, "Mounts");
  await expect(space(/unshare/)).toHaveAttribute("aria-pressed", "true");
  await press(page, "Close evidence");
  await showView(page, "Network");
  await page.getByRole("treeitem", { name: /^Network namespace of net/ }).click();
  await showView(page, "Mounts");
  await expect(space(/unshare/)).toHaveAttribute("aria-pressed", "true");
  // What is picked here counts until something else is selected.
  await space(/tail/).click();
  await expect(space(/tail/)).toHaveAttribute("aria-pressed", "true");
  await press(page, "Close evidence");
});

test("by keyboard alone: a namespace, its tree, a mount and the way back", async () => {
  await page.getByRole("toolbar", { name: "Views of the picture" }).getByRole("button", { name: "Mounts" }).focus();
  await tabTo(page, space(/unshare/));
  await keys(page, "Enter");
  await expect(space(/unshare/)).toHaveAttribute("aria-pressed", "true");
  await tabTo(page, tree().locator('[tabindex="0"]'));
  await keys(page, "Home", "ArrowDown", "ArrowLeft");
  await expect(mount(/^\/proc: /)).toHaveCount(0);
  await keys(page, "ArrowRight", "End");
  await expect(mount(/^\/mnt: tmpfs, from over/)).toBeFocused();
  await keys(page, "Enter");
  await expect(page.getByRole("region", { name: "Evidence" })).toContainText("over");
  await tabTo(page, page.getByRole("button", { name: "Close evidence" }));
  await keys(page, "Enter");
  await expect(mount(/^\/mnt: tmpfs, from over/)).toBeFocused();
  // The mount that the keyboard is on goes: the one in its place has it.
  await pasteLine(page, 1, "nsenter -m -t $(pidof sleep) umount /mnt; clear");
  await expect(mount(/from over/)).toHaveCount(0);
});

test("with reduced motion a mount that comes stands still", async () => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await space(/unshare/).click();
  const moved = await watchMotion(page);
  await pasteLine(page, 1, "nsenter -m -t $(pidof sleep) mount -t tmpfs new /mnt; clear");
  await expect(mount(/from new/)).toBeVisible();
  await expect(mount(/from new/).locator(".fresh")).toHaveCSS("outline-style", "solid");
  same(await moved()).toEqual([]);
});

test("hostile places and sources are shown, never obeyed", async () => {
  await space(/host/).click();
  await pasteLine(
    page,
    1,
    String.raw`cd /run; mkdir "$(printf 'a\nb\033[31m\342\200\256<i>')"; mount -t tmpfs '<img src=x onerror=alert(1)>' a*; cd; clear`,
  );
  const odd = mount(/^\/run\/a␊b␛\[31m\\u202e<i>: tmpfs, from <img/);
  await expect(odd).toBeVisible();
  await expect(odd.locator("i, img")).toHaveCount(0);
});

test("axe finds nothing and nothing is cut off, at every size", async () => {
  await everyLook(page, async (name) => {
    for (const twin of ["Tree", "Table"]) {
      await press(page, twin);
      same(await misfits(page), `${name}, ${twin}`).toEqual([]);
      same(await findings(page, ".stage"), `${name}, ${twin}`).toEqual([]);
    }
    await press(page, "Tree");
  });
});

test("nothing went wrong in the page", () => {
  same(errors).toEqual([]);
});
