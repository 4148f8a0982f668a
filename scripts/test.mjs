// `npm test`: installs, finds a browser, then types, lint, import rules, unit, guest, lesson and browser tests.
// `npm test -- unit guest` runs these parts alone.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { findBrowser } from "./browser.mjs";
import { install, tsx } from "./install.mjs";

const TOP = fileURLToPath(new URL("../", import.meta.url));
const bin = (name, path) => [process.execPath, `${TOP}node_modules/${name}/${path}`];
const REPORTS = `${TOP}.cache/test`;

const CHECKS = {
  types: [
    [...bin("svelte-check", "bin/svelte-check"), "--tsconfig", "tsconfig.json", "--fail-on-warnings"],
    [...bin("typescript", "bin/tsc")],
  ],
  lint: [
    [...bin("eslint", "bin/eslint.js"), "--max-warnings", "0", "."],
    [...bin("prettier", "bin/prettier.cjs"), "--check", "--log-level", "warn", "."],
  ],
  imports: [
    [
      ...bin("dependency-cruiser", "bin/dependency-cruise.mjs"),
      "--config",
      ".dependency-cruiser.cjs",
      "src",
      "guest",
      "images",
    ],
  ],
};
const PROJECTS = ["unit", "guest", "lessons", "browser"];

const asked = process.argv.slice(2);
const unknown = asked.filter((part) => !(part in CHECKS) && !PROJECTS.includes(part));
if (unknown.length > 0) {
  console.error(
    `There is no part ${unknown.join(", ")}; the parts are ${[...Object.keys(CHECKS), ...PROJECTS].join(", ")}.`,
  );
  process.exit(2);
}
const wanted = (part) => asked.length === 0 || asked.includes(part);

install();
const browser = wanted("browser") ? findBrowser() : "none";
if (!browser) process.exit(1);

let passed = 0;
let failed = 0;
/** What to look at, said again at the end, where it is seen. */
const troubles = [];
const run = ([command, ...args], env = {}) =>
  spawnSync(command, args, { cwd: TOP, stdio: "inherit", env: { ...process.env, ...env } }).status === 0;
const count = (name, ok) => {
  if (ok) passed++;
  else {
    failed++;
    troubles.push(`failed: ${name}`);
  }
  console.log(`${ok ? "ok  " : "FAIL"} ${name}`);
};

/** Tests of one file that failed, or passed at a second attempt only. */
function troublesOf(project, { name, status, message, assertionResults }) {
  const file = relative(TOP, name);
  if (status === "failed" && assertionResults.every((test) => test.status !== "failed"))
    return [`failed: ${project} ${file}: ${message.split("\n")[0]}`];
  return assertionResults
    .filter((test) => test.failureMessages?.length > 0)
    .map((test) => {
      const verdict = test.status === "failed" ? "failed" : "passed at the second attempt";
      return `${verdict}: ${project} ${file} > ${test.fullName}\n    ${test.failureMessages[0].split("\n")[0]}`;
    });
}

for (const [name, commands] of Object.entries(CHECKS)) {
  if (wanted(name))
    commands.forEach((command) =>
      count(`${name}: ${command[1].replace(/.*node_modules\//, "").split("/")[0]}`, run(command)),
    );
}
if (PROJECTS.slice(1).some(wanted)) count("machine built", tsx(["guest/build.ts"]) === 0);
if (wanted("browser")) count("page built", tsx(["scripts/build.ts"]) === 0);

rmSync(REPORTS, { recursive: true, force: true });
mkdirSync(REPORTS, { recursive: true });
for (const project of PROJECTS.filter(wanted)) {
  const report = `${REPORTS}/${project}.json`;
  const ok = run(
    [
      ...bin("vitest", "vitest.mjs"),
      "run",
      "--project",
      project,
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
    ],
    { CHROMIUM: browser },
  );
  try {
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, "utf8"));
    passed += numPassedTests;
    failed += numFailedTests;
    // A suite that could not even start has no failed test to count.
    if (!ok && numFailedTests === 0) failed++;
    troubles.push(...testResults.flatMap((file) => troublesOf(project, file)));
  } catch {
    failed++;
    troubles.push(`failed: ${project}, without a report`);
  }
}
if (troubles.length > 0) console.log(`\n${troubles.join("\n")}`);
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
