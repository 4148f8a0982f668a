/**
 * Rebuilds the committed images of `images/machine/` from Debian's sources, in a Debian chroot, bit for bit.
 *
 *   npm run images                          rebuild everything and the provenance
 *   npm run images -- --only kernel,agent   rebuild some recipes
 *   npm run images -- --verify              rebuild elsewhere and compare with what is committed
 */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build, linkKernelHeaders } from "./builder";
import { compare, renderProvenance, withRecipe, type Provenance } from "./provenance";
import { makeLayout, renderLayout } from "./layout/main";
import { chooseRecipes } from "./recipes";
import { openSysroot, TOOLCHAIN_PACKAGES } from "./sysroot";

export const IMAGES = fileURLToPath(new URL("../images/machine/", import.meta.url));

/** Reads `provenance.json`; empty when there is none yet. */
export async function readProvenance(directory = IMAGES): Promise<Provenance> {
  const path = join(directory, "provenance.json");
  if (!existsSync(path)) return { toolchain: {}, recipes: {}, outputs: {} };
  return JSON.parse(await readFile(path, "utf8")) as Provenance;
}

/** Writes a file so that nobody ever sees half of it. */
async function writeWhole(path: string, content: Uint8Array | string, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, content, { mode });
  await rename(`${path}.new`, path);
}

/** One line that is written over as it changes where there is a terminal; elsewhere only steps, a line each. */
function progressOf(name: string): { step: (line: string) => void; detail: (line: string) => void } {
  const startedAt = performance.now();
  const text = (line: string) =>
    `${name} ${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s  ${line}`;
  const { isTTY, columns } = process.stdout;
  return {
    step: (line) => console.log(`${isTTY ? "\r\x1b[K" : ""}${text(line)}`),
    detail: (line) => isTTY && process.stdout.write(`\r\x1b[K${text(line).slice(0, columns - 1)}`),
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { only: { type: "string" }, verify: { type: "boolean", default: false } } });
  const only = values.only?.split(",");
  const recipes = chooseRecipes(only);
  const committed = await readProvenance();
  const target = values.verify ? await mkdtemp(join(tmpdir(), "glassbox-images-")) : IMAGES;
  const chroot = progressOf("chroot");
  const sysroot = await openSysroot({ ...chroot });
  await linkKernelHeaders(sysroot);
  const toolchain = await sysroot.versions(TOOLCHAIN_PACKAGES);

  let provenance: Provenance = values.verify ? { toolchain, recipes: {}, outputs: {} } : committed;
  for (const recipe of recipes) {
    const { step, detail } = progressOf(recipe.name);
    const outputs = await build(recipe, sysroot, detail);
    for (const [name, content] of Object.entries(outputs)) {
      await writeWhole(join(target, name), content, name.startsWith("bin/") ? 0o755 : 0o644);
    }
    // Another run may have rebuilt another recipe meanwhile.
    if (!values.verify) provenance = await readProvenance();
    provenance = withRecipe(provenance, recipe, outputs, toolchain);
    await writeWhole(join(target, "provenance.json"), renderProvenance(provenance));
    step(Object.keys(outputs).join(", ") || "built");
  }

  if (recipes.some(({ name }) => name === "kernel")) {
    await writeWhole(join(target, "layout.json"), renderLayout(await makeLayout(join(target, "/"))));
  }

  if (values.verify) {
    const differences = compare(committed, provenance, only);
    if (differences.length > 0) throw new Error(`The rebuilt images are in ${target}.\n${differences.join("\n")}`);
    await rm(target, { recursive: true });
    console.log(`The same bit for bit: ${Object.keys(provenance.outputs).length} files.`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
