import { afterAll, afterEach, beforeAll, test } from "vitest";
import { expect, openSite, playing, ready, screen, showView, task, typeLine, visit, type Site } from "./site";

let site: Site;
beforeAll(async () => void (site = await openSite()));
afterEach(() => site.clear());
afterAll(() => site.close());

/** Answers every request whose path matches with 404, until told otherwise. */
function missing(path: RegExp): void {
  site.intercept = (request, response) => {
    if (!path.test(request.url ?? "")) return false;
    response.writeHead(404).end();
    return true;
  };
}

/** Flips one byte in the middle of what is served for this path. */
async function damaged(path: RegExp): Promise<void> {
  const original = async (url: string) => Buffer.from(await (await fetch(new URL(url, site.url))).arrayBuffer());
  const spoilt = new Map<string, Buffer>();
  const spoil: NonNullable<Site["intercept"]> = (request, response) => {
    const url = request.url ?? "";
    if (!path.test(url)) return false;
    const send = (bytes: Buffer) => response.writeHead(200, { "Content-Length": bytes.length }).end(bytes);
    const known = spoilt.get(url);
    if (known) send(known);
    else {
      site.intercept = undefined;
      void original(url).then((bytes) => {
        site.intercept = spoil; // The page asks again, past its cache.
        bytes[bytes.length >> 1] ^= 0xff;
        spoilt.set(url, bytes);
        send(bytes);
      });
    }
    return true;
  };
  site.intercept = spoil;
}

const notices = ".notices";

test.each([
  ["v86-", /v86-.*\.wasm/],
  ["layout-", /layout-.*\.json/],
])("a missing file %s is said, and Start again recovers when it is back", async (name, path) => {
  missing(path);
  const { page } = await visit(site);
  await expect(page.locator(".phase")).toHaveText(/failed/);
  const panel = page.locator(notices).getByRole("alert");
  await expect(panel).toContainText(name);
  // The page has the list of files in itself, and asks for a new one when it starts again.
  missing(/manifest\.json/);
  await panel.getByRole("button", { name: "Start again" }).click();
  await expect(panel).toContainText("manifest.json");
  site.intercept = undefined;
  await panel.getByRole("button", { name: "Start again" }).click();
  await playing(page);
  await expect(panel).toHaveCount(0);
});

test("without the snapshot the kernel boots from power-on, and the page says so", async () => {
  missing(/snapshot-/);
  const { page } = await visit(site);
  await ready(page);
  await expect(page.locator(notices)).toContainText("boots from power-on");
  await typeLine(page, 1, "echo $((6*7))-answer");
  await expect(screen(page, 1)).toContainText("42-answer");
});

test("the next visit has the snapshot already, and fetches it again when what it has is damaged", async () => {
  const { context, page } = await visit(site);
  await ready(page);
  /** Whether the page keeps the unpacked snapshot by now; `spoil` writes a damaged one in its place. */
  const kept = (spoil: boolean) =>
    page.evaluate(async (spoil) => {
      const databases = await indexedDB.databases();
      if (!databases.some(({ name }) => name === "glassbox-machine")) return false;
      const done = <T>(request: IDBRequest<T>) =>
        new Promise<T>((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error as Error);
        });
      const database = await done(indexedDB.open("glassbox-machine"));
      const store = () => database.transaction("unpacked", "readwrite").objectStore("unpacked");
      const blob = (await done(store().get("snapshot"))) as Blob | undefined;
      if (blob && spoil) await done(store().put(new Blob([blob.slice(0, blob.size - 1), "x"]), "snapshot"));
      database.close();
      return blob !== undefined;
    }, spoil);
  await expect.poll(() => kept(false)).toBe(true);
  let fetches = 0;
  site.intercept = (request) => {
    if (/snapshot-/.test(request.url ?? "")) fetches++;
    return false;
  };
  const again = async () => {
    const next = await context.newPage();
    await next.goto(site.url);
    await ready(next);
    await typeLine(next, 1, "echo $((6*7))-answer");
    await expect(screen(next, 1)).toContainText("42-answer");
    await expect(next.locator(notices)).not.toContainText("power-on");
    await next.close();
  };
  // The browser's own cache must not answer for us.
  await context.route(/snapshot-/, (route) => route.continue());
  await again();
  expect(fetches).toBe(0);
  expect(await kept(true)).toBe(true);
  await again();
  expect(fetches).toBe(1);
});

test("a damaged snapshot is not used, and the page says so", async () => {
  await damaged(/snapshot-/);
  const { page } = await visit(site);
  await ready(page);
  await expect(page.locator(notices)).toContainText("boots from power-on");
});

test("a worker script that cannot be loaded is said, with a way to try again", async () => {
  missing(/worker-.*\.js/);
  const { page } = await visit(site);
  const panel = page.locator(notices).getByRole("alert");
  await expect(panel).toContainText("worker");
  site.intercept = undefined;
  await panel.getByRole("button", { name: "Start again" }).click();
  await ready(page);
});

test("a policy that blocks WebAssembly is named", async () => {
  site.intercept = (request, response) => {
    if (/\.js$/.test(request.url ?? "")) response.setHeader("Content-Security-Policy", "script-src 'self'");
    return false;
  };
  const { page } = await visit(site);
  await expect(page.locator(".phase")).toHaveText(/failed/);
  await expect(page.locator(notices).getByRole("alert")).toContainText("WebAssembly");
});

test("without storage everything works, and the page says what will not last", async () => {
  const context = await site.browser.newContext();
  const page = await context.newPage();
  await page.addInitScript(() => {
    const denied = () => {
      throw new DOMException("denied", "SecurityError");
    };
    Object.defineProperty(globalThis, "indexedDB", { get: denied });
    Object.defineProperty(globalThis, "localStorage", { get: denied });
  });
  await page.goto(site.url);
  await playing(page);
  await expect(page.locator(notices)).toContainText("denies storage");
  await page.getByRole("button", { name: "Show me" }).click();
  await expect(page.getByRole("region", { name: "Verdict" })).toContainText("Passed");
});

test("a worker that dies is said, and a new one takes its place", async () => {
  const { page } = await visit(site);
  await playing(page);
  const [worker] = page.workers();
  await worker.evaluate(
    () =>
      void setTimeout(() => {
        throw new Error("boom");
      }),
  );
  const panel = page.locator(notices).getByRole("alert");
  await expect(panel).toContainText("boom");
  await panel.getByRole("button", { name: "Start again" }).click();
  await ready(page);
  await typeLine(page, 1, "echo $((6*7))-answer");
  await expect(screen(page, 1)).toContainText("42-answer");
});

test("a kernel panic leaves the screen as it was, says what the kernel said, and a start brings it back", async () => {
  const { page } = await visit(site);
  await ready(page);
  await typeLine(page, 1, "echo before-the-$((1))-panic");
  await expect(screen(page, 1)).toContainText("before-the-1-panic");
  await typeLine(page, 1, "echo c > /proc/sysrq-trigger");
  const panel = page.locator(notices).getByRole("alert");
  await expect(panel).toContainText(/panic/i);
  await expect(screen(page, 1)).toContainText("before-the-1-panic");
  await panel.getByRole("button", { name: "Start again" }).click();
  await ready(page);
});

test("a fork bomb leaves the page usable, and a reset ends it", async () => {
  const { page, errors } = await visit(site);
  await ready(page);
  await typeLine(page, 1, "bomb() { bomb | bomb & }; bomb");
  await expect(async () => {
    expect(
      Number(/([\d,]+) tasks/.exec((await page.locator(".count").textContent())!)![1].replace(",", "")),
    ).toBeGreaterThan(200);
  }).toPass();
  // The tree is still a tree, and answers.
  await showView(page, "Processes");
  await page.getByRole("button", { name: "Table" }).click();
  await expect(page.getByRole("table", { name: /Every task/ }).getByRole("row")).not.toHaveCount(0);
  await page.getByRole("button", { name: "Reset", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Reset" }).click();
  await expect(page.locator(".count")).toContainText(/^\d tasks/);
  await ready(page);
  expect(errors).toEqual([]);
});

test("a flood of output neither hurts the page nor keeps Ctrl-C from the guest", async () => {
  const { page, errors } = await visit(site);
  await ready(page);
  await typeLine(page, 1, "yes flood | head -c 1000000 | cat; echo end-$((1+1))");
  await expect(screen(page, 1)).toContainText("end-2");
  await typeLine(page, 1, "yes without-end");
  await expect(task(page, "yes")).toBeVisible();
  await expect(screen(page, 1)).toContainText("without-end");
  // The page still answers: another terminal, the picture.
  await typeLine(page, 2, "echo other-$((4+4))");
  await expect(screen(page, 2)).toContainText("other-8");
  await page.getByRole("tab", { name: "Terminal 1" }).click();
  await page.keyboard.press("Control+c");
  await expect(task(page, "yes")).toHaveCount(0);
  await typeLine(page, 1, "clear; echo still-$((2+2))");
  await expect(screen(page, 1)).toContainText("still-4");
  expect(errors).toEqual([]);
});

test("100 MB pasted are asked about, go at the guest's pace, and can be stopped", async () => {
  const { page } = await visit(site);
  await ready(page);
  await typeLine(page, 1, "cat > /dev/null");
  await page.evaluate(() => {
    const data = new DataTransfer();
    data.setData("text/plain", "0123456789abcde\n".repeat(100e6 / 16));
    const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
    document.querySelector(".xterm-helper-textarea")!.dispatchEvent(event);
  });
  const bar = page.locator(".paste");
  await expect(page.getByText("Paste 95.4 MiB (6,250,001 lines) into terminal 1?")).toBeVisible();
  await page.getByRole("button", { name: "Paste", exact: true }).click();
  await expect(page.getByText(/Pasting [\d.]+ [KM]iB of 95.4 MiB/)).toBeVisible();
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(bar).toHaveCount(0);
  await expect(page.getByRole("textbox", { name: "Terminal 1." })).toBeFocused();
  await page.keyboard.press("Control+c");
  await expect(task(page, "cat")).toHaveCount(0);
  await typeLine(page, 1, "clear; echo alive-$((3+3))");
  await expect(screen(page, 1)).toContainText("alive-6");
});
