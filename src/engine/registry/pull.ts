/** `docker pull`: an image from a registry into a blob store. */
import type { BlobStore } from "../image/blob-store";
import type { Digest } from "../image/digest";
import { DocumentError } from "../image/document";
import { MAX_INDEX_DEPTH, readImage, type Image } from "../image/image";
import type { Descriptor, Manifest } from "../image/manifest";
import { LINUX_386, selectPlatform, type WantedPlatform } from "../image/platform";
import type { RegistryClient } from "./client";
import { inParallel } from "./parallel";

/** Blobs fetched at once, as Docker's max-concurrent-downloads. */
export const MAX_CONCURRENT_DOWNLOADS = 3;

export type PullProgress =
  | { kind: "layers"; digests: Digest[] }
  | { kind: "already-exists"; digest: Digest }
  | { kind: "downloading"; digest: Digest; currentBytes: number; totalBytes: number }
  | { kind: "downloaded"; digest: Digest };

export interface PullOptions {
  client: RegistryClient;
  store: BlobStore;
  /** Within the registry: `library/busybox`. */
  repository: string;
  /** Tag or digest. */
  reference: string;
  platform?: WantedPlatform;
  onProgress?: (progress: PullProgress) => void;
  signal?: AbortSignal;
}

export interface Pulled {
  image: Image;
  /** Digest of what the reference names, which may be an index: what `docker pull` prints. */
  digest: Digest;
}

/**
 * Resolves the reference, fetches what the store does not have, each part verified, and gives the image. What was
 * fetched before an error stays, so that the next attempt need not fetch it again.
 * @throws RegistryError, DigestError, DocumentError, PlatformError, BlobStoreError
 */
export async function pullImage(options: PullOptions): Promise<Pulled> {
  const { store, platform = LINUX_386, onProgress } = options;
  const { digest, manifest, manifestDigest } = await resolve(options);
  // First the config: an image that this machine cannot run is refused before its layers travel.
  await fetchBlob(options, manifest.config);
  const image = await readImage(store, manifestDigest, platform);
  const layers = [...new Map(manifest.layers.map((layer) => [layer.digest, layer])).values()];
  onProgress?.({ kind: "layers", digests: layers.map((layer) => layer.digest) });
  await inParallel(layers, MAX_CONCURRENT_DOWNLOADS, options.signal, async (layer, signal) => {
    if (await store.has(layer.digest)) return onProgress?.({ kind: "already-exists", digest: layer.digest });
    await fetchBlob({ ...options, signal }, layer);
    onProgress?.({ kind: "downloaded", digest: layer.digest });
  });
  return { image, digest };
}

async function resolve({ client, store, repository, reference, platform, signal }: PullOptions) {
  let current = reference;
  let digest: Digest | undefined;
  for (let depth = 0; depth <= MAX_INDEX_DEPTH; depth++) {
    const fetched = await client.manifest(repository, current, { signal });
    digest ??= fetched.digest;
    await store.put(fetched.bytes, { digest: fetched.digest });
    const { document } = fetched;
    if (document.kind === "manifest")
      return { digest, manifest: document.manifest as Manifest, manifestDigest: fetched.digest };
    current = selectPlatform(document.index, platform).digest;
  }
  throw new DocumentError(`the index is invalid: it names indexes more than ${MAX_INDEX_DEPTH} deep`);
}

async function fetchBlob({ client, store, repository, onProgress, signal }: PullOptions, { digest, size }: Descriptor) {
  if (await store.has(digest)) return;
  const stream = client.blob(
    repository,
    { digest, size },
    {
      signal,
      onProgress: (currentBytes) => onProgress?.({ kind: "downloading", digest, currentBytes, totalBytes: size }),
    },
  );
  await store.put(stream, { digest, size });
}
