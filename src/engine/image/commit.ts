/** Making of images: layers from changes, an image from layers, and a new one on top of another. */
import type { ByteStream } from "./bytes";
import type { BlobStore } from "./blob-store";
import { decompress, gzip, type Compression, type GzipLevel } from "./compression";
import { encodeConfig, type ContainerConfig, type HistoryEntry, type ImageConfig } from "./config";
import { createDigester, type Digest } from "./digest";
import { readImage, type Image } from "./image";
import { writeLayer, type LayerInput } from "./layer";
import type { Descriptor, Manifest } from "./manifest";
import { OCI_CONFIG, OCI_LAYER_BY_COMPRESSION, OCI_MANIFEST, ociLayerType } from "./media-type";
import { LINUX_386 } from "./platform";

/** A layer that is in the store and not yet in an image. */
export interface NewLayer {
  descriptor: Descriptor;
  diffId: Digest;
  /** Bytes of the uncompressed tar. */
  uncompressedSize: number;
}

export interface StoreLayerOptions {
  /** `none`, which `docker commit` does too, is fastest; `gzip` is what registries are given. */
  compression?: Exclude<Compression, "zstd">;
  level?: GzipLevel;
}

/** Writes `entries` as a layer into `store`. */
export function storeLayer(
  store: BlobStore,
  entries: Iterable<LayerInput> | AsyncIterable<LayerInput>,
  options: StoreLayerOptions = {},
): Promise<NewLayer> {
  return storeLayerTar(store, writeLayer(entries), options);
}

/** Puts an uncompressed tar into `store` as a layer. */
export async function storeLayerTar(
  store: BlobStore,
  tar: ByteStream,
  { compression = "none", level }: StoreLayerOptions = {},
): Promise<NewLayer> {
  const digester = createDigester();
  const measuredTar = tar.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        digester.update(chunk);
        controller.enqueue(chunk);
      },
    }),
  );
  const blob = await store.put(compression === "gzip" ? gzip(measuredTar, level) : measuredTar);
  const { digest: diffId, size: uncompressedSize } = digester.measured();
  return { descriptor: { mediaType: OCI_LAYER_BY_COMPRESSION[compression], ...blob }, diffId, uncompressedSize };
}

/** The same layer with its blob compressed, to be pushed; DiffID and so ImageID stay. */
export async function compressLayer(store: BlobStore, blob: Blob, level?: GzipLevel): Promise<Descriptor> {
  const compressed = await store.put(gzip(decompress(blob.stream()), level));
  return { mediaType: OCI_LAYER_BY_COMPRESSION.gzip, ...compressed };
}

/**
 * Writes config and manifest of an image over `layers`, which are in the store, lowest first. The config's list of
 * DiffIDs is made from them.
 */
export async function storeImage(
  store: BlobStore,
  config: Omit<ImageConfig, "rootfs">,
  layers: readonly Pick<NewLayer, "descriptor" | "diffId">[],
): Promise<Image> {
  const whole = { ...config, rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) } } as ImageConfig;
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: OCI_CONFIG, ...(await store.put(encodeConfig(whole))) },
    layers: layers.map(({ descriptor: { mediaType, digest, size } }) => ({
      mediaType: ociLayerType(mediaType),
      digest,
      size,
    })),
  };
  const { digest } = await store.put(utf8.encode(JSON.stringify(manifest)));
  return readImage(store, digest, config);
}

const utf8 = new TextEncoder();

export interface Commit {
  /** Absent for an image from nothing (`FROM scratch`). */
  parent?: Image;
  /** Absent for an instruction that changes no file; the history says so. */
  layer?: NewLayer;
  /** Members that take the place of the parent's. */
  config?: Partial<ContainerConfig>;
  /** RFC 3339; the caller has the clock. */
  created: string;
  createdBy?: string;
  comment?: string;
  author?: string;
}

/** The parent with one instruction more: what `docker commit` and each line of a Dockerfile make. */
export function commitImage(store: BlobStore, commit: Commit): Promise<Image> {
  const { parent, layer, created, createdBy, comment, author } = commit;
  const entry: HistoryEntry = {
    created,
    ...(createdBy === undefined ? {} : { created_by: createdBy }),
    ...(author === undefined ? {} : { author }),
    ...(comment === undefined ? {} : { comment }),
    ...(layer ? {} : { empty_layer: true }),
  };
  const config = {
    ...(parent?.config ?? LINUX_386),
    created,
    ...(author === undefined ? {} : { author }),
    config: { ...parent?.config.config, ...commit.config },
    history: [...(parent?.config.history ?? []), entry],
  };
  return storeImage(store, config, [...(parent?.layers ?? []), ...(layer ? [layer] : [])]);
}
