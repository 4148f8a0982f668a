/** A registry's contents in a folder: `blobs/sha256/HEX`, and `repositories/NAME/_repository.json`. */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { registryStore, type KeyValueStore, type RegistryStore } from "../engine/registry/store";

/** No part of a repository's name begins so. */
const REPOSITORY_FILE = "_repository.json";
const UNFINISHED = ".unfinished";

/** Makes the folder if there is none. One process at a time may have it. */
export function folderRegistryStore(folder: string, options: { maxBytes?: number } = {}): RegistryStore {
  const blobs = folderKeyValueStore<Blob>(join(folder, "blobs"), {
    pathOf: (digest) => digest.replace(":", "/"),
    keyOf: (path) => (/^sha256\/[0-9a-f]{64}$/.test(path) ? path.replace("/", ":") : undefined),
    read: async (path) => new Blob([await readFile(path)]),
  });
  const repositories = folderKeyValueStore<string>(join(folder, "repositories"), {
    pathOf: (name) => `${name}/${REPOSITORY_FILE}`,
    keyOf: (path) => (path.endsWith(`/${REPOSITORY_FILE}`) ? path.slice(0, -REPOSITORY_FILE.length - 1) : undefined),
    read: (path) => readFile(path, "utf8"),
  });
  return registryStore(blobs, repositories, options);
}

interface Naming<Value> {
  /** Below the folder, with `/` between its parts. */
  pathOf(key: string): string;
  /** Undefined for what is not ours. */
  keyOf(path: string): string | undefined;
  read(path: string): Promise<Value>;
}

function folderKeyValueStore<Value extends Blob | string>(
  folder: string,
  { pathOf, keyOf, read }: Naming<Value>,
): KeyValueStore<Value> {
  const get = (key: string) => orUndefined(read(join(folder, pathOf(key))));
  let queue: Promise<unknown> = Promise.resolve();
  return {
    get,
    update(key, change) {
      const updated = queue.then(async () => {
        const path = join(folder, pathOf(key));
        const former = await get(key);
        const value = change(former);
        if (value === former) return;
        if (value === undefined) return rm(path, { force: true });
        await mkdir(dirname(path), { recursive: true });
        // Under another name until it is whole, so that nobody reads half of it.
        await writeFile(
          path + UNFINISHED,
          typeof value === "string" ? value : new Uint8Array(await value.arrayBuffer()),
        );
        await rename(path + UNFINISHED, path);
      });
      queue = updated.catch(() => {});
      return updated;
    },
    async list() {
      const entries = (await orUndefined(readdir(folder, { recursive: true }))) ?? [];
      const found: { key: string; sizeBytes: number }[] = [];
      for (const entry of entries) {
        const key = keyOf(entry.replaceAll("\\", "/"));
        if (key !== undefined) found.push({ key, sizeBytes: (await stat(join(folder, entry))).size });
      }
      return found;
    },
  };
}

async function orUndefined<Result>(reading: Promise<Result>): Promise<Result | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
