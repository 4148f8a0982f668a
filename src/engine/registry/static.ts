/**
 * A registry of plain files: the read side of the distribution API as a tree that any file server can serve. Such a
 * server says no media types, so manifests must carry theirs within, as ours do.
 */
import { getBlob, type BlobStore } from "../image/blob-store";
import type { ArchivedImage } from "../image/archive";
import { referencesOf } from "../image/manifest";
import { parseReference, withDefaultTag } from "../image/reference";

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

function json(value: unknown): Blob {
  return new Blob([JSON.stringify(value)]);
}
