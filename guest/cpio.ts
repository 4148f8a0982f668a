/**
 * Writer of the "newc" cpio archives that Linux unpacks as initramfs
 * (Documentation/driver-api/early-userspace/buffer-format.rst). Reproducible: no clock, no host ids.
 */

export interface Entry {
  /** Path inside the archive, without a leading slash. */
  path: string;
  /** Type and permission bits, `st_mode`. */
  mode: number;
  content: Uint8Array;
  uid?: number;
  gid?: number;
  /** Device number of a node, `[major, minor]`. */
  device?: [number, number];
}

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;
const S_IFCHR = 0o020000;

const NONE = new Uint8Array(0);
const utf8 = new TextEncoder();

export function file(path: string, content: Uint8Array | string, permissions = 0o644): Entry {
  return { path, mode: S_IFREG | permissions, content: typeof content === "string" ? utf8.encode(content) : content };
}

export function directory(path: string, permissions = 0o755): Entry {
  return { path, mode: S_IFDIR | permissions, content: NONE };
}

export function symlink(path: string, target: string): Entry {
  return { path, mode: S_IFLNK | 0o777, content: utf8.encode(target) };
}

export function characterDevice(path: string, major: number, minor: number, permissions = 0o600): Entry {
  return { path, mode: S_IFCHR | permissions, content: NONE, device: [major, minor] };
}

/**
 * The archive of `entries`, with every missing parent directory put in.
 * @throws when two entries have one path, or a path is absolute or climbs.
 */
export function archive(entries: readonly Entry[]): Uint8Array<ArrayBuffer> {
  const all = withParents(entries);
  const parts: Uint8Array[] = all.map((entry, index) => record(entry, index + 1));
  parts.push(record({ path: "TRAILER!!!", mode: 0, content: NONE }, 0));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** Linux skips files whose parent directory is missing from the archive. */
function withParents(entries: readonly Entry[]): Entry[] {
  const byPath = new Map<string, Entry>();
  for (const entry of entries) {
    if (entry.path.startsWith("/") || entry.path.split("/").includes("..")) {
      throw new Error(`cpio: path ${JSON.stringify(entry.path)} must be relative and must not climb`);
    }
    if (byPath.has(entry.path)) throw new Error(`cpio: two entries named ${JSON.stringify(entry.path)}`);
    byPath.set(entry.path, entry);
  }
  for (const { path } of entries) {
    for (let slash = path.indexOf("/"); slash > 0; slash = path.indexOf("/", slash + 1)) {
      const parent = path.slice(0, slash);
      if (!byPath.has(parent)) byPath.set(parent, directory(parent));
    }
  }
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function record(entry: Entry, inode: number): Uint8Array {
  const name = utf8.encode(entry.path + "\0");
  const [major, minor] = entry.device ?? [0, 0];
  const isDirectory = (entry.mode & 0o170000) === S_IFDIR;
  const fields = [
    inode,
    entry.mode,
    entry.uid ?? 0,
    entry.gid ?? 0,
    isDirectory ? 2 : 1,
    0, // mtime: a clock would make two builds differ
    entry.content.length,
    0,
    0,
    major,
    minor,
    name.length,
    0,
  ];
  const header = utf8.encode("070701" + fields.map((field) => field.toString(16).padStart(8, "0")).join(""));
  const contentAt = align4(header.length + name.length);
  const bytes = new Uint8Array(align4(contentAt + entry.content.length));
  bytes.set(header, 0);
  bytes.set(name, header.length);
  bytes.set(entry.content, contentAt);
  return bytes;
}

function align4(size: number): number {
  return (size + 3) & ~3;
}
