import type { ByteStream } from "../bytes";

export type TarType = "file" | "directory" | "symlink" | "hardlink" | "character" | "block" | "fifo";

/** A file as an archive describes it. */
export interface TarHeader {
  /** Relative, without `.`, `..` and slashes at its ends; the root itself is `""`. */
  path: string;
  type: TarType;
  /** Permission bits with set-user-id, set-group-id and sticky: `st_mode & 07777`. */
  mode: number;
  uid: number;
  gid: number;
  uname: string;
  gname: string;
  /** Seconds since 1970; may be negative. */
  mtime: number;
  /** Nanoseconds of that second, as `st_mtim.tv_nsec`. */
  mtimeNsec: number;
  /** Target of a symbolic link as it stands there, of a hard link as a `path`; otherwise `""`. */
  linkname: string;
  /** `[major, minor]` of a device. */
  device?: readonly [number, number];
  /** Extended attributes by their full name, `security.capability`. */
  xattrs: ReadonlyMap<string, Uint8Array>;
  /** Bytes of content; 0 for all but files. */
  size: number;
}

/** What a reader gives out. */
export interface TarEntry extends TarHeader {
  /** Files only. Can be read until the next entry is asked for; what was not read is passed over. */
  content?: ByteStream;
}

/** What a writer takes; all that is left out is 0, empty, or the usual permissions. */
export interface TarInput extends Partial<Omit<TarHeader, "path" | "type">> {
  path: string;
  type: TarType;
  /** A stream needs `size` as well. */
  content?: Uint8Array | Blob | ByteStream;
}

export const DEFAULT_MODE: Readonly<Record<TarType, number>> = {
  file: 0o644,
  directory: 0o755,
  symlink: 0o777,
  hardlink: 0o644,
  character: 0o600,
  block: 0o600,
  fifo: 0o644,
};
