/**
 * Streaming reader of tar archives: ustar, PAX (local and global headers), GNU long names and base-256 numbers, old
 * Unix. Every name is checked before it is given out.
 */
import { byteReader, type ByteReader, type ByteStream } from "../bytes";
import { MAX_CONTENT_BYTES, MAX_ENTRIES, MAX_EXTENDED_HEADER_BYTES, MAX_XATTR_BYTES, MAX_XATTRS } from "./bounds";
import type { TarEntry, TarType } from "./entry";
import { TarError } from "./error";
import { BLOCK_BYTES, decodeBlock, isZero, untilNul, type Block } from "./header";
import { checkName, climbs, entryPath, type AbsoluteNames } from "./path";
import { decodePax, XATTR_PREFIX, type PaxRecords } from "./pax";
import { decodeFileName } from "../file-name";

export interface TarReadOptions {
  maxEntries?: number;
  /** Bytes of all contents together. */
  maxContentBytes?: number;
  /** What becomes of names with a leading slash. Refused unless said otherwise. */
  absoluteNames?: AbsoluteNames;
  /** What becomes of relative symbolic links that lead above the root. Refused unless said otherwise. */
  climbingLinks?: "refuse" | "keep";
}

/** Flags that stand for a file's type. "7" is a contiguous file, which nobody lays out differently today. */
const TYPE: Readonly<Record<string, TarType>> = {
  "0": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "character",
  "4": "block",
  "5": "directory",
  "6": "fifo",
  "7": "file",
};

/** Flags known to be archives we cannot read faithfully, and what to do about it. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  S: "it is a sparse file; make the archive without --sparse",
  M: "it continues a file of another volume; make the archive in one piece",
  D: "it is from an incremental backup; make the archive without --incremental",
};

/** Header blocks between two entries: an archive of nothing but extended headers is an attack. */
const MAX_EXTENDED_HEADERS = 16;

/** What the extended headers before an entry say about it. */
interface Extension {
  pax: PaxRecords;
  longName?: string;
  longLink?: string;
}

/**
 * The entries of an archive in their order. The stream is read to its very end, so that whoever measures it has all
 * bytes, and cancelled when the caller stops early.
 * @throws TarError, naming the entry, when the archive is damaged, hostile, or larger than its bounds.
 */
export async function* readTar(
  stream: ByteStream,
  options: TarReadOptions = {},
): AsyncGenerator<TarEntry, void, undefined> {
  const reader = byteReader(stream);
  let finished = false;
  try {
    yield* entriesOf(reader, options);
    finished = true;
  } finally {
    if (!finished) await reader.cancel().catch(() => undefined);
  }
}

async function* entriesOf(reader: ByteReader, options: TarReadOptions): AsyncGenerator<TarEntry, void, undefined> {
  const { maxEntries = MAX_ENTRIES, maxContentBytes = MAX_CONTENT_BYTES } = options;
  const global: PaxRecords = new Map();
  let entries = 0;
  let contentBytes = 0;
  let extension: Extension = { pax: new Map() };
  let extendedHeaders = 0;

  for (;;) {
    const block = await readBlock(reader);
    if (block === undefined) {
      if (extendedHeaders > 0) throw new TarError("truncated", "the archive ends after an extended header");
      return;
    }
    if (extendedHeaders > MAX_EXTENDED_HEADERS) {
      throw new TarError("bad-header", `more than ${MAX_EXTENDED_HEADERS} extended headers in a row`);
    }
    switch (block.typeflag) {
      case "x":
        extension.pax = decodePax(await readExtended(reader, block));
        extendedHeaders++;
        continue;
      case "g":
        for (const [key, value] of decodePax(await readExtended(reader, block))) global.set(key, value);
        if (global.size > MAX_XATTRS) throw new TarError("too-large", "too many global header records");
        extendedHeaders++;
        continue;
      case "L":
        extension.longName = untilNul(await readExtended(reader, block));
        extendedHeaders++;
        continue;
      case "K":
        extension.longLink = untilNul(await readExtended(reader, block));
        extendedHeaders++;
        continue;
      case "V": // the name of the volume
        extendedHeaders++;
        continue;
    }

    const entry = describe(block, global, extension, options);
    extension = { pax: new Map() };
    extendedHeaders = 0;
    if (++entries > maxEntries) {
      throw new TarError("too-many-entries", `the archive has more than ${maxEntries} entries`, entry.path);
    }
    contentBytes += entry.size;
    if (contentBytes > maxContentBytes) {
      throw new TarError("too-large", `the archive holds more than ${maxContentBytes} bytes`, entry.path);
    }
    if (entry.type !== "file") {
      yield entry;
      continue;
    }
    const content = contentOf(reader, entry.path, entry.size);
    entry.content = content.stream;
    yield entry;
    await content.finish();
  }
}

/** The next header; undefined at the end mark, or where the stream ends between two entries, as Docker allows. */
async function readBlock(reader: ByteReader): Promise<Block | undefined> {
  const bytes = reader.take(BLOCK_BYTES) ?? (await reader.read(BLOCK_BYTES));
  if (bytes.length === 0) return undefined;
  if (bytes.length < BLOCK_BYTES) throw new TarError("truncated", "the archive ends within a header");
  if (!isZero(bytes)) return decodeBlock(bytes);
  // Two blocks of zeros end the archive. After a lone one, readers disagree about what is in it.
  if (!isZero(await reader.read(BLOCK_BYTES)))
    throw new TarError("bad-header", "a lone block of zeros between entries");
  // What pads the archive to a record is passed over, up to a bound.
  if ((await reader.skip(MAX_CONTENT_BYTES)) === MAX_CONTENT_BYTES) {
    throw new TarError("too-large", "the archive goes on after its end mark");
  }
  return undefined;
}

async function readExtended(reader: ByteReader, { size, name }: Block): Promise<Uint8Array> {
  if (size < 0 || size > MAX_EXTENDED_HEADER_BYTES) {
    throw new TarError("too-large", `an extended header of ${size} bytes; at most ${MAX_EXTENDED_HEADER_BYTES}`, name);
  }
  const bytes = await reader.read(size);
  const padding = paddingOf(size);
  if (bytes.length < size || (await reader.skip(padding)) < padding) {
    throw new TarError("truncated", "the archive ends within an extended header", name);
  }
  return bytes;
}

/** An entry from its header block and what extended headers put in the place of its fields. */
function describe(block: Block, global: PaxRecords, extension: Extension, options: TarReadOptions): TarEntry {
  const { pax, longName, longLink } = extension;
  // An empty value takes a global record back.
  const record = (key: string) => {
    const value = pax.get(key) ?? global.get(key);
    return value === undefined || value.length === 0 ? undefined : decodeFileName(value);
  };
  const name = record("path") ?? longName ?? block.name;
  const number = (key: string, otherwise: number) => {
    const text = record(key);
    return text === undefined ? otherwise : paxInteger(text, key, name);
  };
  const unsupported = UNSUPPORTED[block.typeflag];
  if (unsupported) throw new TarError("unsupported-type", unsupported, name);
  for (const key of pax.keys()) {
    if (key.startsWith("GNU.sparse.")) throw new TarError("unsupported-type", UNSUPPORTED.S, name);
  }
  let type = TYPE[block.typeflag];
  if (type === undefined) {
    throw new TarError("unsupported-type", `its type ${JSON.stringify(block.typeflag)} is not known`, name);
  }
  // Before ustar, a directory was a file whose name ends in a slash.
  if (type === "file" && name.endsWith("/")) type = "directory";

  const absolute = options.absoluteNames ?? "refuse";
  const path = entryPath(name, absolute);
  if (path === "" && type !== "directory") throw new TarError("bad-header", "only a directory can be the root", name);
  const size = number("size", block.size);
  if (size < 0) throw new TarError("bad-number", "its size is negative", name);
  const { seconds, nanoseconds } = mtimeOf(record("mtime"), block.mtime, name);
  const entry: TarEntry = {
    path,
    type,
    mode: block.mode & 0o7777,
    uid: number("uid", block.uid),
    gid: number("gid", block.gid),
    uname: record("uname") ?? block.uname,
    gname: record("gname") ?? block.gname,
    mtime: seconds,
    mtimeNsec: nanoseconds,
    linkname: "",
    xattrs: xattrsOf(pax, name),
    // Whatever it says, only a file has content (as Go's archive/tar reads it).
    size: type === "file" ? size : 0,
  };
  if (entry.uid < 0 || entry.gid < 0) throw new TarError("bad-number", "its owner is negative", name);
  if (type === "character" || type === "block") entry.device = [block.devmajor, block.devminor];
  if (type === "symlink" || type === "hardlink") {
    const target = record("linkpath") ?? longLink ?? block.linkname;
    if (target === "") throw new TarError("bad-header", "it is a link to nothing", name);
    checkName(target, name);
    entry.linkname = type === "hardlink" ? hardLinkTarget(target, absolute, name) : target;
    if (type === "symlink" && options.climbingLinks !== "keep" && climbs(path, target)) {
      throw new TarError("link-climbs", `it is a link to ${JSON.stringify(target)}, outside of the root`, name);
    }
  }
  return entry;
}

function hardLinkTarget(target: string, absolute: AbsoluteNames, name: string): string {
  const path = entryPath(target, absolute, name);
  if (path === "") throw new TarError("link-climbs", "it is a hard link to the root", name);
  return path;
}

function xattrsOf(pax: PaxRecords, name: string): ReadonlyMap<string, Uint8Array> {
  let xattrs: Map<string, Uint8Array> | undefined;
  for (const [key, value] of pax) {
    if (!key.startsWith(XATTR_PREFIX) || key.length === XATTR_PREFIX.length) continue;
    if (value.length > MAX_XATTR_BYTES) {
      throw new TarError("too-large", `an extended attribute of more than ${MAX_XATTR_BYTES} bytes`, name);
    }
    xattrs ??= new Map();
    // A copy: the header's buffer is not to live as long as the attribute.
    xattrs.set(key.slice(XATTR_PREFIX.length), value.slice());
    if (xattrs.size > MAX_XATTRS) throw new TarError("too-large", `more than ${MAX_XATTRS} extended attributes`, name);
  }
  return xattrs ?? NO_XATTRS;
}

const NO_XATTRS: ReadonlyMap<string, Uint8Array> = new Map();

function paxInteger(text: string, key: string, name: string): number {
  const value = /^-?[0-9]+$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(value)) throw new TarError("bad-number", `its ${key} is no number in range`, name);
  return value;
}

/** `1700000000.123456789`, or the header's whole seconds. */
function mtimeOf(text: string | undefined, otherwise: number, name: string) {
  if (text === undefined) return { seconds: otherwise, nanoseconds: 0 };
  const match = /^(-?)([0-9]+)(?:\.([0-9]*))?$/.exec(text);
  const seconds = match ? Number(match[2]) : NaN;
  if (!match || !Number.isSafeInteger(seconds)) throw new TarError("bad-number", "its mtime is no time", name);
  const nanoseconds = Number((match[3] ?? "").slice(0, 9).padEnd(9, "0"));
  if (match[1] === "") return { seconds, nanoseconds };
  // -1.25 is a quarter of a second after -2, as struct timespec has it.
  return nanoseconds === 0
    ? { seconds: seconds === 0 ? 0 : -seconds, nanoseconds }
    : { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds };
}

/** Content of at most `size` bytes at the reader's place, as a stream that ends with the entry's turn. */
function contentOf(reader: ByteReader, path: string, size: number) {
  let left = size;
  let over = false;
  // A read may still be under way when the next entry is asked for; it must not take that entry's bytes.
  let pending: Promise<unknown> = Promise.resolve();
  const truncated = () => new TarError("truncated", `the archive ends ${left} bytes before the end of this file`, path);

  const stream: ByteStream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (over) throw new TarError("content-changed", "its content is read after the next entry was asked for", path);
        if (left === 0) return controller.close();
        const reading = reader.some(left);
        pending = reading.catch(() => undefined);
        const chunk = await reading;
        if (chunk.length === 0) throw truncated();
        left -= chunk.length;
        controller.enqueue(chunk);
        if (left === 0) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  return {
    stream,
    async finish() {
      over = true;
      await pending;
      left -= await reader.skip(left);
      if (left > 0) throw truncated();
      const padding = paddingOf(size);
      if ((await reader.skip(padding)) < padding) {
        throw new TarError("truncated", "the archive ends within the padding of this file", path);
      }
    },
  };
}

function paddingOf(size: number): number {
  return (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
}
