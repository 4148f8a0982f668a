/**
 * Remakes `images/machine/layout.json` from the committed types and symbols of the kernel, in a second and with no kernel build.
 *
 *   npm run layout
 */
import { readFile, rename, writeFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { decompress } from "fzstd";
import { ENUMS, STRUCTS, SYMBOLS } from "../../src/kernel/fields";
import type { Layout } from "../../src/protocol/layout";
import { readBtf } from "./btf";
import { resolveLayout, type KernelTypes } from "./resolve";
import { readSystemMap } from "./system-map";

const IMAGES = fileURLToPath(new URL("../../images/machine/", import.meta.url));

/** Reads the committed `vmlinux.btf.zst`, `System.map.zst` and `release`. */
export async function readKernelTypes(directory = IMAGES): Promise<KernelTypes> {
  const [btf, map, release] = await Promise.all([
    readFile(directory + "vmlinux.btf.zst"),
    readFile(directory + "System.map.zst"),
    readFile(directory + "kernel.release", "utf8"),
  ]);
  return {
    release: release.trim(),
    btf: readBtf(decompress(btf)),
    symbols: readSystemMap(new TextDecoder().decode(decompress(map))),
  };
}

/** @throws Error naming what the kernel does not have. */
export async function makeLayout(directory = IMAGES): Promise<Layout> {
  return resolveLayout({ structs: STRUCTS, symbols: SYMBOLS, enums: ENUMS }, await readKernelTypes(directory));
}

/** `layout.json` as it is written: one field a line, so that a change of kernel shows in review. */
export function renderLayout(layout: Layout): string {
  return `${JSON.stringify(layout, null, 1)}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    const text = renderLayout(await makeLayout());
    await writeFile(`${IMAGES}layout.json.new`, text);
    await rename(`${IMAGES}layout.json.new`, `${IMAGES}layout.json`);
    console.log(
      `layout: ${Object.keys(STRUCTS).length} structures, ${SYMBOLS.length} symbols, ${ENUMS.length} enumerators`,
    );
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
