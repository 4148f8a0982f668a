import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import * as frame from "../src/protocol/frame";
import { agent } from "./agent/program";
import { boxd } from "./boxd/program";
import { cHeader } from "./c-header";
import { docker } from "./docker/program";

const frameHeader = agent.generated["frame.h"];
const defines = new Map([...frameHeader.matchAll(/^#define (\S+) (.*)$/gm)].map(([, name, value]) => [name, value]));

test("numbers, texts and tables of the wire become constants of C", () => {
  expect(defines.get("CHUNK_BYTES")).toBe(String(frame.CHUNK_BYTES));
  expect(defines.get("DEFAULT_PATH")).toBe(`"${frame.DEFAULT_PATH}"`);
  expect(defines.get("FRAME_RUN")).toBe(String(frame.FrameType.RUN));
  expect(defines.get("RUN_FLAG_PTY")).toBe(String(frame.RunFlag.PTY));
  // Beyond a signed int, C needs to be told.
  expect(defines.get("AGENT_STREAMS")).toBe("0x80000000u");
});

test.each([frameHeader, boxd.generated["boxd.h"], docker.generated["wire.h"]])(
  "no constant hides another",
  (header) => {
    const names = [...header.matchAll(/^#define (\S+) /gm)].map(([, name]) => name);
    expect(names).toEqual([...new Set(names)]);
    expect(names).not.toHaveLength(0);
  },
);

test("a table without a prefix is not left out in silence", () => {
  expect(() => cHeader("wire.ts", { Kind: { ONE: 1 } }, {})).toThrow("wire.ts: the table Kind has no prefix");
});

test.each([agent, boxd, docker])("every source of $name is compiled", ({ name, sources, headers }) => {
  const here = readdirSync(fileURLToPath(new URL(`./${name}/`, import.meta.url)));
  expect([...sources, ...headers].sort()).toEqual(here.filter((file) => /\.[ch]$/.test(file)).sort());
});
