/** Writes the library's registry into a folder: `node --import tsx images/library/main.ts FOLDER`. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { libraryRegistry } from "./library";

/** Writes the registry's files below `folder`, so that a server of `folder` is a registry. Returns their sizes in bytes. */
export async function writeLibrary(folder: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const { path, content } of await libraryRegistry()) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, new Uint8Array(await content.arrayBuffer()));
    sizes.set(path, content.size);
  }
  return sizes;
}
