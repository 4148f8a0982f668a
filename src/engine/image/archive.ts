/**
 * Archives of whole images: what `docker save` writes (Docker Engine API, "Image tarball format", and since Docker 25 an
 * OCI layout in the same file) and OCI layouts (OCI image specification, image-layout.md) in one tar.
 */
import { readAll, type ByteStream } from "./bytes";
import * as v from "valibot";
import { getBlob, type BlobStore } from "./blob-store";
import { compressionOf, decompress, type DecompressOptions } from "./compression";
import { parseConfig } from "./config";
import { hexOf, type Digest, type Measured } from "./digest";
import { checked, MAX_DOCUMENT_BYTES, parseJson } from "./document";
import { ImageError } from "./error";
import { readImage, type Image } from "./image";
import { parseManifest, referencesOf, type Descriptor } from "./manifest";
import { INDEX_TYPES, OCI_CONFIG, OCI_INDEX, OCI_LAYER_BY_COMPRESSION, OCI_MANIFEST } from "./media-type";
import { LINUX_386, type WantedPlatform } from "./platform";
import { familiarReference, fullReference, parseReference } from "./reference";
import type { TarInput } from "./tar/entry";
import { readTar } from "./tar/reader";
import { writeTar } from "./tar/writer";

/** Images in one archive. */
export const MAX_ARCHIVE_IMAGES = 100;
/** Symbolic links from one name of a layer to the next, as old archives have them for a layer that is there twice. */
const MAX_LINKS = 8;

export type ArchiveErrorCode = "no-archive" | "archive-incomplete" | "archive-invalid";

/** An archive that holds no image, or not all of one. */
export class ArchiveError extends ImageError {
  constructor(code: ArchiveErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

export interface ArchivedImage {
  image: Image;
  /** Full references, `docker.io/library/app:1`; none for an image that has no name. */
  names: string[];
}

export interface ReadArchiveOptions {
  platform?: WantedPlatform;
  decompress?: DecompressOptions;
}

const IMAGE_NAME = "io.containerd.image.name";
const REF_NAME = "org.opencontainers.image.ref.name";

const savedImages = v.pipe(
  v.array(
    v.looseObject({
      Config: v.string(),
      RepoTags: v.nullish(v.array(v.string())),
      Layers: v.nullish(v.array(v.string())),
    }),
  ),
  v.maxLength(MAX_ARCHIVE_IMAGES),
);
const ociLayout = v.looseObject({ imageLayoutVersion: v.literal("1.0.0") });

/** What an archive's names stand for, once all contents are in the store. */
interface Contents {
  files: Map<string, Measured>;
  links: Map<string, string>;
}

/**
 * Puts the images of an archive, which may be compressed as a whole, into `store`. Contents that belong to no image are
 * not kept, and none of them when there is an error.
 * @throws ArchiveError, or TarError, DigestError, DocumentError, PlatformError, CompressionError of a part
 */
export async function readArchive(
  store: BlobStore,
  stream: ByteStream,
  options: ReadArchiveOptions = {},
): Promise<ArchivedImage[]> {
  const before = new Set((await store.list()).map(({ digest }) => digest));
  const added = new Set<Digest>();
  const keep: BlobStore = {
    ...store,
    async put(content, expected) {
      const measured = await store.put(content, expected);
      if (!before.has(measured.digest)) added.add(measured.digest);
      return measured;
    },
  };
  let images: ArchivedImage[] = [];
  try {
    const contents = await unpack(keep, decompress(stream, options.decompress));
    images = await findImages(keep, contents, options.platform ?? LINUX_386);
    return images;
  } finally {
    const needed = new Set<Digest>();
    for (const { image } of images) {
      needed.add(image.descriptor.digest);
      for (const { digest } of referencesOf({ kind: "manifest", manifest: image.manifest })) needed.add(digest);
    }
    for (const digest of added) if (!needed.has(digest)) await store.delete(digest);
  }
}

async function unpack(store: BlobStore, tar: ByteStream): Promise<Contents> {
  const contents: Contents = { files: new Map(), links: new Map() };
  for await (const entry of readTar(tar, { climbingLinks: "keep" })) {
    if (entry.type === "file") {
      contents.files.set(entry.path, await store.put(entry.content!, expectedOf(entry.path)));
    } else if (entry.type === "symlink") {
      contents.links.set(entry.path, resolve(entry.path, entry.linkname));
    } else if (entry.type === "hardlink") {
      contents.links.set(entry.path, entry.linkname);
    }
  }
  return contents;
}

/** A file of an OCI layout is named by its digest, which it must have. */
function expectedOf(path: string) {
  const match = /^blobs\/(sha256)\/([a-f0-9]{64})$/.exec(path);
  return match ? { digest: `${match[1]}:${match[2]}` as Digest } : {};
}

/** `target`, a link's, as a name in the archive. */
function resolve(path: string, target: string): string {
  const parts = target.startsWith("/") ? [] : path.split("/").slice(0, -1);
  for (const part of target.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}

function find({ files, links }: Contents, path: string): Measured | undefined {
  let name = path;
  for (let steps = 0; steps <= MAX_LINKS; steps++) {
    const file = files.get(name);
    const next = links.get(name);
    if (file !== undefined || next === undefined) return file;
    name = next;
  }
  return undefined;
}

function findOrFail(contents: Contents, path: string, what: string): Measured {
  const found = find(contents, path);
  if (!found) {
    throw new ArchiveError(
      "archive-incomplete",
      `the archive is incomplete: ${what} ${JSON.stringify(path)} is missing`,
    );
  }
  return found;
}

async function findImages(store: BlobStore, contents: Contents, platform: WantedPlatform): Promise<ArchivedImage[]> {
  // Docker's list first: it has the names a user gave. An OCI layout alone has an index.
  const saved = find(contents, "manifest.json");
  if (saved) return savedImagesOf(store, contents, saved, platform);
  if (find(contents, "index.json")) return layoutImagesOf(store, contents, platform);
  const isDockerExport = contents.files.size > 0 || contents.links.size > 0;
  throw new ArchiveError(
    "no-archive",
    "this is no image archive: it has neither manifest.json nor index.json; " +
      (isDockerExport ? "if it is a file system (docker export), import it instead" : "it is empty"),
  );
}

async function readJsonFile(store: BlobStore, { digest }: Measured, what: string): Promise<unknown> {
  const blob = await getBlob(store, digest);
  return parseJson(await readAll(blob.stream(), MAX_DOCUMENT_BYTES, what), what);
}

async function savedImagesOf(
  store: BlobStore,
  contents: Contents,
  file: Measured,
  platform: WantedPlatform,
): Promise<ArchivedImage[]> {
  const list = checked(savedImages, await readJsonFile(store, file, "manifest.json"), "manifest.json");
  const layout = await layoutManifests(store, contents);
  const images: ArchivedImage[] = [];
  for (const { Config, RepoTags, Layers } of list) {
    const config = findOrFail(contents, Config, "the config");
    const names = (RepoTags ?? []).map((name) => fullReference(parseReference(name)));
    const manifest = layout.get(config.digest) ?? (await manifestFor(store, contents, config, Layers ?? []));
    const image = await readImage(store, manifest, platform);
    await checkComplete(store, image);
    images.push({ image, names });
  }
  return images;
}

/** A layer that the store has already need not be in the archive. */
async function checkComplete(store: BlobStore, { layers }: Image): Promise<void> {
  for (const { descriptor } of layers) {
    if (await store.has(descriptor.digest)) continue;
    throw new ArchiveError(
      "archive-incomplete",
      `the archive is incomplete: the layer ${descriptor.digest} is missing`,
    );
  }
}

/** The manifests of the layout in the same archive, by their config: with them, an image keeps its digest. */
async function layoutManifests(store: BlobStore, contents: Contents): Promise<Map<Digest, Digest>> {
  const manifests = new Map<Digest, Digest>();
  if (!find(contents, "index.json")) return manifests;
  for (const { digest } of await indexEntries(store, contents)) {
    const blob = await store.get(digest);
    if (!blob) continue;
    const document = parseManifest(await readAll(blob.stream(), MAX_DOCUMENT_BYTES, `blob ${digest}`));
    if (document.kind === "manifest") manifests.set(document.manifest.config.digest, digest);
  }
  return manifests;
}

/** An archive from before Docker 25 has no manifest; this is the one its image would have. */
async function manifestFor(
  store: BlobStore,
  contents: Contents,
  config: Measured,
  layerNames: readonly string[],
): Promise<Digest> {
  // Judged before there is a manifest, so that the message is about the config.
  parseConfig(await readAll((await getBlob(store, config.digest)).stream(), MAX_DOCUMENT_BYTES, "the image's config"));
  const layers: Descriptor[] = [];
  for (const name of layerNames) {
    const measured = findOrFail(contents, name, "the layer");
    const head = await (await getBlob(store, measured.digest)).slice(0, 4).arrayBuffer();
    layers.push({ mediaType: OCI_LAYER_BY_COMPRESSION[compressionOf(new Uint8Array(head))], ...measured });
  }
  const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config: { mediaType: OCI_CONFIG, ...config }, layers };
  return (await store.put(encodeJson(manifest))).digest;
}

async function indexEntries(store: BlobStore, contents: Contents): Promise<Descriptor[]> {
  const index = findOrFail(contents, "index.json", "the index");
  const blob = await getBlob(store, index.digest);
  const document = parseManifest(await readAll(blob.stream(), MAX_DOCUMENT_BYTES, "index.json"), OCI_INDEX);
  if (document.kind !== "index") throw new ArchiveError("archive-invalid", "the archive's index.json is no index");
  if (document.index.manifests.length > MAX_ARCHIVE_IMAGES) {
    throw new ArchiveError("archive-invalid", `the archive has more than ${MAX_ARCHIVE_IMAGES} images`);
  }
  return document.index.manifests;
}

async function layoutImagesOf(
  store: BlobStore,
  contents: Contents,
  platform: WantedPlatform,
): Promise<ArchivedImage[]> {
  const layout = findOrFail(contents, "oci-layout", "the file");
  checked(ociLayout, await readJsonFile(store, layout, "oci-layout"), "oci-layout");
  const entries = await indexEntries(store, contents);
  const byImage = new Map<Digest, ArchivedImage>();
  for (const entry of entries) {
    // The index is the list of one image's platforms when its entries have platforms and no names.
    if (isForeign(entry, entries, platform)) continue;
    findOrFail(
      contents,
      `blobs/sha256/${hexOf(entry.digest)}`,
      INDEX_TYPES.includes(entry.mediaType) ? "the index" : "the manifest",
    );
    const image = await readImage(store, entry.digest, platform);
    await checkComplete(store, image);
    const name = nameOf(entry);
    const known = byImage.get(image.descriptor.digest) ?? { image, names: [] };
    if (name !== undefined && !known.names.includes(name)) known.names.push(name);
    byImage.set(image.descriptor.digest, known);
  }
  if (byImage.size === 0) throw new ArchiveError("no-archive", "the archive's index.json names no image");
  return [...byImage.values()];
}

function isForeign({ platform }: Descriptor, entries: readonly Descriptor[], wanted: WantedPlatform): boolean {
  const matches = (other: Descriptor) =>
    other.platform?.os === wanted.os && other.platform.architecture === wanted.architecture;
  return platform != null && !matches({ platform } as Descriptor) && entries.some(matches);
}

/** The name a layout gives an image: containerd's whole one, or OCI's if that is a reference and not just a tag. */
function nameOf({ annotations }: Descriptor): string | undefined {
  const name = annotations?.[IMAGE_NAME] ?? annotations?.[REF_NAME];
  if (name === undefined) return undefined;
  const isWhole = annotations?.[IMAGE_NAME] !== undefined || /[:/]/.test(name);
  try {
    return isWhole ? fullReference(parseReference(name)) : undefined;
  } catch {
    // Anything may stand there; an image with another tool's label is still an image.
    return undefined;
  }
}

const utf8 = new TextEncoder();
const encodeJson = (value: unknown) => utf8.encode(JSON.stringify(value));

/**
 * The archive of `images` as Docker 25 and later write it: an OCI layout, and beside it what `docker load` of all
 * versions reads. Reproducible. Blobs are as the store has them.
 * The stream errors with BlobStoreError when a layer is not in the store.
 */
export function writeArchive(store: BlobStore, images: readonly ArchivedImage[]): ByteStream {
  return writeTar(archiveEntries(store, images));
}

async function* archiveEntries(store: BlobStore, images: readonly ArchivedImage[]): AsyncGenerator<TarInput> {
  yield { path: "blobs", type: "directory" };
  yield { path: "blobs/sha256", type: "directory" };
  const blobs = new Map<Digest, Descriptor>();
  for (const { image } of images) {
    for (const part of [image.descriptor, image.manifest.config, ...image.manifest.layers])
      blobs.set(part.digest, part);
  }
  for (const digest of [...blobs.keys()].sort()) {
    yield { path: blobPath(digest), type: "file", content: await getBlob(store, digest) };
  }
  yield json("index.json", {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: images.flatMap(({ image, names }) => indexEntriesOf(image, names)),
  });
  yield json(
    "manifest.json",
    images.map(({ image, names }) => ({
      Config: blobPath(image.id),
      RepoTags: names.map((name) => familiarReference(parseReference(name))),
      Layers: image.layers.map(({ descriptor }) => blobPath(descriptor.digest)),
      LayerSources: Object.fromEntries(
        image.layers.map(({ diffId, descriptor: { mediaType, digest, size } }) => [
          diffId,
          { mediaType, size, digest },
        ]),
      ),
    })),
  );
  yield json("oci-layout", { imageLayoutVersion: "1.0.0" });
}

function indexEntriesOf({ descriptor, config }: Image, names: readonly string[]): Descriptor[] {
  const { mediaType, digest, size } = descriptor;
  const platform = { architecture: config.architecture, os: config.os };
  if (names.length === 0) return [{ mediaType, digest, size, platform }];
  return names.map((name) => ({
    mediaType,
    digest,
    size,
    annotations: { [IMAGE_NAME]: name, [REF_NAME]: parseReference(name).tag ?? "latest" },
    platform,
  }));
}

function blobPath(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

function json(path: string, value: unknown): TarInput {
  return { path, type: "file", content: encodeJson(value) };
}
