import { expect, test } from "vitest";
import { readSystemMap } from "./system-map";

test("a symbol is an address and a name", () => {
  const symbols = readSystemMap("c0100000 T _text\nc0618d40 D init_task\n");
  expect(symbols.get("init_task")).toBe(0xc0618d40);
  expect(symbols.size).toBe(2);
});

test("of private functions that share a name the first is kept", () => {
  expect(readSystemMap("c0100010 t init\nc0100020 t init\n").get("init")).toBe(0xc0100010);
});

test("lines of another shape are skipped", () => {
  expect(readSystemMap("\nnot a symbol\nc0100000 T\n").size).toBe(0);
});
