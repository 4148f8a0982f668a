/**
 * A registry of plain files: the read side of the distribution API as a tree that any file server can serve. Such a
 * server says no media types, so manifests must carry theirs within, as ours do.
 */
import * as v from "valibot";
import { getBlob, memoryBlobStore, type BlobStore } from "../image/blob-store";
import type { ArchivedImage } from "../image/archive";
import { checked, parseJson } from "../image/document";
import { parseManifest, referencesOf } from "../image/manifest";
import { parseReference, withDefaultTag } from "../image/reference";
import { RegistryError } from "./error";
import { memoryRepositoryStore } from "./repository";
import type { RegistryStore } from "./store";

export interface StaticFile {
  /** Below the server's root, without a leading slash: `v2/library/app/manifests/1`. */
  path: string;
  content: Blob;
}

/**
 * The files of a registry that has `images` under their names; the domains of the names are left out. In the order of
 * their paths, each once.
 * @throws BlobStoreError when a part of an image is not in the store
 */
export async function staticRegistry(store: BlobStore, images: readonly ArchivedImage[]): Promise<StaticFile[]> {
  const files = new Map<string, Blob>();
  const tags = new Map<string, Set<string>>();
  for (const { image, names } of images) {
    for (const name of names) {
      const { path, tag } = withDefaultTag(parseReference(name));
      const manifest = await getBlob(store, image.descriptor.digest);
      files.set(`v2/${path}/manifests/${image.descriptor.digest}`, manifest);
      for (const { digest } of referencesOf({ kind: "manifest", manifest: image.manifest })) {
        files.set(`v2/${path}/blobs/${digest}`, await getBlob(store, digest));
      }
      if (tag === undefined) continue;
      files.set(`v2/${path}/manifests/${tag}`, manifest);
      tags.set(path, (tags.get(path) ?? new Set()).add(tag));
    }
  }
  for (const [name, known] of tags) files.set(`v2/${name}/tags/list`, json({ name, tags: [...known].sort() }));
  files.set("v2/_catalog", json({ repositories: [...tags.keys()].sort() }));
  // What a client that asks for /v2/ itself is given by a file server.
  files.set("v2/index.html", json({}));
  return [...files].map(([path, content]) => ({ path, content })).sort((a, b) => (a.path < b.path ? -1 : 1));
}

const catalog = v.object({ repositories: v.array(v.string()) });
const tagList = v.object({ tags: v.array(v.string()) });

/**
 * The same as contents of a registry server, every part verified. The images of `staticRegistry` have no index.
 * @param read a file of the tree; undefined when there is none
 * @throws RegistryError for a tree that lacks a part; DocumentError, DigestError for a damaged one
 */
export async function readStaticRegistry(
  read: (path: string) => Promise<Uint8Array | undefined>,
): Promise<RegistryStore> {
  const blobs = memoryBlobStore();
  const repositories = memoryRepositoryStore();
  const file = async (path: string) => {
    const bytes = await read(path);
    if (!bytes) throw new RegistryError("not-found", `the registry's files are incomplete: ${path} is missing`, 404);
    return bytes;
  };
  for (const name of checked(catalog, parseJson(await file("v2/_catalog"), "v2/_catalog"), "v2/_catalog")
    .repositories) {
    const list = `v2/${name}/tags/list`;
    for (const tag of checked(tagList, parseJson(await file(list), list), list).tags) {
      const bytes = await file(`v2/${name}/manifests/${tag}`);
      const document = parseManifest(bytes);
      const { digest } = await blobs.put(bytes);
      const parts = referencesOf(document);
      for (const part of parts)
        if (!(await blobs.has(part.digest)))
          await blobs.put(await file(`v2/${name}/blobs/${part.digest}`), { digest: part.digest, size: part.size });
      await repositories.update(name, (repository) => {
        const { mediaType } = document.kind === "index" ? document.index : document.manifest;
        repository.manifests.set(digest, mediaType);
        repository.tags.set(tag, digest);
        for (const part of parts) repository.blobs.add(part.digest);
      });
    }
  }
  return { blobs, repositories };
}

function json(value: unknown): Blob {
  return new Blob([JSON.stringify(value)]);
}
