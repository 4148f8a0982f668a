/** The images of the engine: their documents and names, kept in the guest, and their layers, unpacked there once. */
import type { ContainerConfig as ApiConfig } from "../../protocol/docker";
import { ApiError, badParameter, conflict, notFound } from "../api/error";
import type { ImageForContainer, ImageSource } from "../container/containers";
import { STATE_ROOT } from "../container/paths";
import type { Context } from "../context";
import { readArchive, writeArchive } from "./archive";
import { getBlob, type BlobStore } from "./blob-store";
import type { ByteStream } from "./bytes";
import { hexOf, type Digest } from "./digest";
import { ImageError } from "./error";
import { openLayer, readImage, type Image, type Layer } from "./image";
import { readLayer } from "./layer";
import {
  familiarName,
  familiarReference,
  fullName,
  fullReference,
  parseReference,
  withDefaultTag,
  type Reference,
} from "./reference";
import { RegistryError } from "../registry/error";
import { pushImage, type Pushed, type PushProgress } from "../registry/push";
import type { RegistryClient } from "../registry/client";
import { pullImage, type PullProgress } from "../registry/pull";
import type { TarInput } from "./tar/entry";
import { writeTar } from "./tar/writer";

export const IMAGES = `${STATE_ROOT}/image`;
export const LAYERS = `${STATE_ROOT}/layers`;

/** What is remembered of an image in the guest, so that it is there wherever the guest is. */
interface Remembered {
  /** Digest of the manifest, its text, and that of the config. */
  digest: Digest;
  manifest: string;
  config: string;
  names: string[];
}

export interface NamedImage {
  image: Image;
  /** Full references: `docker.io/library/busybox:latest`. */
  names: Set<string>;
  /** Of its layers unpacked. */
  sizeBytes: number;
}

/** Most layers' names that fit what mount(2) takes of options: one page. */
const LAYER_NAME_LENGTH = 26;

export class Images implements ImageSource {
  #context: Context;
  #store: BlobStore;
  #registry: (domain: string) => RegistryClient | undefined;
  /** By ImageID. */
  #all = new Map<Digest, NamedImage>();
  #unpacking = new Map<Digest, Promise<void>>();
  /** Layers that are in the guest, by chain id, with their size. */
  #layers = new Map<Digest, number>();
  /** Repositories, `docker.io/library/busybox`, that layers came from or went to, the latest one last. */
  #origins = new Map<Digest, Set<string>>();

  constructor(context: Context, store: BlobStore, registry: (domain: string) => RegistryClient | undefined) {
    this.#context = context;
    this.#store = store;
    this.#registry = registry;
  }

  all(): NamedImage[] {
    return [...this.#all.values()];
  }

  /** Reads what is remembered in the guest. */
  async restore(): Promise<void> {
    const { boxd } = this.#context;
    const present = new Set(await boxd.names(LAYERS));
    for (const file of await boxd.names(IMAGES)) {
      const text = await boxd.readText(`${IMAGES}/${file}`);
      if (text === undefined) continue;
      const { digest, manifest, config, names } = JSON.parse(text) as Remembered;
      const encoder = new TextEncoder();
      await this.#store.put(encoder.encode(manifest), { digest });
      await this.#store.put(encoder.encode(config));
      const image = await readImage(this.#store, digest);
      const unpacked = image.layers.filter(({ chainId }) => present.has(layerName(chainId)));
      for (const { chainId, descriptor } of unpacked) this.#layers.set(chainId, descriptor.size);
      this.#all.set(image.id, { image, names: new Set(names), sizeBytes: this.#size(image) });
    }
  }

  /** By id, the beginning of one, or a name. @throws ApiError 404 in Docker's words */
  find(name: string): NamedImage {
    const id = name.replace(/^sha256:/, "");
    if (/^[0-9a-f]{4,64}$/.test(id)) {
      const beginning = this.all().filter(({ image }) => hexOf(image.id).startsWith(id));
      if (beginning.length > 1) throw badParameter(`Multiple IDs found with provided prefix: ${name}`);
      if (beginning.length === 1) return beginning[0];
    }
    const wanted = this.#reference(name);
    const found = this.all().find(({ names }) => names.has(wanted));
    if (!found) throw notFound(`No such image: ${familiar(wanted)}`);
    return found;
  }

  /** The full reference that a name means. @throws ApiError 400 */
  #reference(name: string): string {
    try {
      return fullReference(withDefaultTag(parseReference(name)));
    } catch (error) {
      throw badParameter((error as Error).message);
    }
  }

  async forContainer(name: string): Promise<ImageForContainer> {
    if (name === "") throw badParameter("config cannot be empty in order to create a container");
    const { image } = this.find(name);
    await this.#unpackAll(image);
    const layers = image.layers.map(({ chainId }) => layerDirectory(chainId)).toReversed();
    // An image of no layer at all is an empty directory.
    return {
      id: image.id,
      config: (image.config.config ?? {}) as ApiConfig,
      layers: layers.length > 0 ? layers : [EMPTY_LAYER],
    };
  }

  /**
   * `docker pull`.
   * @returns the digest that the name means at the registry, and whether the image was here already
   * @throws ApiError 404 when there is no such image
   */
  async pull(
    name: string,
    options: { onProgress?: (progress: PullProgress) => void; signal?: AbortSignal } = {},
  ): Promise<{ digest: Digest; fresh: boolean; reference: string }> {
    const full = this.#reference(name);
    const reference = parseReference(full);
    const client = this.#registry(reference.domain);
    const denied = `pull access denied for ${familiar(full).replace(/[:@].*$/, "")}, repository does not exist or may require 'docker login'`;
    if (!client) throw notFound(denied);
    try {
      const { image, digest } = await pullImage({
        client,
        store: this.#store,
        repository: reference.path,
        reference: reference.digest ?? reference.tag ?? "latest",
        ...options,
      });
      const fresh = !this.#all.has(image.id);
      this.#cameFrom(image, reference);
      await this.add(image, reference.digest ? [] : [full]);
      this.#context.events.emit("image", "pull", familiar(full), { name: familiar(full) });
      return { digest, fresh, reference: familiar(full) };
    } catch (error) {
      if (error instanceof RegistryError && error.status === 404) {
        const known = await client.tags(reference.path).then(
          () => true,
          () => false,
        );
        throw notFound(known ? `manifest for ${familiar(full)} not found: manifest unknown: manifest unknown` : denied);
      }
      if (error instanceof ImageError) throw new ApiError(500, error.message);
      throw error;
    }
  }

  #cameFrom(image: Image, { domain, path }: Reference) {
    for (const { digest } of image.manifest.layers) {
      const origins = this.#origins.get(digest) ?? new Set<string>();
      origins.delete(`${domain}/${path}`);
      this.#origins.set(digest, origins.add(`${domain}/${path}`));
    }
  }

  /** Repositories of a registry that may have a layer, the likeliest first: where it was, then where its image's names say. */
  #mountSources(layer: Digest, { domain, path }: Reference): string[] {
    const named = this.all()
      .filter(({ image }) => image.manifest.layers.some(({ digest }) => digest === layer))
      .flatMap(({ names }) => [...names].map((name) => fullName(parseReference(name))));
    const all = new Set([...[...(this.#origins.get(layer) ?? [])].toReversed(), ...named]);
    const prefix = `${domain}/`;
    return [...all]
      .filter((each) => each.startsWith(prefix) && each !== prefix + path)
      .map((each) => each.slice(prefix.length));
  }

  /** The names to push for `docker push NAME`, without a tag all of its repository. @throws ApiError 400 */
  pushed(name: string, tag: string | undefined): { repository: string; references: Reference[] } {
    let wanted: Reference;
    try {
      wanted = parseReference(tag === undefined ? name : `${name}:${tag}`);
    } catch (error) {
      throw badParameter((error as Error).message);
    }
    if (wanted.digest !== undefined) throw badParameter("cannot push a digest reference");
    const all = this.all().flatMap(({ names }) => [...names].map((each) => parseReference(each)));
    const same = all.filter((each) => fullName(each) === fullName(wanted));
    const references = wanted.tag === undefined ? same : same.filter((each) => each.tag === wanted.tag);
    if (same.length === 0)
      throw new ApiError(404, `An image does not exist locally with the tag: ${familiarName(wanted)}`);
    if (references.length === 0) throw new ApiError(404, `tag does not exist: ${familiarReference(wanted)}`);
    return { repository: fullName(wanted), references };
  }

  /** `docker push` of one name. @throws ApiError in Docker's words */
  async push(
    reference: Reference,
    options: { onProgress?: (progress: PushProgress, image: Image) => void; signal?: AbortSignal } = {},
  ): Promise<Pushed> {
    const { image } = this.find(fullReference(reference));
    const { domain, path, tag = "latest" } = reference;
    const client = this.#registry(domain);
    if (!client) throw new ApiError(500, `Get "https://${domain}/v2/": dial tcp: lookup ${domain}: no such host`);
    try {
      const pushed = await pushImage({
        client,
        store: this.#store,
        image,
        repository: path,
        reference: tag,
        mountFrom: (layer) => this.#mountSources(layer, reference),
        onProgress: (progress) => options.onProgress?.(progress, image),
        signal: options.signal,
      });
      this.#cameFrom(image, reference);
      const name = familiarReference(reference);
      this.#context.events.emit("image", "push", name, { name: familiarName(reference) });
      return pushed;
    } catch (error) {
      if (error instanceof RegistryError && [401, 403, 405].includes(error.status ?? 0))
        throw new ApiError(500, "denied: requested access to the resource is denied");
      if (error instanceof ImageError) throw new ApiError(500, error.message);
      throw error;
    }
  }

  /** `docker load`: what was loaded, as Docker tells it. @throws ApiError 400 for what is no archive */
  async load(archive: ByteStream): Promise<string[]> {
    try {
      const loaded: string[] = [];
      for (const { image, names } of await readArchive(this.#store, archive)) {
        await this.add(image, names);
        loaded.push(
          ...(names.length > 0
            ? names.map((name) => `Loaded image: ${familiar(name)}`)
            : [`Loaded image ID: ${image.id}`]),
        );
        this.#context.events.emit("image", "load", image.id, { name: names[0] ?? image.id });
      }
      return loaded;
    } catch (error) {
      if (error instanceof ImageError) throw badParameter(error.message);
      throw error;
    }
  }

  /** `docker save`. */
  save(names: readonly string[]): ByteStream {
    const wanted = names.map((name) => {
      const { image, names: all } = this.find(name);
      const byId = /^(sha256:)?[0-9a-f]+$/.test(name) && !all.has(this.#reference(name));
      return { image, names: byId ? [] : [this.#reference(name)] };
    });
    return writeArchive(this.#store, wanted);
  }

  /** An image whose blobs are in the store; its layers are unpacked, and names that others had are its own now. */
  async add(image: Image, names: readonly string[]): Promise<NamedImage> {
    await this.#unpackAll(image);
    const named = this.#all.get(image.id) ?? { image, names: new Set<string>(), sizeBytes: this.#size(image) };
    this.#all.set(image.id, named);
    for (const name of names) await this.#name(named, name);
    await this.#remember(named);
    return named;
  }

  async #name(named: NamedImage, name: string): Promise<void> {
    for (const other of this.all()) if (other !== named && other.names.delete(name)) await this.#remember(other);
    named.names.add(name);
  }

  async tag(name: string, repository: string, tag: string | undefined): Promise<void> {
    const named = this.find(name);
    const wanted = this.#reference(tag ? `${repository}:${tag}` : repository);
    if (wanted.includes("@")) throw badParameter("refusing to create a tag with a digest reference");
    await this.#name(named, wanted);
    await this.#remember(named);
    this.#context.events.emit("image", "tag", named.image.id, { name: familiar(wanted) });
  }

  /**
   * `docker rmi`: a name is taken away; with the last one goes the image, and with that its layers that nobody else has.
   * @param users ids of containers by the image they were made from
   */
  async remove(
    name: string,
    force: boolean,
    users: ReadonlyMap<string, { id: string; running: boolean }>,
  ): Promise<object[]> {
    const named = this.find(name);
    const { image } = named;
    const user = users.get(image.id);
    const reference = this.#tryReference(name);
    const report: object[] = [];
    if (reference !== undefined && named.names.has(reference) && named.names.size > 1) {
      named.names.delete(reference);
      await this.#remember(named);
      this.#context.events.emit("image", "untag", image.id, { name: image.id });
      return [{ Untagged: familiar(reference) }];
    }
    const short = hexOf(image.id).slice(0, 12);
    if (reference === undefined && named.names.size > 1 && !force)
      throw conflict(
        `conflict: unable to delete ${short} (must be forced) - image is referenced in multiple repositories`,
      );
    if (user?.running)
      throw conflict(
        `conflict: unable to delete ${short} (cannot be forced) - image is being used by running container ${user.id.slice(0, 12)}`,
      );
    if (user && !force)
      throw conflict(
        `conflict: unable to remove repository reference "${name}" (must force) - container ${user.id.slice(0, 12)} is using its referenced image ${short}`,
      );
    for (const each of named.names) report.push({ Untagged: familiar(each) });
    named.names.clear();
    if (user) {
      await this.#remember(named);
      return report;
    }
    this.#all.delete(image.id);
    await this.#context.boxd.take([
      { kind: "remove", what: "file", path: fileOf(image.id), why: "The engine's memory of it." },
    ]);
    report.push({ Deleted: image.id });
    for (const chainId of await this.#removeLayers(image)) report.push({ Deleted: chainId });
    this.#context.events.emit("image", "delete", image.id, { name: image.id });
    return report;
  }

  #tryReference(name: string): string | undefined {
    try {
      return this.#reference(name);
    } catch {
      return undefined;
    }
  }

  async #removeLayers(image: Image): Promise<Digest[]> {
    const kept = new Set(this.all().flatMap((other) => other.image.layers.map(({ chainId }) => chainId)));
    const gone = image.layers.filter(({ chainId }) => !kept.has(chainId)).toReversed();
    for (const { chainId, descriptor } of gone) {
      await this.#context.boxd.take([
        { kind: "remove", what: "tree", path: layerDirectory(chainId), why: "A layer that no image has any more." },
      ]);
      this.#layers.delete(chainId);
      await this.#store.delete(descriptor.digest);
    }
    return gone.map(({ chainId }) => chainId);
  }

  async #remember({ image, names }: NamedImage): Promise<void> {
    const text = async (digest: Digest) =>
      new TextDecoder().decode(await (await getBlob(this.#store, digest)).arrayBuffer());
    const remembered: Remembered = {
      digest: image.descriptor.digest,
      manifest: await text(image.descriptor.digest),
      config: await text(image.id),
      names: [...names],
    };
    const path = fileOf(image.id);
    await this.#context.boxd.take([
      { kind: "mkdir", path: IMAGES, parents: true, why: "The engine's memory of images." },
      { kind: "write", path: `${path}.new`, text: JSON.stringify(remembered), why: "Its documents and names." },
      { kind: "rename", from: `${path}.new`, to: path, why: "At once, so that half of it is never read." },
    ]);
  }

  /** Bytes of the files of a layer, by its chain id. */
  layerSize(chainId: Digest): number {
    return this.#layers.get(chainId) ?? 0;
  }

  #size(image: Image): number {
    return image.layers.reduce(
      (sum, { chainId, descriptor }) => sum + (this.#layers.get(chainId) ?? descriptor.size),
      0,
    );
  }

  async #unpackAll(image: Image): Promise<void> {
    if (image.layers.length === 0)
      await this.#context.boxd.take([
        { kind: "mkdir", path: EMPTY_LAYER, parents: true, why: "An image without files." },
      ]);
    for (const layer of image.layers) {
      const { chainId } = layer;
      if (this.#layers.has(chainId)) continue;
      const former = this.#unpacking.get(chainId);
      const unpacked = former ?? this.#unpack(layer).finally(() => this.#unpacking.delete(chainId));
      this.#unpacking.set(chainId, unpacked);
      await unpacked;
    }
  }

  /** A layer becomes a directory, under another name until it is whole and verified. */
  async #unpack(layer: Layer): Promise<void> {
    const { guest, boxd } = this.#context;
    const directory = layerDirectory(layer.chainId);
    const unfinished = `${directory}.unfinished`;
    await boxd.take([
      { kind: "remove", what: "tree", path: unfinished, why: "What an earlier attempt left." },
      { kind: "mkdir", path: unfinished, parents: true, why: "The layer's files." },
    ]);
    const measure = { sizeBytes: 0, opaque: [] as string[] };
    try {
      const tar = writeTar(overlayEntries(await openLayer(this.#store, layer), measure));
      const unpacking = guest.run({
        argv: ["tar", "-x", "-f", "-", "-C", unfinished],
        stdin: true,
        purpose: "unpacking a layer",
      });
      const said = unpacking.collect();
      // What is wrong with the layer matters more than that tar was not fed to its end.
      const [fed, result] = await Promise.allSettled([tar.pipeTo(unpacking.stdin), said]);
      if (fed.status === "rejected" && fed.reason instanceof ImageError) throw fed.reason;
      if (result.status === "rejected") throw result.reason;
      if (!("exitCode" in result.value) || result.value.exitCode !== 0)
        throw new ApiError(
          500,
          `a layer could not be unpacked: ${new TextDecoder().decode(result.value.stderr).trim()}`,
        );
      await boxd.take([
        ...measure.opaque.map((path) => ({
          kind: "run" as const,
          argv: ["setfattr", "-n", "trusted.overlay.opaque", "-v", "y", `${unfinished}/${path}`],
          undo: null,
          call: 'setxattr(path, "trusted.overlay.opaque", "y", 1, 0)',
          manual: ["setfattr(1)"],
          why: "Nothing below shows through this directory.",
        })),
        { kind: "rename", from: unfinished, to: directory, why: "It is whole." },
      ]);
    } catch (error) {
      await boxd
        .take([{ kind: "remove", what: "tree", path: unfinished, why: "It did not become whole." }])
        .catch(() => {});
      throw error;
    }
    this.#layers.set(layer.chainId, measure.sizeBytes);
  }
}

const EMPTY_LAYER = `${LAYERS}/empty`;

/** Where a layer is in the guest. Short, because mount(2) takes the names of all layers in one page. */
export function layerDirectory(chainId: Digest): string {
  return `${LAYERS}/${layerName(chainId)}`;
}

function layerName(chainId: Digest): string {
  return hexOf(chainId).slice(0, LAYER_NAME_LENGTH);
}

function fileOf(id: Digest): string {
  return `${IMAGES}/${hexOf(id)}.json`;
}

function familiar(reference: string): string {
  return familiarReference(parseReference(reference));
}

/** A layer as overlay has it on disk: what is gone is a device 0, 0 (`Documentation/filesystems/overlayfs.rst`). */
async function* overlayEntries(
  layer: ByteStream,
  measure: { sizeBytes: number; opaque: string[] },
): AsyncGenerator<TarInput> {
  for await (const entry of readLayer(layer)) {
    measure.sizeBytes += entry.size;
    if (entry.type === "opaque") measure.opaque.push(entry.path);
    else if (entry.type === "whiteout")
      yield { path: entry.path, type: "character", mode: 0, device: [0, 0], mtime: entry.mtime };
    // The guest's tar takes whole seconds.
    else yield { ...entry, type: entry.type, mtimeNsec: 0, xattrs: new Map() };
  }
}
