// Installs the packages of the lock file when they are not there already. Plain JavaScript: nothing is installed yet.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const TOP = fileURLToPath(new URL("../", import.meta.url));
const STAMP = `${TOP}node_modules/.lock-hash`;
const LEAST = [20, 19];

export function install() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < LEAST[0] || (major === LEAST[0] && minor < LEAST[1])) {
    console.error(`This needs Node ${LEAST.join(".")} or newer; this is Node ${process.versions.node}.`);
    process.exit(1);
  }
  const lock = createHash("sha256")
    .update(readFileSync(`${TOP}package-lock.json`))
    .digest("hex");
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === lock) return;
  console.log("Installing packages (npm ci)");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const { status } = spawnSync(npm, ["ci", "--no-fund", "--no-audit", "--loglevel=error"], {
    cwd: TOP,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (status !== 0) {
    console.error("The packages could not be installed; npm says why above.");
    process.exit(1);
  }
  writeFileSync(STAMP, lock);
}

/** Runs `node` with TypeScript understood; returns its exit code. */
export function tsx(args, env = {}) {
  const { status, signal } = spawnSync(process.execPath, ["--import", "tsx", ...args], {
    cwd: TOP,
    stdio: "inherit",
    env: { ...process.env, ...env },
  });
  return status ?? (signal ? 1 : 0);
}
