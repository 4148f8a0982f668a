// `npm run test:lessons [-- NAME…]`: installs, builds the machine, checks the text of all lessons and plays every step of them.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { install, tsx } from "./install.mjs";

const TOP = fileURLToPath(new URL("../", import.meta.url));
const lesson = (...args) =>
  spawnSync(process.execPath, ["--v8-pool-size=1", `${TOP}bin/glassbox.mjs`, "lesson", ...args], {
    cwd: TOP,
    stdio: "inherit",
  }).status;

install();
const names = process.argv.slice(2);
const failed = tsx(["guest/build.ts"]) || lesson("lint", ...names) || lesson("test", "--jobs", "2", ...names);
process.exit(failed ?? 1);
