/** The library's registry in the cache, built anew: it takes a second. What is the same stays as it is. */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { writeLibrary } from "./write";

const CACHE = fileURLToPath(new URL("../../.cache/", import.meta.url));
export const REGISTRY_DIRECTORY = `${CACHE}registry`;

/** Returns the folder that `v2/` is in. */
export async function buildRegistry(): Promise<string> {
  await mkdir(CACHE, { recursive: true });
  // Under another name until it is whole, so that nobody reads half of it.
  const unfinished = await mkdtemp(`${CACHE}registry-`);
  await writeLibrary(unfinished);
  try {
    // What is there already may be being read.
    if ((await contentOf(REGISTRY_DIRECTORY)) !== (await contentOf(unfinished))) {
      await rm(REGISTRY_DIRECTORY, { recursive: true, force: true });
      await rename(unfinished, REGISTRY_DIRECTORY);
    }
  } catch (error) {
    // Somebody else has built the same at the same time.
    if ((error as NodeJS.ErrnoException).code !== "ENOTEMPTY") throw error;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return REGISTRY_DIRECTORY;
}

/** The same for trees with the same files in them; empty when there is none. */
async function contentOf(directory: string): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  const hash = createHash("sha256");
  for (const path of entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort())
    hash.update(`${relative(directory, path)}\0`).update(await readFile(path));
  return entries.length === 0 ? "" : hash.digest("hex");
}
