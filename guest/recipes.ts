/** Every recipe of the images, in build order. */
import { agent } from "./agent/program";
import { bios } from "./bios";
import { boxd } from "./boxd/program";
import { cProgramRecipe } from "./c-program";
import { docker } from "./docker/program";
import { kernel } from "./kernel/recipe";
import type { Recipe } from "./recipe";
import { busybox } from "./userland/busybox";
import { iproute2 } from "./userland/iproute2";
import { iptables } from "./userland/iptables";
import { libcapNg } from "./userland/libcap-ng";
import { musl } from "./userland/musl";
import { strace } from "./userland/strace";
import { utilLinux } from "./userland/util-linux";

export const RECIPES: readonly Recipe[] = [
  bios,
  musl,
  busybox,
  libcapNg,
  utilLinux,
  iproute2,
  iptables,
  strace,
  cProgramRecipe(agent),
  cProgramRecipe(boxd),
  cProgramRecipe(docker),
  kernel,
];

/** @throws Error naming the recipes there are, when one of `names` is not among them. */
export function chooseRecipes(names: readonly string[] | undefined): readonly Recipe[] {
  if (!names) return RECIPES;
  const unknown = names.filter((name) => !RECIPES.some((recipe) => recipe.name === name));
  if (unknown.length > 0) {
    throw new Error(
      `No recipe is called ${unknown.join(", ")}. There are: ${RECIPES.map(({ name }) => name).join(", ")}.`,
    );
  }
  return RECIPES.filter(({ name }) => names.includes(name));
}
