import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { quote, quoteCommand } from "./quote";
import { hostileTexts } from "../../tests/support/hostile";

test("plain words stay readable", () => {
  expect(quote("/sys/fs/cgroup/a.b/memory.max")).toBe("/sys/fs/cgroup/a.b/memory.max");
  expect(quote("size=65536k,mode=755")).toBe("size=65536k,mode=755");
});

test("the empty word is still a word", () => {
  expect(quote("")).toBe("''");
});

test("a command is neither an assignment nor a reserved word", () => {
  expect(quoteCommand("if")).toBe("'if'");
  expect(quoteCommand("a=b")).toBe("'a=b'");
  expect(quoteCommand("mount")).toBe("mount");
});

test("a NUL cannot be quoted", () => {
  expect(() => quote("a\0b")).toThrow(RangeError);
});

test("a shell reads back every hostile text as one word, byte for byte", () => {
  const { texts, seed } = hostileTexts(2000);
  const printed = execFileSync("/bin/sh", ["-c", `printf '%s\\0' ${texts.slice(0, 1000).map(quote).join(" ")}`]);
  expect(printed.toString().split("\0").slice(0, -1), `seed ${seed}`).toEqual(texts.slice(0, 1000));
  // Quoted twice, as the script of a shell inside a shell is.
  const nested = quote(`printf '%s\\0' ${texts.slice(1000, 2000).map(quote).join(" ")}`);
  const again = execFileSync("/bin/sh", ["-c", `exec /bin/sh -c ${nested}`]);
  expect(again.toString().split("\0").slice(0, -1), `seed ${seed}`).toEqual(texts.slice(1000, 2000));
});
