/**
 * What a writable registry keeps, over anything that keeps values by their keys: memory, the browser's IndexedDB
 * (`store-indexeddb.ts`), a folder (`src/node/folder-store.ts`).
 */
import * as v from "valibot";
import { createRoom, MAX_STORE_BYTES, type BlobStore } from "../image/blob-store";
import { isDigest, type Digest } from "../image/digest";
import { checked, parseJson } from "../image/document";
import { ImageError } from "../image/error";
import { emptyRepository, isEmpty, type Repository, type RepositoryStore } from "./repository";

/** Values by their keys, to be kept as long as whoever gives it can. */
export interface KeyValueStore<Value> {
  get(key: string): Promise<Value | undefined>;
  /**
   * Makes of the former value another; undefined stands for none on both sides. Nothing comes in between.
   * @throws what `change` throws; nothing is changed then
   */
  update(key: string, change: (former: Value | undefined) => Value | undefined): Promise<void>;
  /** In no particular order. */
  list(): Promise<{ key: string; sizeBytes: number }[]>;
}

/** Both halves of a registry. */
export interface RegistryStore {
  blobs: BlobStore;
  repositories: RepositoryStore;
}

/** Repositories of one registry; each is a document that is read and written whole. */
export const MAX_REPOSITORIES = 10_000;
/** Digests and tags of one repository. */
export const MAX_REPOSITORY_ENTRIES = 10_000;

export class RegistryStoreError extends ImageError {
  constructor(code: "store-full" | "store-damaged", message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

/** @param maxBytes of all blobs together */
export function registryStore(
  blobs: KeyValueStore<Blob>,
  repositories: KeyValueStore<string>,
  { maxBytes = MAX_STORE_BYTES } = {},
): RegistryStore {
  return { blobs: blobStoreOver(blobs, maxBytes), repositories: repositoryStoreOver(repositories) };
}

/** Values in memory. */
export function memoryKeyValueStore<Value extends Blob | string>(): KeyValueStore<Value> {
  const values = new Map<string, Value>();
  return {
    get: async (key) => values.get(key),
    async update(key, change) {
      const value = change(values.get(key));
      if (value === undefined) values.delete(key);
      else values.set(key, value);
    },
    list: async () => [...values].map(([key, value]) => ({ key, sizeBytes: sizeOf(value) })),
  };
}

/** Bytes of a blob, characters of a text. */
export function sizeOf(value: Blob | string): number {
  return typeof value === "string" ? value.length : value.size;
}

function blobStoreOver(values: KeyValueStore<Blob>, maxBytes: number): BlobStore {
  const room = createRoom(maxBytes);
  const list = async () =>
    (await values.list()).flatMap(({ key, sizeBytes }) => (isDigest(key) ? [{ digest: key, size: sizeBytes }] : []));
  /** What an earlier session kept counts too. */
  let counted: Promise<void> | undefined;
  const count = () =>
    (counted ??= list().then((all) => {
      for (const { size } of all) room.kept(size);
    }));
  return {
    has: async (digest) => (await values.get(digest)) !== undefined,
    get: (digest) => values.get(digest),
    async put(content, expected = {}) {
      await count();
      return room.gather(content, expected, ({ digest, size }, blob) =>
        values.update(digest, (former) => {
          if (former === undefined) room.kept(size);
          return former ?? blob;
        }),
      );
    },
    async delete(digest) {
      await count();
      let known = false;
      await values.update(digest, (former) => {
        known = former !== undefined;
        if (former) room.kept(-former.size);
        return undefined;
      });
      return known;
    },
    list,
  };
}

const digest = v.custom<Digest>((value) => typeof value === "string" && isDigest(value));
const repositoryDocument = v.object({
  blobs: v.pipe(v.array(digest), v.maxLength(MAX_REPOSITORY_ENTRIES)),
  manifests: v.pipe(v.array(v.tuple([digest, v.string()])), v.maxLength(MAX_REPOSITORY_ENTRIES)),
  tags: v.pipe(v.array(v.tuple([v.string(), digest])), v.maxLength(MAX_REPOSITORY_ENTRIES)),
});

function repositoryStoreOver(values: KeyValueStore<string>): RepositoryStore {
  const names = async () => (await values.list()).map(({ key }) => key);
  return {
    names,
    async get(name) {
      const text = await values.get(name);
      return text === undefined ? undefined : readRepository(name, text);
    },
    async update<Result>(name: string, change: (repository: Repository) => Result) {
      if ((await values.get(name)) === undefined && (await names()).length >= MAX_REPOSITORIES)
        throw new RegistryStoreError("store-full", `the registry has ${MAX_REPOSITORIES} repositories; delete some`);
      let result: { of: Result } | undefined;
      await values.update(name, (former) => {
        const repository = former === undefined ? emptyRepository() : readRepository(name, former);
        result = { of: change(repository) };
        return isEmpty(repository) ? undefined : writeRepository(name, repository);
      });
      return result!.of;
    },
  };
}

function readRepository(name: string, text: string): Repository {
  const what = `what is kept of the repository ${name}`;
  try {
    const { blobs, manifests, tags } = checked(
      repositoryDocument,
      parseJson(new TextEncoder().encode(text), what),
      what,
    );
    return { blobs: new Set(blobs), manifests: new Map(manifests), tags: new Map(tags) };
  } catch (error) {
    throw new RegistryStoreError("store-damaged", `${(error as Error).message}; delete it and push again`, {
      cause: error,
    });
  }
}

function writeRepository(name: string, { blobs, manifests, tags }: Repository): string {
  if (Math.max(blobs.size, manifests.size, tags.size) > MAX_REPOSITORY_ENTRIES)
    throw new RegistryStoreError(
      "store-full",
      `the repository ${name} has ${MAX_REPOSITORY_ENTRIES} entries of a kind; delete some of its tags`,
    );
  return JSON.stringify({ blobs: [...blobs], manifests: [...manifests], tags: [...tags] });
}
