/**
 * Where every committed file of `images/machine/` comes from: `provenance.json`, written by the image build and compared with the files
 * and the recipes by the tests, so that neither changes without the other.
 */
import { createHash } from "node:crypto";
import type { Recipe } from "./recipe";
import type { DebianSource } from "./sysroot";

/** One recipe as it was when its outputs were made. */
export interface RecipeProvenance {
  source?: DebianSource;
  /** SPDX expression. */
  license: string;
  /** `recipeSha256`. */
  sha256: string;
}

/** One committed file. */
export interface OutputProvenance {
  recipe: string;
  sizeBytes: number;
  sha256: string;
}

/** The whole of `provenance.json`. */
export interface Provenance {
  /** Debian package by name: what compiled and linked. */
  toolchain: Record<string, string>;
  recipes: Record<string, RecipeProvenance>;
  /** By path under `images/machine/`. */
  outputs: Record<string, OutputProvenance>;
}

/** Hex SHA-256. */
export function sha256(content: Uint8Array | string): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Identity of everything that a recipe feeds into its build: source, written files, patches, commands. */
export function recipeSha256(recipe: Recipe): string {
  const { name, source, needs, inTree, patches, commands, outputs } = recipe;
  return sha256(JSON.stringify({ name, source, needs, files: recipe.files?.(), inTree, patches, commands, outputs }));
}

/** What is recorded of one recipe's outputs. */
export function outputsOf(recipe: Recipe, outputs: Record<string, Uint8Array>): Record<string, OutputProvenance> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, content]) => [
      name,
      { recipe: recipe.name, sizeBytes: content.length, sha256: sha256(content) },
    ]),
  );
}

/** The record after `recipe` was built: its entries replaced, everything else kept. */
export function withRecipe(
  provenance: Provenance,
  recipe: Recipe,
  outputs: Record<string, Uint8Array>,
  toolchain: Record<string, string>,
): Provenance {
  const { source, license } = recipe;
  const others = Object.entries(provenance.outputs).filter(([, output]) => output.recipe !== recipe.name);
  return {
    toolchain,
    recipes: sorted({
      ...provenance.recipes,
      [recipe.name]: { ...(source && { source }), license: license.spdx, sha256: recipeSha256(recipe) },
    }),
    outputs: sorted({ ...Object.fromEntries(others), ...outputsOf(recipe, outputs) }),
  };
}

function sorted<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** As it is committed. */
export function renderProvenance(provenance: Provenance): string {
  return `${JSON.stringify(provenance, null, 2)}\n`;
}

/**
 * One sentence for each file that differs between two builds; empty when both are the same bit for bit.
 *
 * @param only the recipes that were rebuilt; the others' files are not compared.
 */
export function compare(committed: Provenance, rebuilt: Provenance, only?: readonly string[]): string[] {
  const differences: string[] = [];
  const names = new Set([...Object.keys(committed.outputs), ...Object.keys(rebuilt.outputs)]);
  for (const name of [...names].sort()) {
    const [was, is] = [committed.outputs[name], rebuilt.outputs[name]];
    if (only && !only.includes((was ?? is).recipe)) continue;
    if (!was) differences.push(`${name} was built, but is not among the committed images.`);
    else if (!is) differences.push(`${name} is committed, but no recipe builds it.`);
    else if (was.sha256 !== is.sha256) {
      differences.push(
        `${name} differs: ${was.sizeBytes} bytes ${was.sha256} committed, ${is.sizeBytes} bytes ${is.sha256} rebuilt.`,
      );
    }
  }
  if (differences.length > 0) {
    for (const [name, version] of Object.entries(rebuilt.toolchain)) {
      const before = committed.toolchain[name];
      if (before !== version)
        differences.push(`${name} is ${version} here; the images were made with ${before ?? "none"}.`);
    }
  }
  return differences;
}
