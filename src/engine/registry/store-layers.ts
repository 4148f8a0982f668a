/** A registry to write to above one that is only read: what the library has can be pulled and mounted, and stays as it is. */
import type { BlobStore } from "../image/blob-store";
import type { Repository } from "./repository";
import { RefusedError } from "./error";
import type { RegistryStore } from "./store";

export function layeredRegistryStore(upper: RegistryStore, lower: RegistryStore): RegistryStore {
  const blobs: BlobStore = {
    has: async (digest) => (await upper.blobs.has(digest)) || lower.blobs.has(digest),
    get: async (digest) => (await upper.blobs.get(digest)) ?? lower.blobs.get(digest),
    put: (content, expected) => upper.blobs.put(content, expected),
    delete: (digest) => upper.blobs.delete(digest),
    async list() {
      const all = [...(await lower.blobs.list()), ...(await upper.blobs.list())];
      return [...new Map(all.map((each) => [each.digest, each])).values()];
    },
  };
  return {
    blobs,
    repositories: {
      names: async () => [...new Set([...(await lower.repositories.names()), ...(await upper.repositories.names())])],
      get: async (name) => (await lower.repositories.get(name)) ?? upper.repositories.get(name),
      async update<Result>(name: string, change: (repository: Repository) => Result) {
        if (await lower.repositories.get(name))
          throw new RefusedError("DENIED", `${name} is of the library, which cannot be changed; push to another name`);
        return upper.repositories.update(name, change);
      },
    },
  };
}
