import { expect, test } from "vitest";
import { findMirror } from "./sysroot";

test("the mirror is found in a one-line list", () => {
  const list = "deb [signed-by=/key.gpg] https://mirror.example/debian/ bookworm main\n";
  expect(findMirror(list)).toBe("https://mirror.example/debian");
});

test("the mirror is found in a deb822 list", () => {
  const list = "Types: deb\nURIs: https://mirror.example/debian\nSuites: bookworm\n";
  expect(findMirror(list)).toBe("https://mirror.example/debian");
});

test("archives of other things are not the mirror", () => {
  const list = [
    "deb https://mirror.example/debian-security bookworm-security main",
    "deb https://packages.example/apt tool main",
    "",
  ].join("\n");
  expect(findMirror(list)).toBeUndefined();
});
