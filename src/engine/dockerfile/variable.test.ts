import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { newSeed, random } from "../../../tests/support/hostile";
import { EXPANDED_CHARS_MAX, NESTING_MAX } from "./bounds";
import { expandWord, SubstitutionError } from "./variable";

const expand = (word: string, variables: Record<string, string> = {}): string =>
  expandWord(word, new Map(Object.entries(variables))).text;

// docs.docker.com/reference/dockerfile/#environment-replacement
test.each([
  ["${str#f*b}", "arbaz"],
  ["${str##f*b}", "az"],
  ["${str%b*}", "foobar"],
  ["${str%%b*}", "foo"],
  ["${str/ba/fo}", "fooforbaz"],
  ["${str//ba/fo}", "fooforfoz"],
])("the reference's %s of foobarbaz is %s", (word, expected) => {
  expect(expand(word, { str: "foobarbaz" })).toBe(expected);
});

test.each([
  ["${set-word}", "value"],
  ["${empty-word}", ""],
  ["${unset-word}", "word"],
  ["${empty:-word}", "word"],
  ["${set+word}", "word"],
  ["${empty+word}", "word"],
  ["${empty:+word}", ""],
  ["${unset+word}", ""],
  ["${empty?no}", ""],
  ["${unset-${empty:-$set}}", "value"],
])("%s is %j", (word, expected) => {
  expect(expand(word, { set: "value", empty: "" })).toBe(expected);
});

test("what is escaped in a pattern is meant itself", () => {
  expect(expand("${x%%\\**}", { x: "ab**" })).toBe("ab");
  expect(expand("${x#\\?}", { x: "?y" })).toBe("y");
  expect(expand("${x//\\//-}", { x: "/a/b" })).toBe("-a-b");
  expect(expand("${x#a\\}}", { x: "a}b" })).toBe("b");
});

test("a pattern can come from a variable, the replacement, too", () => {
  expect(expand("${x/$from/$to}", { x: "http://a", from: "http://", to: "https://" })).toBe("https://a");
});

test.each([
  ["${unset:?give it}", "unset: give it", 0],
  ["a ${unset?}", "unset: is not allowed to be unset", 2],
  ["${empty:?}", "empty: is not allowed to be empty", 0],
  ["ab'c", "single quote", 2],
  ['ab"c', "double quote", 2],
  ["x${a", "missing }", 1],
  ["${}", "bad substitution", 0],
  ["${a=b}", "unsupported modifier =", 0],
  ["${a:/b/c}", "unsupported modifier :/", 0],
  ["${a/b}", "missing /", 0],
  ["${a#\\x}", "invalid escape", 0],
])("%j says what is wrong and where", (word, message, offset) => {
  const error = catchError(() => expand(word, { empty: "" }));
  expect(error).toMatchObject({ name: "SubstitutionError", offset });
  expect(error.message).toContain(message);
});

test("in the text of a here-document quotes stay, variables and escapes do not", () => {
  const { text } = expandWord(`'$a' "\${a}" \\$a it's`, new Map([["a", "1"]]), { quotes: "kept" });
  expect(text).toBe(`'1' "1" $a it's`);
});

test("names with and without a value are told apart, and a default is no cause for worry", () => {
  const { used, unset } = expandWord("$a $b ${c:-x} ${d#x}", new Map([["a", "1"]]));
  expect([...used]).toEqual(["a"]);
  expect([...unset]).toEqual(["b", "d"]);
});

test("# ## % %% agree with the shell on this machine", () => {
  const next = random(newSeed());
  const pick = (letters: string, length: number): string =>
    Array.from({ length: Math.floor(next() * (length + 1)) }, () => letters[Math.floor(next() * letters.length)]).join(
      "",
    );
  const cases = Array.from({ length: 500 }, () => ({
    value: pick("abc", 8),
    modifier: ["#", "##", "%", "%%"][Math.floor(next() * 4)],
    pattern: pick("abc*?", 5),
  }));
  const script = cases.map(({ value, modifier, pattern }) => `x=${value}; printf '%s\\n' "\${x${modifier}${pattern}}"`);
  const { stdout } = spawnSync("/bin/sh", ["-c", script.join("\n")], { encoding: "utf8" });
  const ours = cases.map(({ value, modifier, pattern }) => expand(`\${x${modifier}${pattern}}`, { x: value }));
  expect(ours).toEqual(stdout.split("\n").slice(0, -1));
});

test("/ and // agree with JavaScript's regular expressions", () => {
  const next = random(newSeed());
  const pick = (letters: string, length: number): string =>
    Array.from({ length: Math.floor(next() * (length + 1)) }, () => letters[Math.floor(next() * letters.length)]).join(
      "",
    );
  for (let round = 0; round < 500; round++) {
    const value = pick("abc\n", 10);
    const pattern = pick("ab*?", 4);
    const source = pattern.replace(/\*+/g, "[^\\n]*").replaceAll("?", "[^\\n]");
    const variables = { x: value, p: pattern };
    expect(expand("${x/$p/-}", variables)).toBe(value.replace(new RegExp(source), "-"));
    // Other than Go, JavaScript counts an empty match right behind a match.
    if (/^\**$/.test(pattern)) continue;
    expect(expand("${x//$p/-}", variables)).toBe(value.replace(new RegExp(source, "g"), "-"));
  }
});

test("hostile words end soon and with a reason", () => {
  const long = "a".repeat(EXPANDED_CHARS_MAX);
  const variables = { x: long };
  expect(catchError(() => expand("$x$x", variables)).message).toContain("characters come out");
  expect(catchError(() => expand('"$x$x"', variables)).message).toContain("characters come out");
  expect(catchError(() => expand("${x//a/$x}", variables)).message).toContain("characters come out");
  expect(expand(`\${x#${"*a".repeat(200)}b}`, variables)).toBe(long);
  expect(catchError(() => expand(`\${x#${"*a".repeat(200)}b}`.repeat(50), variables)).message).toContain("too long");
  expect(catchError(() => expand(`\${x#${"?".repeat(600)}}`, variables)).message).toContain("longer than 512");
  expect(catchError(() => expand("${a:-".repeat(NESTING_MAX + 1))).message).toContain("deeper");
});

function catchError(action: () => unknown): SubstitutionError {
  try {
    action();
  } catch (error) {
    if (error instanceof SubstitutionError) return error;
    throw error;
  }
  throw new Error("Nothing was thrown.");
}
