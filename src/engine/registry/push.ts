/** `docker push`: an image from a blob store into a registry. */
import { getBlob, type BlobStore } from "../image/blob-store";
import type { Digest } from "../image/digest";
import type { Image } from "../image/image";
import type { RegistryClient } from "./client";

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
  /** A repository of the same registry that may have the layers already, because the image came from there. */
  mountFrom?: string;
  onProgress?: (progress: PushProgress) => void;
  signal?: AbortSignal;
}

/**
 * Sends what the registry does not have, then the manifest, which makes it visible. Returns the manifest's digest.
 * Blobs travel as the store has them; `compressLayer` makes smaller ones.
 * @throws RegistryError, BlobStoreError
 */
export async function pushImage(options: PushOptions): Promise<Digest> {
  const { client, store, image, repository, reference, signal } = options;
  const { mediaType, digest } = image.descriptor;
  const blobs = new Set([...image.manifest.layers.map((layer) => layer.digest), image.id]);
  for (const blob of blobs) await pushBlob(options, blob);
  const bytes = await (await getBlob(store, digest)).arrayBuffer();
  await client.putManifest(repository, reference, { bytes, mediaType }, { signal });
  return digest;
}

async function pushBlob(
  { client, store, repository, mountFrom, onProgress, signal }: PushOptions,
  digest: Digest,
): Promise<void> {
  if (await client.hasBlob(repository, digest, { signal })) return onProgress?.({ kind: "already-exists", digest });
  if (mountFrom !== undefined && (await client.mountBlob(repository, digest, mountFrom, { signal }))) {
    return onProgress?.({ kind: "mounted", digest, from: mountFrom });
  }
  const content = await getBlob(store, digest);
  await client.putBlob(repository, digest, content, {
    signal,
    onProgress: (currentBytes) => onProgress?.({ kind: "uploading", digest, currentBytes, totalBytes: content.size }),
  });
  onProgress?.({ kind: "uploaded", digest });
}
