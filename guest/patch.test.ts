import { expect, test } from "vitest";
import { readPatches } from "./patch";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const folder = (): URL => pathToFileURL(`${mkdtempSync(join(tmpdir(), "patches-"))}/`);

test("the kernel's patches each say why", () => {
  const patches = readPatches(new URL("kernel/patches/", import.meta.url));
  expect(patches.length).toBeGreaterThan(0);
  for (const { reason, text } of patches) {
    expect(reason.length).toBeGreaterThan(40);
    expect(text).toMatch(/^--- a\/\S+\n\+\+\+ b\/\S+\n@@ /);
  }
});

test("a patch without a reason is refused by name", () => {
  const at = folder();
  writeFileSync(new URL("silent.patch", at), "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n");
  expect(() => readPatches(at)).toThrow("silent.patch must begin with its reason");
});
