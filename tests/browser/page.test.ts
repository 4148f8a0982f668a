import { afterAll, afterEach, beforeAll, test } from "vitest";
import { expect, openSite, playing, ready, screen, showView, SIZES, task, typeLine, visit, type Site } from "./site";

let site: Site;
beforeAll(async () => void (site = await openSite()));
afterEach(() => site.clear());
afterAll(() => site.close());

test("a visitor types into a real shell and the tree shows the process at once", async () => {
  const { page, errors } = await visit(site);
  await ready(page);
  await typeLine(page, 1, "echo $((6*7))-answer");
  await expect(screen(page, 1)).toContainText("42-answer");

  await expect(task(page, "sleep")).toHaveCount(0);
  await typeLine(page, 1, "sleep 1000 &");
  await expect(task(page, "sleep")).toBeVisible();
  // The shell must be told to wait: until then its ended child is a zombie, and the tree says so.
  await typeLine(page, 1, "kill $!; wait");
  await expect(task(page, "sleep")).toHaveCount(0);
  await expect(page.getByLabel("Tasks that just ended")).toContainText("sleep");
  expect(errors).toEqual([]);
});

test("a new pid namespace is a pane of glass, and its processes wear two numbers", async () => {
  const { page } = await visit(site);
  await ready(page);
  await typeLine(page, 1, "unshare --pid --fork --mount-proc sh");
  const pane = page.getByRole("treeitem", { name: /^Container of 1 task: own mnt \w{3}, pid \w{3}/ });
  await expect(pane).toBeVisible();
  await expect(page.getByRole("treeitem", { name: /inside 1, sh/ })).toBeVisible();
  await typeLine(page, 1, "exit");
  await expect(pane).toHaveCount(0);
});

test("three terminals are three shells", async () => {
  const { page } = await visit(site);
  await ready(page);
  for (const terminal of [2, 3]) {
    await typeLine(page, terminal, "tty");
    await expect(screen(page, terminal)).toContainText(`/dev/hvc${terminal - 1}`);
  }
});

test("the guest learns the size of the terminal", async () => {
  const { page } = await visit(site);
  await ready(page);
  const size = async () => {
    await typeLine(page, 1, "clear; stty size | tr ' ' x");
    await expect(screen(page, 1)).toContainText(/\d+x\d+/);
    return /(\d+)x(\d+)/
      .exec((await screen(page, 1).textContent())!)!
      .slice(1)
      .map(Number);
  };
  const [rows, cols] = await size();
  expect(cols).toBeGreaterThan(80);
  await page.setViewportSize({ width: 1120, height: 700 });
  await expect(async () => {
    const [fewerRows, fewerCols] = await size();
    expect(fewerRows).toBeLessThan(rows);
    expect(fewerCols).toBeLessThan(cols);
  }).toPass();
});

test("every fact of a task tells where it was read, and the guest's own tool agrees", async () => {
  const { page } = await visit(site);
  await ready(page);
  await typeLine(page, 1, "sleep 1000 &");
  await task(page, "sleep").click();
  const evidence = page.getByRole("region", { name: "Evidence" });
  const pid = await evidence.getByRole("heading").locator(".mono").textContent();

  await evidence.getByRole("button", { name: "Why: pids, by level" }).click();
  await expect(evidence).toContainText("task->thread_pid");
  await evidence.getByRole("button", { name: "Run in terminal 1" }).click();
  await expect(screen(page, 1)).toContainText(new RegExp(`NSpid:\\s*${pid}`));

  await evidence.getByRole("button", { name: "Why: namespace uts" }).click();
  await expect(evidence).toContainText("task->nsproxy->uts_ns");

  await typeLine(page, 1, "clear; kill $!; wait");
  await expect(evidence).toContainText("This task has ended");
});

test("a namespace tag lights up every holder, and tells who they are", async () => {
  const { page } = await visit(site);
  await ready(page);
  await typeLine(page, 1, "unshare --uts sh");
  await task(page, "sh")
    .filter({ has: page.locator(".tag") })
    .locator(".tag")
    .click();
  const evidence = page.getByRole("region", { name: "Evidence" });
  await expect(evidence).toContainText("host and domain name");
  await expect(evidence).toContainText("1 task in it");
  await expect(page.locator(".pill.lit")).toHaveCount(1);
});

test("the table says the same as the tree", async () => {
  const { page } = await visit(site);
  await ready(page);
  await typeLine(page, 1, "sleep 1000 &");
  const pid = await task(page, "sleep").getAttribute("data-pid");
  await showView(page, "Processes");
  await page.getByRole("button", { name: "Table" }).click();
  const row = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: pid!, exact: true }) });
  await expect(row).toContainText("sleep");
  await expect(row).toContainText("sleeping");
});

test("hostile names are shown, never obeyed", async () => {
  const { page } = await visit(site);
  await ready(page);
  // In comm: an escape sequence, a right-to-left override and markup.
  await typeLine(
    page,
    1,
    String.raw`cp /bin/busybox "/tmp/$(printf 'x\033[7m\342\200\256<b>')"; cd /tmp; ln -s x* sleep-it`,
  );
  await typeLine(page, 1, `exec -a sleep /tmp/x* 1000 & clear`);
  const named = page.getByRole("treeitem", { name: /x␛\[7m\\u202e<b>/ });
  await expect(named).toBeVisible();
  await expect(named.locator("b")).toHaveCount(0);
});

test("pause holds the guest and resume lets it go on", async () => {
  const { page } = await visit(site);
  await ready(page);
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(page.locator(".phase")).toHaveText(/paused/);
  await page.getByRole("tab", { name: "Terminal 1" }).click();
  await page.keyboard.type("echo woken-$((1+1))\n");
  await page.getByRole("button", { name: "Resume" }).click();
  await expect(screen(page, 1)).toContainText("woken-2");
});

test("reset brings the machine back as it was", async () => {
  const { page } = await visit(site);
  await ready(page);
  await typeLine(page, 1, "touch /tmp/mine; sleep 1000 &");
  await expect(task(page, "sleep")).toBeVisible();
  await page.getByRole("button", { name: "Reset", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Reset" }).click();
  await expect(task(page, "sleep")).toHaveCount(0);
  await ready(page);
  await typeLine(page, 1, "ls /tmp/mine");
  await expect(screen(page, 1)).toContainText("No such file");
});

test("a saved session is offered at the next visit, and brings back screen, files and processes", async () => {
  const { page, context } = await visit(site);
  await playing(page);
  await typeLine(page, 1, "echo kept > /tmp/note; sleep 4321 &");
  await expect(task(page, "sleep")).toBeVisible();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.locator(".notices")).toContainText("Session saved");
  await page.close();

  const again = await context.newPage();
  await again.goto(site.url);
  await playing(again);
  await expect(task(again, "sleep")).toHaveCount(0);
  await again.getByRole("button", { name: "Resume", exact: true }).click();
  await expect(task(again, "sleep")).toBeVisible();
  await expect(screen(again, 1)).toContainText("sleep 4321");
  await typeLine(again, 1, "cat /tmp/note");
  await expect(screen(again, 1)).toContainText(/cat \/tmp\/note\s*kept/);
});

test("settings last: theme and text size are there again after a reload", async () => {
  const { page } = await visit(site);
  await ready(page);
  await page.getByRole("button", { name: "Theme: auto" }).click();
  await page.getByRole("button", { name: "Theme: light" }).click();
  await page.getByRole("button", { name: "Larger terminal text" }).click();
  const wanted = { theme: "dark", fontSize: await screen(page, 1).evaluate((rows) => getComputedStyle(rows).fontSize) };
  await page.reload();
  await ready(page);
  await expect(page.locator("html")).toHaveAttribute("data-theme", wanted.theme);
  await expect(screen(page, 1)).toHaveCSS("font-size", wanted.fontSize);
});

test("copy, paste and search work in the terminal", async () => {
  const { page } = await visit(site);
  await ready(page);
  await page.evaluate(() => navigator.clipboard.writeText("echo pasted-$((20+3))\n"));
  await page.getByRole("tab", { name: "Terminal 1" }).click();
  await page.keyboard.press("Control+Shift+V");
  await expect(screen(page, 1)).toContainText("pasted-23");

  await page.keyboard.press("Control+Shift+F");
  await page.keyboard.type("pasted-23");
  await page.keyboard.press("Enter");
  await expect(page.locator("search").getByRole("status")).toHaveText("found");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+Shift+C");
  await expect(async () => {
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("pasted-23");
  }).toPass();
});

test("on a phone the panes are tabs, with a key bar below the terminal", async () => {
  const { page } = await visit(site, { size: SIZES.phone, touch: true });
  await expect(page.locator(".phase")).toHaveText(/running/);
  await expect(page.getByRole("region", { name: "Lesson", exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Picture" }).click();
  await expect(task(page, "init")).toBeVisible();
  await showView(page, "Processes");
  const table = page.getByRole("button", { name: "Table" });
  await table.click();
  await page.getByRole("button", { name: "Lesson", exact: true }).click();
  await page.getByRole("button", { name: "Picture" }).click();
  await expect(table).toHaveAttribute("aria-pressed", "true");
  await page.getByRole("button", { name: "Terminal", exact: true }).click();
  await page.keyboard.type("sleep 1000\n");
  await page.getByRole("button", { name: "Ctrl" }).click();
  await page.keyboard.type("c");
  await page.keyboard.type("echo status-$?\n");
  await expect(screen(page, 1)).toContainText("status-130");
  await expect(page.getByRole("region", { name: "Verdict" })).toBeVisible();
});
