/** Help pages, held against docker's own: the same forms, names, letters and kinds; the texts are ours where Docker's are long. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testCli } from "../../tests/support/engine/cli-io";
import { DOCKER, DOCKER_MAJOR, runDocker } from "../../tests/support/engine/docker";
import { startRecorder } from "../../tests/support/engine/recorder";
import type { Recorder } from "../../tests/support/engine/recorder";
import { optionLines } from "./help";
import { run } from "./main";
import { declareOptions } from "./options";
import { GROUPS, TOP_COMMANDS } from "./tree";

const skipped =
  DOCKER === undefined
    ? "there is no docker on this machine"
    : DOCKER_MAJOR !== 28
      ? `docker ${DOCKER_MAJOR} is not docker 28`
      : "";

/** What Docker's help lists and ours does not: Windows, swarms, signed images, graphics cards, checkpoints, what was dropped. */
const NOT_HERE = new Set([
  "cpu-count", "cpu-percent", "io-maxbandwidth", "io-maxiops", "isolation", "kernel-memory", "use-api-socket", "gpus", "disable-content-trust",
  "checkpoint", "checkpoint-dir", "gw-priority", "tree", "cluster", "compress", "security-opt", "ipv4", "squash",
  "availability", "group", "limit-bytes", "required-bytes", "scope", "secret", "sharing", "topology-preferred", "topology-required", "type", "platform",
]); // prettier-ignore

interface Page {
  usage: string;
  aliases: string;
  /** `-m, --memory bytes`, by name. */
  options: Map<string, { head: string; text: string }>;
}

const readPage = (text: string): Page => {
  const options: Page["options"] = new Map();
  const section = /^Options:\n((?:.+\n)*)/m.exec(text)?.[1] ?? "";
  let name = "";
  for (const line of section.split("\n")) {
    const found = /^ {2}(?:-\w, | {4})--([\w-]+)(?: [\w-]+)?(?= {2,}|$)/.exec(line);
    if (found) {
      name = found[1];
      options.set(name, { head: found[0].trim(), text: line.slice(found[0].length).trim() });
    } else if (name !== "" && line.trim() !== "") {
      const option = options.get(name);
      if (option) option.text = `${option.text} ${line.trim()}`.trim();
    }
  }
  return {
    usage: /^Usage: {2}(.*(?:\n\t.*)*)/m.exec(text)?.[1] ?? "",
    aliases: /^Aliases:\n(.*)/m.exec(text)?.[1] ?? "",
    options,
  };
};

const paths = [
  ...GROUPS.flatMap((group) => group.commands.map((command) => `${group.name} ${command.name}`)),
  ...TOP_COMMANDS.map((entry) => entry.name),
];

let recorder: Recorder;
let home: string;
beforeAll(async () => {
  recorder = await startRecorder();
  home = await mkdtemp(join(tmpdir(), "glassbox-help-"));
});
afterAll(async () => {
  await recorder?.close();
  if (home) await rm(home, { recursive: true });
});

const ourHelp = async (argv: string[], cols?: number): Promise<string> => {
  const io = testCli(recorder.port, cols ? { tty: { cols, rows: 24 } } : {});
  expect(await run(["docker", ...argv], io)).toBe(0);
  return io.stdoutText();
};

describe.skipIf(skipped)(`the same as docker${skipped && ` (skipped: ${skipped})`}`, () => {
  test.each(paths)("docker %s --help", async (path) => {
    const theirs = readPage((await runDocker(recorder.port, [...path.split(" "), "--help"], { home })).stdout);
    const ours = readPage(await ourHelp([...path.split(" "), "--help"]));
    expect(ours.usage).toBe(theirs.usage);
    expect(ours.aliases).toBe(theirs.aliases);
    const heads = (page: Page): string[] =>
      [...page.options]
        .filter(([name]) => !(NOT_HERE.has(name) && !ours.options.has(name)))
        .map(([, option]) => option.head);
    expect(heads(ours)).toEqual(heads(theirs));
  });

  test.each(["run", "build", "update", "network create", "stats", "load"])(
    "lines of %s break where docker breaks them",
    async (path) => {
      const { stdout } = await runDocker(recorder.port, [...path.split(" "), "--help"], { home });
      const section = /^Options:\n((?:.+\n)*)/m.exec(stdout)?.[1] ?? "";
      const { options } = readPage(stdout);
      const specs = [...options].map(([name, { head, text }]) => ({
        ...declareOptions(`--${name} list  .`)[0],
        text,
        short: /^-(\w),/.exec(head)?.[1] ?? "",
        type: head.split(`--${name}`)[1].trim(),
      }));
      // Texts of several lines cannot be told from broken ones.
      const entries = (lines: string): string[] =>
        lines.split(/^(?= {2}(?:-\w| {4}--))/m).filter((entry) => !entry.includes("'"));
      expect(entries(optionLines(specs, 80))).toEqual(entries(section));
    },
  );
});

test("the first page lists every command once, and the groups", async () => {
  const help = await ourHelp(["--help"]);
  for (const { name } of TOP_COMMANDS) expect(help.match(new RegExp(`^ {2}${name} `, "gm"))).toHaveLength(1);
  for (const { name, short } of GROUPS) expect(help).toContain(`  ${name.padEnd(11)} ${short}\n`);
});

test("no command, --help and help show the same page; a group without a command shows its own", async () => {
  expect(await ourHelp([])).toBe(await ourHelp(["help"]));
  expect(await ourHelp(["volume"])).toBe(await ourHelp(["volume", "--help"]));
  expect(await ourHelp(["help", "volume", "ls"])).toBe(await ourHelp(["volume", "ls", "--help"]));
});

test("a wide terminal gets long lines", async () => {
  const longest = (text: string): number => Math.max(...text.split("\n").map((line) => line.length));
  expect(longest(await ourHelp(["run", "--help"]))).toBeLessThanOrEqual(80);
  expect(longest(await ourHelp(["run", "--help"], 200))).toBeGreaterThan(80);
});

test("no text is longer than a line of a wide terminal, and no group has a name twice", () => {
  for (const group of GROUPS) {
    const names = group.commands.flatMap((command) => [command.name, ...command.aliases]);
    expect(new Set(names).size).toBe(names.length);
    for (const command of group.commands) {
      const options = command.specs.flatMap((spec) => [spec.name, ...(spec.short ? [`-${spec.short}`] : [])]);
      expect(new Set(options).size, command.name).toBe(options.length);
    }
  }
});
