/** `npm run screenshots`: the pictures of `docs/`, taken from the built page with a container made by hand in it. */
import { fileURLToPath } from "node:url";
import { chromium, type Page } from "@playwright/test";
import { BROWSER_FLAGS, findBrowser } from "./browser.mjs";
import { buildSite, serveSite } from "./site";

const DOCS = fileURLToPath(new URL("../docs/", import.meta.url));
const SIZE = { width: 1440, height: 900 };
/** Moves take 250 ms at most, and a line typed ends long before. */
const SETTLE_MS = 1200;

const CONTAINER = [
  "mkdir -p /web/image/etc /web/upper /web/work /web/root; cd /web/image/etc; echo Welcome > motd; echo old > issue; cd",
  "mount -t overlay web -o lowerdir=/web/image,upperdir=/web/upper,workdir=/web/work /web/root",
  "cd /web/root; echo Changed > etc/motd; rm etc/issue; echo new > index.html; cd",
  "cd /sys/fs/cgroup; echo +cpu +memory +pids > cgroup.subtree_control; mkdir web; echo 32M > web/memory.max; echo 20 > web/pids.max; cd",
  "sh -c 'echo 0 > /sys/fs/cgroup/web/cgroup.procs; exec unshare -pmuni --fork --mount-proc sh -c \"hostname web; nc -l -p 80 & sleep 1000\"' &",
  "ip link add web0 type veth peer name eth0 netns $(pidof -s sleep); ip address add 10.0.0.1/24 dev web0; ip link set web0 up",
  "nsenter -t $(pidof -s sleep) -n sh -c 'ip address add 10.0.0.2/24 dev eth0; ip link set eth0 up'; clear",
];

const VIEWS = [
  "Whole",
  "Processes",
  "Namespaces",
  "Host | inside",
  "Cgroups",
  "Layers",
  "Mounts",
  "Network",
  "Timeline",
];

const executablePath = findBrowser();
if (!executablePath) throw new Error("There is no Chromium; name one in the environment variable CHROMIUM.");
await buildSite(console.error);
const { url, server } = await serveSite(0);
const browser = await chromium.launch({ executablePath, args: BROWSER_FLAGS });
for (const theme of ["light", "dark"] as const) {
  const page = await (await browser.newContext({ viewport: SIZE, colorScheme: theme })).newPage();
  await page.goto(url);
  await page.waitForFunction(() => document.querySelector(".xterm-rows")?.textContent?.includes("#"));
  for (const line of CONTAINER) {
    await page.locator(".xterm-helper-textarea").first().focus();
    await page.keyboard.type(`${line}\n`);
    await page.waitForTimeout(SETTLE_MS);
  }
  for (const view of VIEWS) {
    await show(page, view);
    await page.screenshot({ path: `${DOCS}${fileName(view)}-${theme}.png` });
  }
  await show(page, "Processes");
  await page.getByRole("treeitem", { name: /, sleep, / }).click();
  await page.getByRole("button", { name: "Why: pid", exact: true }).click();
  await page.waitForTimeout(SETTLE_MS);
  await page.screenshot({ path: `${DOCS}evidence-${theme}.png` });
}
await browser.close();
server.closeAllConnections();
server.close();

async function show(page: Page, view: string): Promise<void> {
  await page
    .getByRole("toolbar", { name: "Views of the picture" })
    .getByRole("button", { name: view, exact: true })
    .click();
  await page.waitForTimeout(SETTLE_MS);
}

/** `view-host-inside` */
function fileName(view: string): string {
  return `view-${view.toLowerCase().replaceAll(/\W+/g, "-")}`;
}
