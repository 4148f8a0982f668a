import { expect, test } from "vitest";
import { FILE_CHARS_MAX, PATTERN_CHARS_MAX, PATTERNS_MAX } from "./bounds";
import { isIgnored, mayHoldKept, parseDockerignore, parseExcludes } from "./dockerignore";
import { describeProblem } from "./problem";
import { sourcePattern } from "./source-pattern";

const NOWHERE = { start: { line: 1, column: 1 }, end: { line: 1, column: 1 } };

test("wrong patterns are named with their line, the others hold", () => {
  const { patterns, problems } = parseDockerignore("*.md\n[a\n# [\n!\n\\\na[]b\n[b-]\nlast");
  expect(problems.map((problem) => describeProblem(problem, ".dockerignore"))).toEqual([
    '.dockerignore:2:1: error: The pattern [a is wrong: a "[" is not closed by "]".',
    '.dockerignore:4:1: error: A lone "!" excepts nothing: write a pattern after it.',
    ".dockerignore:5:1: error: The pattern \\ is wrong: a backslash at the end escapes nothing.",
    '.dockerignore:6:1: error: The pattern a[]b is wrong: a "]" within brackets needs a backslash, and "[]" holds nothing.',
    '.dockerignore:7:1: error: The pattern [b-] is wrong: a "-" within brackets needs a backslash, or a character on each side.',
  ]);
  expect(patterns.map(({ pattern, range }) => [pattern, range.start.line])).toEqual([
    ["*.md", 1],
    ["last", 8],
  ]);
});

test("the last pattern that matches decides, and a directory stands for all in it", () => {
  const { patterns } = parseDockerignore("docs\n!docs/keep\ndocs/keep/*.tmp");
  expect(
    ["docs/a", "docs/keep", "docs/keep/b", "docs/keep/b.tmp", "docs"].filter((path) => isIgnored(patterns, path)),
  ).toEqual(["docs/a", "docs/keep/b.tmp", "docs"]);
  expect(mayHoldKept(patterns)).toBe(true);
  expect(mayHoldKept(parseDockerignore("docs").patterns)).toBe(false);
});

test("the context itself is never left out, and paths are taken from its root", () => {
  const { patterns } = parseDockerignore("**");
  expect(["", ".", "/"].map((path) => isIgnored(patterns, path))).toEqual([false, false, false]);
  expect(["/a", "./a", "a/"].map((path) => isIgnored(patterns, path))).toEqual([true, true, true]);
});

test("--exclude speaks the same language", () => {
  const patterns = parseExcludes([
    { text: "*.md", range: NOWHERE },
    { text: "!README.md", range: NOWHERE },
  ]);
  expect(["a.md", "README.md"].map((path) => isIgnored(patterns, path))).toEqual([true, false]);
  expect(() => parseExcludes([{ text: "[", range: NOWHERE }])).toThrow(/The pattern \[ is wrong/);
});

test("patterns made to take long do not", () => {
  const path = "a/".repeat(2000) + "b";
  for (const pattern of [
    "*a".repeat(1000),
    "**/a/".repeat(500) + "c",
    "a**".repeat(1000) + "q",
    "[a-c]*".repeat(600),
  ]) {
    const { patterns, problems } = parseDockerignore(pattern);
    expect(problems).toEqual([]);
    expect(isIgnored(patterns, `${path}x`)).toBe(false);
  }
});

test("what is too large is refused", () => {
  expect(parseDockerignore("#".repeat(FILE_CHARS_MAX + 1)).problems).toMatchObject([{ code: "too-large" }]);
  expect(parseDockerignore("a".repeat(PATTERN_CHARS_MAX + 1)).problems).toMatchObject([{ code: "bad-pattern" }]);
  const { patterns, problems } = parseDockerignore("a\n".repeat(PATTERNS_MAX + 1));
  expect(problems).toMatchObject([{ code: "too-large" }]);
  expect(patterns).toHaveLength(PATTERNS_MAX);
});

test("a source of COPY lies within the context, whatever it says", () => {
  for (const source of ["a/b", "/a/b", "./a/b/", "../a/b", "x/../a/b"]) {
    expect(sourcePattern(source, NOWHERE)).toMatchObject({ path: "a/b", wildcard: false });
  }
  expect(sourcePattern(".", NOWHERE)).toMatchObject({ path: "", wildcard: false });
});

test("a wildcard of COPY stays within a directory; a backslash hides it", () => {
  const matching = (source: string): string[] =>
    ["a.txt", "b.txt", "d/c.txt", "arr[0].txt", "x*"].filter(sourcePattern(source, NOWHERE).matches);
  expect(matching("*.txt")).toEqual(["a.txt", "b.txt", "arr[0].txt"]);
  expect(matching("/d/*")).toEqual(["d/c.txt"]);
  expect(matching("?.txt")).toEqual(["a.txt", "b.txt"]);
  expect(matching("arr[[]0].txt")).toEqual(["arr[0].txt"]);
  expect(matching("[x]\\*")).toEqual(["x*"]);
  expect(() => sourcePattern("a[", NOWHERE)).toThrow(/The source a\[ is wrong/);
});
