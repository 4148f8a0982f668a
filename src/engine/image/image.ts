/** An image in a blob store: its documents, checked and joined, and its layers, verified as they are read. */
import { asStream, readAll, type ByteStream } from "./bytes";
import { getBlob, type BlobStore } from "./blob-store";
import { decompress, type DecompressOptions } from "./compression";
import { parseConfig, type ImageConfig } from "./config";
import { verifying, type Digest } from "./digest";
import { DocumentError, MAX_DOCUMENT_BYTES } from "./document";
import { chainIds } from "./identity";
import { parseManifest, type Descriptor, type Manifest, type ManifestDocument } from "./manifest";
import { CONFIG_TYPES } from "./media-type";
import { checkPlatform, LINUX_386, selectPlatform, type WantedPlatform } from "./platform";

export interface Layer {
  /** The blob as it is kept and travels, usually compressed. */
  descriptor: Descriptor;
  /** Digest of the uncompressed tar. */
  diffId: Digest;
  /** Names this layer with all below it: the place it is unpacked to. */
  chainId: Digest;
}

export interface Image {
  /** ImageID: what `docker images` shows. */
  id: Digest;
  /** Digest, size and type of the manifest: what `docker images --digests` shows. */
  descriptor: Descriptor;
  manifest: Manifest;
  config: ImageConfig;
  /** Lowest first. */
  layers: Layer[];
}

/** An index may name another index, but not without end. */
export const MAX_INDEX_DEPTH = 4;

/**
 * The image that the manifest or index `digest` means on `platform`. Layers need not be there yet.
 * @throws DocumentError, PlatformError, DigestError or BlobStoreError
 */
export async function readImage(
  store: BlobStore,
  digest: Digest,
  platform: WantedPlatform = LINUX_386,
): Promise<Image> {
  let current = digest;
  for (let depth = 0; depth <= MAX_INDEX_DEPTH; depth++) {
    const { document, size } = await readManifestDocument(store, current);
    if (document.kind === "manifest") {
      const { manifest } = document;
      return joinImage(store, manifest, { mediaType: manifest.mediaType, digest: current, size }, platform);
    }
    current = selectPlatform(document.index, platform).digest;
  }
  throw new DocumentError(`the index is invalid: it names indexes more than ${MAX_INDEX_DEPTH} deep`);
}

async function readManifestDocument(
  store: BlobStore,
  digest: Digest,
): Promise<{ document: ManifestDocument; size: number }> {
  const bytes = await readDocument(store, { digest });
  return { document: parseManifest(bytes), size: bytes.length };
}

async function joinImage(
  store: BlobStore,
  manifest: Manifest,
  descriptor: Descriptor,
  platform: WantedPlatform,
): Promise<Image> {
  if (!CONFIG_TYPES.includes(manifest.config.mediaType)) {
    throw new DocumentError(`this is no image: its config is of type ${manifest.config.mediaType}`);
  }
  const config = parseConfig(await readDocument(store, manifest.config));
  checkPlatform(config, platform);
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== manifest.layers.length) {
    throw new DocumentError(
      `the image is invalid: its manifest has ${manifest.layers.length} layers, its config ${diffIds.length}`,
    );
  }
  const chain = chainIds(diffIds);
  const layers = manifest.layers.map((layer, index) => ({
    descriptor: layer,
    diffId: diffIds[index],
    chainId: chain[index],
  }));
  return { id: manifest.config.digest, descriptor, manifest, config, layers };
}

/** The bytes of a manifest or config, verified. */
async function readDocument(
  store: BlobStore,
  { digest, size }: { digest: Digest; size?: number },
): Promise<Uint8Array> {
  const stream = asStream(await getBlob(store, digest)).pipeThrough(verifying({ digest, size }, `blob ${digest}`));
  return readAll(stream, MAX_DOCUMENT_BYTES, `blob ${digest}`);
}

/**
 * The uncompressed tar of a layer, for `readLayer`. The stream errors when the blob is not what its descriptor says, or
 * its content not what the config says: nothing unpacked may be used before the stream has ended well.
 */
export async function openLayer(store: BlobStore, layer: Layer, options: DecompressOptions = {}): Promise<ByteStream> {
  const { digest, size } = layer.descriptor;
  const blob = asStream(await getBlob(store, digest)).pipeThrough(verifying({ digest, size }, `layer ${digest}`));
  return decompress(blob, options).pipeThrough(verifying({ digest: layer.diffId }, `layer ${digest}, uncompressed,`));
}
