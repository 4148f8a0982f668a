/**
 * Writer of tar archives: plain ustar where that can say it, PAX headers where not. Reproducible: equal entries give
 * equal bytes, nothing is taken from a clock or a host.
 */
import { asStream, chunksOf, concat, streamOf, type ByteStream } from "../bytes";
import { encodeFileName } from "../file-name";
import { DEFAULT_MODE, type TarInput, type TarType } from "./entry";
import { TarError } from "./error";
import {
  BLOCK_BYTES,
  encodeBlock,
  LINKNAME_BYTES,
  MAX_LONG_OCTAL,
  MAX_SHORT_OCTAL,
  NAME_BYTES,
  OWNER_NAME_BYTES,
  PREFIX_BYTES,
  type BlockFields,
} from "./header";
import { encodePax, XATTR_PREFIX, type PaxRecords } from "./pax";
import { entryPath } from "./path";

const TYPEFLAG: Readonly<Record<TarType, string>> = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  character: "3",
  block: "4",
  directory: "5",
  fifo: "6",
};

const NONE = new Uint8Array(0);
const SLASH = 0x2f;
/** Small pieces are joined to chunks of about this size: a stream costs per chunk. */
const CHUNK_BYTES = 64 * 1024;

export interface TarWriteOptions {
  /** Stands before each name and each hard link's target; nothing unless said otherwise. */
  prefix?: "" | "/" | "./";
}

/**
 * The archive of `entries`, in their order; parents must come before what is in them.
 * The stream errors with a TarError for a bad path, or when content has another length than its entry says.
 */
export function writeTar(
  entries: Iterable<TarInput> | AsyncIterable<TarInput>,
  { prefix = "" }: TarWriteOptions = {},
): ByteStream {
  return streamOf(joined(piecesOf(entries, prefix)));
}

async function* piecesOf(
  entries: Iterable<TarInput> | AsyncIterable<TarInput>,
  prefix: string,
): AsyncGenerator<Uint8Array> {
  for await (const entry of entries) {
    const size = sizeOf(entry);
    yield* headerOf(entry, size, prefix);
    if (size > 0) yield* contentOf(entry, size);
  }
  yield new Uint8Array(2 * BLOCK_BYTES);
}

async function* joined(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    waiting.push(piece);
    bytes += piece.length;
    if (bytes < CHUNK_BYTES) continue;
    yield concat(waiting);
    waiting = [];
    bytes = 0;
  }
  if (bytes > 0) yield concat(waiting);
}

function sizeOf({ path, type, size, content }: TarInput): number {
  if (type !== "file") return 0;
  const known = content instanceof Uint8Array ? content.length : content instanceof Blob ? content.size : undefined;
  if (content === undefined && (size ?? 0) > 0) throw new TarError("bad-header", "its content is missing", path);
  if (known === undefined && content !== undefined && size === undefined) {
    throw new TarError("bad-header", "a stream needs its size beforehand", path);
  }
  if (known !== undefined && size !== undefined && known !== size) throw wrongSize(path, size, known);
  return known ?? size ?? 0;
}

async function* contentOf({ path, content }: TarInput, size: number): AsyncGenerator<Uint8Array> {
  let written = 0;
  for await (const chunk of chunksOf(asStream(content!))) {
    written += chunk.length;
    if (written > size) throw wrongSize(path, size, written);
    yield chunk;
  }
  if (written !== size) throw wrongSize(path, size, written);
  const padding = (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
  if (padding > 0) yield new Uint8Array(padding);
}

function wrongSize(path: string, stated: number, found: number): TarError {
  return new TarError("content-changed", `its content has ${found} bytes, not the ${stated} that were announced`, path);
}

function headerOf(entry: TarInput, size: number, prefix: string): Uint8Array[] {
  const { type, mtime = 0, mtimeNsec = 0, uid = 0, gid = 0, xattrs } = entry;
  const pax: PaxRecords = new Map();
  const record = (key: string, value: string) => pax.set(key, encodeFileName(value));

  const path = nameOf(entry, prefix);
  const name = encodeFileName(path);
  const split = splitName(name);
  if (!split) pax.set("path", name);
  const link = encodeFileName(linkOf(entry, prefix));
  const linkFits = link.length <= LINKNAME_BYTES && isAscii(link);
  if (!linkFits) pax.set("linkpath", link);
  const uname = ownerName("uname", entry.uname ?? "", pax);
  const gname = ownerName("gname", entry.gname ?? "", pax);
  if (mtimeNsec !== 0 || mtime < 0 || mtime > MAX_LONG_OCTAL) record("mtime", paxTime(mtime, mtimeNsec));
  const short = (key: string, value: number) => {
    if (value <= MAX_SHORT_OCTAL) return value;
    record(key, String(value));
    return 0;
  };
  const owner = { uid: short("uid", uid), gid: short("gid", gid) };
  if (size > MAX_LONG_OCTAL) record("size", String(size));
  for (const [key, value] of xattrs ?? []) pax.set(XATTR_PREFIX + key, value);
  // POSIX has names in PAX headers be UTF-8 unless this record says otherwise.
  if (/[\udc80-\udcff]/u.test(path + linkOf(entry, prefix)) && pax.size > 0) record("hdrcharset", "BINARY");
  const [devmajor, devminor] = entry.device ?? [0, 0];
  if (devmajor > MAX_SHORT_OCTAL || devminor > MAX_SHORT_OCTAL) {
    throw new TarError("bad-number", "its device number is too large for an archive", entry.path);
  }

  const header = encodeBlock({
    name: split?.name ?? truncated(name),
    prefix: split?.prefix ?? NONE,
    mode: (entry.mode ?? DEFAULT_MODE[type]) & 0o7777,
    ...owner,
    size: size > MAX_LONG_OCTAL ? 0 : size,
    mtime: mtime < 0 || mtime > MAX_LONG_OCTAL ? 0 : mtime,
    typeflag: TYPEFLAG[type],
    linkname: linkFits ? link : link.subarray(0, LINKNAME_BYTES),
    uname,
    gname,
    devmajor,
    devminor,
  });
  return pax.size === 0 ? [header] : [...extendedHeader(path, encodePax(pax)), header];
}

function nameOf({ path, type }: TarInput, prefix: string): string {
  const clean = entryPath(path, "refuse");
  if (clean === "") {
    if (type !== "directory") throw new TarError("bad-header", "only a directory can be the root", path);
    return prefix || "./";
  }
  return prefix + (type === "directory" ? `${clean}/` : clean);
}

function linkOf({ path, type, linkname = "" }: TarInput, prefix: string): string {
  if (type !== "symlink" && type !== "hardlink") return "";
  if (linkname === "") throw new TarError("bad-header", "it is a link to nothing", path);
  return type === "hardlink" ? prefix + entryPath(linkname, "refuse", path) : linkname;
}

/** Name and prefix if ustar can hold them: ASCII, cut at a slash. */
function splitName(name: Uint8Array): { name: Uint8Array; prefix: Uint8Array } | undefined {
  if (name.length <= NAME_BYTES) return isAscii(name) ? { name, prefix: NONE } : undefined;
  if (!isAscii(name)) return undefined;
  // The slash between the two is not written; a directory's last slash belongs to its name.
  const slash = name.lastIndexOf(SLASH, Math.min(PREFIX_BYTES, name.length - 2));
  if (slash <= 0 || name.length - slash - 1 > NAME_BYTES) return undefined;
  return { name: name.subarray(slash + 1), prefix: name.subarray(0, slash) };
}

/** What readers without PAX see: the beginning of the name. */
function truncated(name: Uint8Array): Uint8Array {
  return name.subarray(0, NAME_BYTES).map((byte) => (byte > 127 ? 0x5f : byte));
}

function ownerName(key: "uname" | "gname", text: string, pax: PaxRecords): Uint8Array {
  const bytes = encodeFileName(text);
  if (bytes.length <= OWNER_NAME_BYTES && isAscii(bytes)) return bytes;
  pax.set(key, bytes);
  return NONE;
}

function paxTime(seconds: number, nanoseconds: number): string {
  if (nanoseconds === 0) return String(seconds);
  const digits = (value: number) => String(value).padStart(9, "0").replace(/0+$/, "");
  if (seconds >= 0) return `${seconds}.${digits(nanoseconds)}`;
  return `-${-seconds - 1}.${digits(1_000_000_000 - nanoseconds)}`;
}

function extendedHeader(path: string, records: Uint8Array): Uint8Array[] {
  const base = path.replace(/\/$/, "").split("/").at(-1)!;
  const fields: BlockFields = {
    name: truncated(encodeFileName(`PaxHeaders.0/${base}`)),
    prefix: NONE,
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: records.length,
    mtime: 0,
    typeflag: "x",
    linkname: NONE,
    uname: NONE,
    gname: NONE,
    devmajor: 0,
    devminor: 0,
  };
  const padding = new Uint8Array((BLOCK_BYTES - (records.length % BLOCK_BYTES)) % BLOCK_BYTES);
  return [encodeBlock(fields), records, padding];
}

function isAscii(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte < 0x80);
}
