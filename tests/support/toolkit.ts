/** Demonstrators as scripts of this machine, and the shells that can run them. */
import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect } from "vitest";
import { generate } from "../../guest/toolkit/generate";
import type { Settings, Tool } from "../../guest/toolkit/tool";
import { quote } from "../../src/plan/quote";

/** The guest's own busybox, which this machine may be able to run. */
export const busybox = fileURLToPath(new URL("../../images/machine/bin/busybox", import.meta.url));

/** The guest's shell where it runs, and others, which keep the scripts to what POSIX says. */
export const shells = [
  { name: "the guest's ash", words: [busybox, "sh"] },
  { name: "dash", words: ["dash"] },
  { name: "bash", words: ["bash", "--posix"] },
].filter(({ words }) => spawnSync(words[0], [...words.slice(1), "-c", ":"]).status === 0);

const made: string[] = [];
afterAll(() => made.forEach((directory) => rmSync(directory, { recursive: true })));

/** The tool as a script in a directory of its own, which is gone after the file's tests. */
export function toolForTest(tool: Tool): {
  directory: string;
  path: string;
  call: (shell: string[], words: string[], env?: NodeJS.ProcessEnv) => SpawnSyncReturns<string>;
} {
  const directory = mkdtempSync(join(tmpdir(), `${tool.name}-`));
  made.push(directory);
  const path = join(directory, tool.name);
  writeFileSync(path, generate(tool));
  chmodSync(path, 0o755);
  return {
    directory,
    path,
    call: (shell, words, env = process.env) =>
      spawnSync(shell[0], [...shell.slice(1), path, ...words], { encoding: "utf8", env }),
  };
}

/** Settings as the words of a command line. */
export function options(settings: Settings): string[] {
  return Object.entries(settings).flatMap(([name, value]) => (value === true ? [`--${name}`] : [`--${name}`, value]));
}

/** What the script prints for each of the settings. One shell calls it for all: a thousand starts of a program are slow. */
export function callEach(
  shell: string[],
  path: string,
  settings: Settings[],
  before: string[],
  after: string[],
): string[] {
  const calls = settings.map((each) => [...before, ...options(each), ...after].map(quote).join(" "));
  const program = ["main() ( . $0 )", ...calls.map((each) => `main ${each}\nprintf '\\0'`)].join("\n");
  const input = join(dirname(path), "calls");
  writeFileSync(input, program);
  const printed = spawnSync(shell[0], [...shell.slice(1), "-c", `. ${input}`, path], {
    encoding: "utf8",
    maxBuffer: 1e8,
  });
  expect(printed.stderr).toBe("");
  return printed.stdout.split("\0").slice(0, -1);
}
