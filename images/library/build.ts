/** The library's registry in the cache, built anew: it takes a second. */
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
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
  await rm(REGISTRY_DIRECTORY, { recursive: true, force: true });
  await rename(unfinished, REGISTRY_DIRECTORY);
  return REGISTRY_DIRECTORY;
}
