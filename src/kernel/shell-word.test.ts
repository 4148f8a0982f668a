import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { hostileTexts } from "../../tests/support/hostile";
import { shellWord } from "./shell-word";

test("plain words stay as they are", () => {
  expect(shellWord("/sys/fs/cgroup/a/cpu.max")).toBe("/sys/fs/cgroup/a/cpu.max");
});

test("what cannot be seen is written by its bytes", () => {
  expect(shellWord("/a\u001b[31m\u202e%s'\\/x")).toBe(`"$(printf '/a\\033[31m\\342\\200\\256%%s'\\''\\\\/x')"`);
});

test("bytes that are not known are not made up", () => {
  expect(shellWord("a\ufffdb")).toBeUndefined();
  expect(shellWord("a\0b")).toBeUndefined();
});

test("a shell reads them as they were, and nothing in them acts on a terminal", () => {
  const { texts, seed } = hostileTexts(200);
  // A path goes on behind the name.
  const paths = texts.map((text) => `/${text}/file`);
  const words = paths.map((path) => shellWord(path)!);
  const script = `printf '%s\\0' ${words.join(" ")}`;
  expect(script, `SEED=${seed}`).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(execFileSync("sh", ["-c", script]).toString().split("\0").slice(0, -1), `SEED=${seed}`).toEqual(paths);
});
