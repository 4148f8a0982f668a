import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { thirdParty } from "./third-party";

test("THIRD_PARTY.md says what is in the images and the page (node --import tsx guest/third-party.ts)", async () => {
  expect(readFileSync(new URL("../THIRD_PARTY.md", import.meta.url), "utf8")).toBe(await thirdParty());
});
