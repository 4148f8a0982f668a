/** What a registry knows of its repositories; the contents themselves are in a blob store. */
import type { Digest } from "../image/digest";

export interface Repository {
  /** Blobs that may be fetched by this repository's name. */
  blobs: Set<Digest>;
  /** Media types of the manifests, by digest. */
  manifests: Map<Digest, string>;
  tags: Map<string, Digest>;
}

export interface RepositoryStore {
  /** In no particular order. */
  names(): Promise<string[]>;
  get(name: string): Promise<Repository | undefined>;
  /** Changes a repository, which is made if need be, at once: no other change comes in between. */
  update<Result>(name: string, change: (repository: Repository) => Result): Promise<Result>;
}

export function memoryRepositoryStore(): RepositoryStore {
  const repositories = new Map<string, Repository>();
  return {
    names: async () => [...repositories.keys()],
    get: async (name) => repositories.get(name),
    async update(name, change) {
      const repository = repositories.get(name) ?? emptyRepository();
      const result = change(repository);
      if (isEmpty(repository)) repositories.delete(name);
      else repositories.set(name, repository);
      return result;
    },
  };
}

export function emptyRepository(): Repository {
  return { blobs: new Set(), manifests: new Map(), tags: new Map() };
}

export function isEmpty({ blobs, manifests, tags }: Repository): boolean {
  return blobs.size === 0 && manifests.size === 0 && tags.size === 0;
}
