/** The agent: the project's own program in the guest, compiled by the recipe that lies beside its source. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { recipe } from "../agent/recipe";
import type { Recipe } from "../recipe";

const FOLDER = fileURLToPath(new URL("../agent/", import.meta.url));

function sources(): Record<string, string> {
  const names = [...recipe.sources, ...recipe.headers];
  return {
    ...Object.fromEntries(names.map((name) => [name, readFileSync(FOLDER + name, "utf8")])),
    ...recipe.generated,
  };
}

export const agent: Recipe = {
  name: "agent",
  license: { spdx: "MIT", texts: [] },
  files: sources,
  commands: [[recipe.compiler, ...recipe.cflags, ...recipe.sources, "-o", recipe.outputs[0]]],
  outputs: { "bin/agent": recipe.outputs[0] },
};
