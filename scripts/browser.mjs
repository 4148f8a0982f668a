// Finds a Chromium for the browser tests; as root on Debian, installs one.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** For a browser that runs as root in a container, and asks the network for nothing. */
export const BROWSER_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** Path of a browser, or undefined after saying in one sentence what to do. */
export function findBrowser() {
  const given = process.env.CHROMIUM;
  if (given) return given;
  const found = () => PLACES.find((path) => existsSync(path));
  if (found()) return found();
  if (process.getuid?.() === 0 && existsSync("/etc/debian_version")) {
    console.log("Installing Debian's chromium");
    const options = { stdio: "inherit", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
    spawnSync("apt-get", ["update", "-qq"], options);
    spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "chromium"], options);
    if (found()) return found();
  }
  console.error("The browser tests need Chromium: install it, or name one in the environment variable CHROMIUM.");
  return undefined;
}
