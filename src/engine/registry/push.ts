/** `docker push`: an image from a blob store into a registry. */
import { getBlob, type BlobStore } from "../image/blob-store";
import type { Digest } from "../image/digest";
import type { Image } from "../image/image";
import type { RegistryClient } from "./client";
import { inParallel } from "./parallel";

/** Layers sent at once, as Docker's max-concurrent-uploads. */
export const MAX_CONCURRENT_UPLOADS = 5;
/** Repositories that a layer is looked for in, as Docker tries (moby `distribution/push_v2.go`, `maxRepositoryMountAttempts`). */
export const MAX_MOUNT_ATTEMPTS = 4;

export type PushProgress =
  | { kind: "already-exists"; digest: Digest }
  | { kind: "mounted"; digest: Digest; from: string }
  | { kind: "uploading"; digest: Digest; currentBytes: number; totalBytes: number }
  | { kind: "uploaded"; digest: Digest };

export interface PushOptions {
  client: RegistryClient;
  store: BlobStore;
  image: Image;
  repository: string;
  /** Tag or digest to push to. */
  reference: string;
  /** Repositories of the same registry that may have a layer already, the likeliest first. */
  mountFrom?: (layer: Digest) => readonly string[];
  onProgress?: (progress: PushProgress) => void;
  signal?: AbortSignal;
}

export interface Pushed {
  /** The manifest's. */
  digest: Digest;
  sizeBytes: number;
}

/**
 * Sends what the registry does not have, then the manifest, which makes it visible. What was sent before an error stays
 * there, so that the next attempt need not send it again. Blobs travel as the store has them; `compressLayer` makes smaller ones.
 * @throws RegistryError, BlobStoreError
 */
export async function pushImage(options: PushOptions): Promise<Pushed> {
  const { client, store, image, repository, reference, signal } = options;
  const { mediaType, digest } = image.descriptor;
  const layers = [...new Set(image.manifest.layers.map((layer) => layer.digest))];
  await inParallel(layers, MAX_CONCURRENT_UPLOADS, signal, (layer, signal) => pushBlob({ ...options, signal }, layer));
  await pushBlob(options, image.id);
  const bytes = await (await getBlob(store, digest)).arrayBuffer();
  await client.putManifest(repository, reference, { bytes, mediaType }, { signal });
  return { digest, sizeBytes: bytes.byteLength };
}

async function pushBlob(
  { client, store, repository, mountFrom, onProgress, signal }: PushOptions,
  digest: Digest,
): Promise<void> {
  if (await client.hasBlob(repository, digest, { signal })) return onProgress?.({ kind: "already-exists", digest });
  for (const from of mountFrom?.(digest).slice(0, MAX_MOUNT_ATTEMPTS) ?? [])
    if (await client.mountBlob(repository, digest, from, { signal }))
      return onProgress?.({ kind: "mounted", digest, from });
  const content = await getBlob(store, digest);
  await client.putBlob(repository, digest, content, {
    signal,
    onProgress: (currentBytes) => onProgress?.({ kind: "uploading", digest, currentBytes, totalBytes: content.size }),
  });
  onProgress?.({ kind: "uploaded", digest });
}
