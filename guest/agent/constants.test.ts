import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import * as frame from "../../src/protocol/frame";
import { frameHeader } from "./constants";
import { recipe } from "./recipe";

const defines = new Map([...frameHeader().matchAll(/^#define (\S+) (.*)$/gm)].map(([, name, value]) => [name, value]));

test("numbers, texts and tables of the wire become constants of C", () => {
  expect(defines.get("CHUNK_BYTES")).toBe(String(frame.CHUNK_BYTES));
  expect(defines.get("DEFAULT_PATH")).toBe(`"${frame.DEFAULT_PATH}"`);
  expect(defines.get("FRAME_RUN")).toBe(String(frame.FrameType.RUN));
  expect(defines.get("RUN_FLAG_PTY")).toBe(String(frame.RunFlag.PTY));
  // Beyond a signed int, C needs to be told.
  expect(defines.get("AGENT_STREAMS")).toBe("0x80000000u");
});

test("no constant hides another", () => {
  expect(frameHeader().match(/^#define /gm)).toHaveLength(defines.size);
});

test("every source of the folder is compiled", () => {
  const here = readdirSync(fileURLToPath(new URL(".", import.meta.url)));
  const found = here.filter((name) => /\.[ch]$/.test(name)).sort();
  expect([...recipe.sources, ...recipe.headers].sort()).toEqual(found);
});
