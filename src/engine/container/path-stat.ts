/** What a file in a container is, as `docker cp` is told before it copies (API `ContainerArchiveInfo`). */
import type { ContainerPathStat } from "../../protocol/docker";
import type { TarEntry, TarType } from "../image/tar/entry";

/** Bits of Go's os.FileMode by the kind of file in `st_mode` (`include/uapi/linux/stat.h`; Go's `io/fs`). */
const KIND: Readonly<Record<number, number>> = {
  0o04: 2 ** 31,
  0o12: 2 ** 27,
  0o06: 2 ** 26,
  0o02: 2 ** 26 + 2 ** 21,
  0o01: 2 ** 25,
  0o14: 2 ** 24,
};
const SPECIAL: readonly (readonly [bit: number, mode: number])[] = [
  [0o4000, 2 ** 23],
  [0o2000, 2 ** 22],
  [0o1000, 2 ** 20],
];
const S_IFMT_SHIFT = 0o10000;

/** `st_mode` as Go's os.FileMode says it. */
export function goFileMode(mode: number): number {
  const special = SPECIAL.reduce((sum, [bit, value]) => sum + (mode & bit ? value : 0), 0);
  return (mode & 0o777) + special + (KIND[Math.floor(mode / S_IFMT_SHIFT)] ?? 0);
}

const TYPE_BITS: Readonly<Record<TarType, number>> = {
  file: 0o100000,
  hardlink: 0o100000,
  directory: 0o040000,
  symlink: 0o120000,
  character: 0o020000,
  block: 0o060000,
  fifo: 0o010000,
};

/** Last part of a path, as Go's `filepath.Base` has it: `/` for the root, `.` for `/etc/.`. */
export function baseName(path: string): string {
  const trimmed = path.replace(/\/+$/, "");
  return trimmed === "" ? "/" : trimmed.slice(trimmed.lastIndexOf("/") + 1);
}

/** Absolute, without `..` and doubled slashes; a slash or `/.` at its end stays, since it says something. */
export function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/"))
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  const clean = `/${parts.join("/")}`;
  if (parts.length === 0) return clean;
  return path.endsWith("/.") ? `${clean}/.` : path.endsWith("/") ? `${clean}/` : clean;
}

/** `FORMAT` of stat(1) for `parseStat`. */
export const STAT_FORMAT = "%f %s %y";

/** @returns undefined for what stat(1) does not print */
export function parseStat(text: string, path: string, linkTarget: string): ContainerPathStat | undefined {
  const [, mode, size, day, time] =
    /^([\da-f]+) (\d+) (\d{4,}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?) \+0000\n$/.exec(text) ?? [];
  if (time === undefined) return undefined;
  return {
    name: baseName(path),
    size: Number(size),
    mode: goFileMode(parseInt(mode, 16)),
    mtime: `${day}T${time}Z`,
    linkTarget,
  };
}

/** The same, of what an archive begins with. */
export function statOfEntry(entry: TarEntry, path: string, linkTarget: string): ContainerPathStat {
  return {
    name: baseName(path),
    size: entry.size,
    mode: goFileMode(TYPE_BITS[entry.type] + entry.mode),
    mtime: new Date(entry.mtime * 1000).toISOString().replace(/\.000Z$/, "Z"),
    linkTarget,
  };
}

/** The header `X-Docker-Container-Path-Stat`: base64 of JSON in UTF-8. */
export function encodePathStat(stat: ContainerPathStat): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(stat))));
}
