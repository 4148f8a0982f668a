/**
 * A layer's tar as changes to the layer below (OCI image specification, layer.md, "Representing Changes"): `.wh.NAME`
 * says that NAME is gone, `.wh..wh..opq` that all the folder had is gone.
 */
import type { ByteStream } from "./bytes";
import type { TarHeader, TarInput, TarType } from "./tar/entry";
import { TarError } from "./tar/error";
import { readTar, type TarReadOptions } from "./tar/reader";
import { writeTar } from "./tar/writer";

const WHITEOUT_PREFIX = ".wh.";
/** AUFS's own files begin so; of these only the opaque mark has a meaning for others. */
const META_PREFIX = ".wh..wh.";
const OPAQUE_MARK = ".wh..wh..opq";

/** `whiteout`: `path` does not exist any more. `opaque`: of the directory `path`, nothing below shows through. */
export type LayerEntryType = TarType | "whiteout" | "opaque";

export interface LayerEntry extends Omit<TarHeader, "type"> {
  type: LayerEntryType;
  /** Files only; valid until the next entry is asked for. */
  content?: ByteStream;
}

/** What a layer is written from. Whiteouts and opaque marks need a path only. */
export interface LayerInput extends Omit<TarInput, "type"> {
  type: LayerEntryType;
}

/**
 * The changes in an uncompressed layer, in its order. Absolute names count from the image's root, as Docker has it.
 * @throws TarError, also for an entry beneath a symbolic link of the same layer: unpacked, it would follow that link.
 */
export async function* readLayer(
  stream: ByteStream,
  options: Omit<TarReadOptions, "absoluteNames"> = {},
): AsyncGenerator<LayerEntry, void, undefined> {
  const links = new Set<string>();
  for await (const entry of readTar(stream, { ...options, absoluteNames: "strip" })) {
    refuseThroughLink(entry.path, links, entry.path);
    if (entry.type === "hardlink") refuseThroughLink(entry.linkname, links, entry.path);
    const { folder, name } = split(entry.path);
    if (name.startsWith(WHITEOUT_PREFIX)) {
      const change = whiteoutOf(folder, name, entry.path);
      if (change) yield { ...entry, ...change, content: undefined, size: 0 };
      continue;
    }
    if (entry.type === "symlink") links.add(entry.path);
    else links.delete(entry.path);
    yield entry;
  }
}

/** The layer's uncompressed tar; its bytes have the DiffID. Entries are written in their order. */
export function writeLayer(entries: Iterable<LayerInput> | AsyncIterable<LayerInput>): ByteStream {
  return writeTar(tarInputs(entries));
}

async function* tarInputs(entries: Iterable<LayerInput> | AsyncIterable<LayerInput>): AsyncGenerator<TarInput> {
  for await (const entry of entries) {
    const { type, path } = entry;
    const { folder, name } = split(path);
    if (type === "whiteout") {
      if (name === "") throw new TarError("bad-header", "the root cannot be removed", path);
      yield mark(join(folder, WHITEOUT_PREFIX + name), entry);
    } else if (type === "opaque") {
      yield mark(join(path, OPAQUE_MARK), entry);
    } else if (name.startsWith(WHITEOUT_PREFIX)) {
      throw new TarError("reserved-name", `names that begin with "${WHITEOUT_PREFIX}" mean removals in a layer`, path);
    } else {
      yield { ...entry, type };
    }
  }
}

/** Docker writes its marks as empty files without permissions. */
function mark(path: string, { mtime }: LayerInput): TarInput {
  return { path, type: "file", mode: 0, mtime };
}

function whiteoutOf(folder: string, name: string, entry: string): Pick<LayerEntry, "path" | "type"> | undefined {
  if (name === OPAQUE_MARK) return { path: folder, type: "opaque" };
  if (name.startsWith(META_PREFIX)) return undefined;
  const removed = name.slice(WHITEOUT_PREFIX.length);
  // ".wh..." would remove the folder above.
  if (removed === "" || removed === "." || removed === "..") {
    throw new TarError("path-climbs", "it removes no file of its folder", entry);
  }
  return { path: join(folder, removed), type: "whiteout" };
}

/** @throws TarError for a path below one of the links that came before it: unpacked, it would follow that link. */
export function refuseThroughLink(path: string, links: ReadonlySet<string>, entry: string): void {
  if (links.size === 0) return;
  for (let slash = path.indexOf("/"); slash > 0; slash = path.indexOf("/", slash + 1)) {
    const parent = path.slice(0, slash);
    if (links.has(parent)) {
      throw new TarError("path-through-link", `"${parent}" is a symbolic link of this archive, not a folder`, entry);
    }
  }
}

function split(path: string): { folder: string; name: string } {
  const slash = path.lastIndexOf("/");
  return { folder: slash < 0 ? "" : path.slice(0, slash), name: path.slice(slash + 1) };
}

function join(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}
