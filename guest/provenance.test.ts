import { readFileSync, readdirSync, statSync } from "node:fs";
import { expect, test } from "vitest";
import { IMAGES, readProvenance } from "./images";
import { compare, recipeSha256, sha256, type Provenance } from "./provenance";
import { RECIPES } from "./recipes";

const committed = await readProvenance();

/** Made from the committed files by other means, or the record itself. */
const UNRECORDED = ["layout.json", "provenance.json"];

test("every committed image is the one that was recorded", () => {
  const actual = Object.keys(committed.outputs).map((name) => [name, sha256(readFileSync(IMAGES + name))]);
  expect(actual).toEqual(Object.entries(committed.outputs).map(([name, output]) => [name, output.sha256]));
});

test("no image is without a record", () => {
  const files = readdirSync(IMAGES, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(IMAGES + name).isFile(),
  );
  expect(files.filter((name) => !committed.outputs[name] && !UNRECORDED.includes(name))).toEqual([]);
});

test("every image was made by its recipe as it stands (npm run images -- --only NAME)", () => {
  const now = Object.fromEntries(RECIPES.map((recipe) => [recipe.name, recipeSha256(recipe)]));
  const then = Object.fromEntries(Object.entries(committed.recipes).map(([name, { sha256 }]) => [name, sha256]));
  expect(then).toEqual(now);
});

const one: Provenance = {
  toolchain: { gcc: "1" },
  recipes: {},
  outputs: {
    "bin/a": { recipe: "a", sizeBytes: 3, sha256: "aa" },
    "bin/b": { recipe: "b", sizeBytes: 3, sha256: "bb" },
  },
};

test("equal builds have no differences", () => {
  expect(compare(one, structuredClone(one))).toEqual([]);
});

test("a difference names the file, and the tool that changed", () => {
  const other = structuredClone(one);
  other.outputs["bin/b"].sha256 = "cc";
  other.toolchain.gcc = "2";
  expect(compare(one, other)).toEqual([
    "bin/b differs: 3 bytes bb committed, 3 bytes cc rebuilt.",
    "gcc is 2 here; the images were made with 1.",
  ]);
  expect(compare(one, other, ["a"])).toEqual([]);
});

test("a file too many or too few is named", () => {
  const fewer = structuredClone(one);
  delete fewer.outputs["bin/a"];
  expect(compare(one, fewer)).toEqual(["bin/a is committed, but no recipe builds it."]);
  expect(compare(fewer, one)).toEqual(["bin/a was built, but is not among the committed images."]);
});
