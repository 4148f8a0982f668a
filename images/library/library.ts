/** The images that the page's own registry has. */
import type { ArchivedImage } from "../../src/engine/image/archive";
import { memoryBlobStore, type BlobStore } from "../../src/engine/image/blob-store";
import { staticRegistry, type StaticFile } from "../../src/engine/registry/static";
import { busybox } from "./busybox";
import { counter } from "./counter";
import { hello } from "./hello";
import { buildRecipe, type Recipe } from "./recipe";
import { stress } from "./stress";
import { toolbox } from "./toolbox";
import { web } from "./web";

export const LIBRARY: readonly Recipe[] = [hello, busybox, web, counter, stress, toolbox];

/** Builds all images into `store`. */
export async function buildLibrary(store: BlobStore): Promise<ArchivedImage[]> {
  const images: ArchivedImage[] = [];
  for (const recipe of LIBRARY) {
    const names = ["latest", ...recipe.tags].map((tag) => `docker.io/library/${recipe.name}:${tag}`);
    images.push({ image: await buildRecipe(store, recipe), names });
  }
  return images;
}

/** The registry of all images as plain files, below the folder it is served from. */
export async function libraryRegistry(): Promise<StaticFile[]> {
  const store = memoryBlobStore();
  return staticRegistry(store, await buildLibrary(store));
}
