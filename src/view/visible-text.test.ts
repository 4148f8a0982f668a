import { expect, test } from "vitest";
import { shellWord, visibleParts, visibleText } from "./visible-text";

test("plain names pass through, in any script", () => {
  expect(visibleText("busybox")).toBe("busybox");
  expect(visibleText("процесс 進程 é")).toBe("процесс 進程 é");
});

test("control characters become their pictures", () => {
  expect(visibleText("a\x1b[31mb\nc\x7f")).toBe("a␛[31mb␊c␡");
  expect(visibleText("\x9b1m")).toBe("\\x9b1m");
});

test("characters that turn or hide text are written out", () => {
  expect(visibleText("sh\u202egpj.exe")).toBe("sh\\u202egpj.exe");
  expect(visibleText("\u2066x\u2069\u200b\ufeff\u2028\u{e0041}")).toBe(
    "\\u2066x\\u2069\\u200b\\ufeff\\u2028\\u{e0041}",
  );
  expect(visibleText("half \ud800 pair")).toBe("half \\ud800 pair");
});

test("escaped stretches are marked, so that a real backslash differs from a written one", () => {
  expect(visibleParts("a\\u200b\u200b")).toEqual([
    { text: "a\\u200b", escaped: false },
    { text: "\\u200b", escaped: true },
  ]);
});

test("long names are cut and the rest is counted", () => {
  expect(visibleText("x".repeat(250), 200)).toBe("x".repeat(200) + "… 50 more");
  expect(visibleText("x".repeat(200), 200)).toBe("x".repeat(200));
});

test("words are quoted only when the shell would read them otherwise", () => {
  expect(["ls", "-la", "a b", "it's", ""].map(shellWord)).toEqual(["ls", "-la", "'a b'", "'it'\\''s'", "''"]);
});
