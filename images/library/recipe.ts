/** What a library image is made of: the instructions of a Dockerfile as data, with their files at hand. */
import type { BlobStore } from "../../src/engine/image/blob-store";
import { commitImage, storeLayer } from "../../src/engine/image/commit";
import type { ContainerConfig } from "../../src/engine/image/config";
import type { Image } from "../../src/engine/image/image";
import type { LayerInput } from "../../src/engine/image/layer";

export interface Step {
  /** The instruction, for the image's history. */
  instruction: string;
  /** What it adds, parents first; absent for an instruction that makes no layer. */
  files?: LayerInput[];
  config?: Partial<ContainerConfig>;
}

export interface Recipe {
  /** `busybox`: the repository, below `docker.io/library`. */
  name: string;
  /** Tags beside `latest`. */
  tags: string[];
  /** The image it is built on; absent for one from nothing. */
  from?: Recipe;
  steps: Step[];
}

/** Images are the same bytes whenever they are built. */
const CREATED = "2026-01-01T00:00:00Z";
const MTIME = Date.parse(CREATED) / 1000;

/** Builds `recipe` and what it is based on into `store`. The same recipe always gives the same image. */
export async function buildRecipe(store: BlobStore, recipe: Recipe): Promise<Image> {
  let image = recipe.from ? await buildRecipe(store, recipe.from) : undefined;
  for (const { instruction, files, config } of recipe.steps) {
    const layer = files && (await storeLayer(store, files, { compression: "gzip", level: 9 }));
    image = await commitImage(store, { parent: image, layer, config, created: CREATED, createdBy: instruction });
  }
  if (!image) throw new Error(`the recipe ${recipe.name} has no step`);
  return image;
}

const utf8 = new TextEncoder();

export function file(path: string, content: Uint8Array | string, mode = 0o644): LayerInput {
  const bytes = typeof content === "string" ? utf8.encode(content) : content;
  return { path, type: "file", mode, mtime: MTIME, content: bytes };
}

export function directory(path: string, mode = 0o755): LayerInput {
  return { path, type: "directory", mode, mtime: MTIME };
}

export function symlink(path: string, linkname: string): LayerInput {
  return { path, type: "symlink", linkname, mtime: MTIME };
}
