/** Files out of a container, as an archive (moby `daemon/archive_unix.go`, `containerArchivePath`). */
import type { ContainerPathStat } from "../../protocol/docker";
import type { Process } from "../../agent/process";
import { badParameter, notFound } from "../api/error";
import type { Guest } from "../guest";
import type { ByteStream } from "../image/bytes";
import { withEnd } from "./with-end";
import type { TarEntry, TarInput } from "../image/tar/entry";
import { readTar } from "../image/tar/reader";
import { writeTar } from "../image/tar/writer";
import { baseName, parseStat, STAT_FORMAT, statOfEntry } from "./path-stat";
import { complaint, ignore, inRoot } from "./in-root";

/** Ends of the script below that mean something. */
const NOT_FOUND = 66;
const NOT_A_DIRECTORY = 67;

/** tar writes each header by itself; in few and large pieces an archive of small files is here in half the time. */
const IN_PIECES = "dd obs=64k status=none";

/** A directory is packed with its contents, anything else by itself; a link is followed only where a slash comes after it. */
const PACK = `
if [ -d "$1" ] && [ ! -h "$1" ]; then
  ./busybox tar -c --numeric-owner -f - -C "$1" . | exec ./busybox ${IN_PIECES}
  exit
fi
if [ ! -e "$1" ] && [ ! -h "$1" ]; then
  [ -e "\${1%/*}" ] && [ ! -d "\${1%/*}" ] && exit ${NOT_A_DIRECTORY}
  exit ${NOT_FOUND}
fi
exec ./busybox tar -c --numeric-owner -f - -C "\${1%/*}/" "./\${1##*/}"
`;

/** A path that cannot be copied, in Docker's words: there is nothing, or a file where a directory would have to be. */
function unreachable(said: string, path: string, name: string): Error {
  if (said.includes("Not a directory")) return badParameter(`lstat ${path}: not a directory`);
  return notFound(`Could not find the file ${path} in container ${name}`);
}

/**
 * What there is at `path` (of `cleanPath`) below the directory `root`; links in it do not lead out of there.
 * @param name of the container, for what is said
 * @throws ApiError 404 when there is nothing
 */
export async function statPath(guest: Guest, root: string, path: string, name: string): Promise<ContainerPathStat> {
  const asked = inRoot(root, ["stat", "-c", STAT_FORMAT, path], "docker cp: what there is");
  const { stdout, stderr } = await guest.execute(asked);
  const decoder = new TextDecoder();
  const text = decoder.decode(stdout);
  const stat = parseStat(text, path, "");
  if (!stat) throw unreachable(decoder.decode(stderr), path, name);
  // S_IFLNK is the one kind of file whose number is 0120000.
  if (text.startsWith("a")) stat.linkTarget = await linkTarget(guest, root, path);
  return stat;
}

/** Where a link leads in the end; where it would lead, when there is nothing (moby `symlink.FollowSymlinkInScope`). */
async function linkTarget(guest: Guest, root: string, path: string): Promise<string> {
  const script = './busybox readlink -f "$1" || ./busybox readlink "$1"';
  const { stdout } = await guest.execute(inRoot(root, ["sh", "-c", script, "sh", path], "docker cp: a link's target"));
  const target = new TextDecoder().decode(stdout).replace(/\n$/, "");
  if (target.startsWith("/")) return normalized(target);
  return normalized(`${path.replace(/\/+$/, "").replace(/[^/]*$/, "")}${target}`);
}

function normalized(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/"))
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  return `/${parts.join("/")}`;
}

/**
 * The file or directory at `path` (of `cleanPath`) below the directory `root` as an archive; its first name is the last
 * part of the path. What the container changes meanwhile may be there in part.
 * @param name of the container, for what is said
 * @throws ApiError 404 when there is nothing
 */
export async function copyOut(
  guest: Guest,
  root: string,
  path: string,
  name: string,
): Promise<{ stat: ContainerPathStat; archive: ByteStream }> {
  const packing = guest.run(inRoot(root, ["sh", "-c", PACK, "sh", path], "docker cp: out of a container"));
  const said = complaint(packing).catch(() => "");
  const entries = readTar(packing.stdout, { climbingLinks: "keep" });
  const first = await firstEntry(entries, packing, () => said, path, name);
  const target = first.type === "symlink" ? await linkTarget(guest, root, path) : "";
  const base = baseName(path);
  const archive = writeTar(renamed(first, entries, first.type === "directory" ? base : ""), { prefix: prefixOf(base) });
  return { stat: statOfEntry(first, path, target), archive: withEnd(archive, () => packing.cancel()) };
}

async function firstEntry(
  entries: AsyncGenerator<TarEntry>,
  packing: Process,
  said: () => Promise<string>,
  path: string,
  name: string,
): Promise<TarEntry> {
  const { value, done } = await entries.next().catch(() => ({ value: undefined, done: true as const }));
  if (!done) return value;
  const status = await packing.exited;
  if ("exitCode" in status && status.exitCode === NOT_FOUND) throw unreachable("", path, name);
  if ("exitCode" in status && status.exitCode === NOT_A_DIRECTORY) throw unreachable("Not a directory", path, name);
  throw new Error(`${path} could not be copied: ${(await said()) || "the archive is empty"}`);
}

/** Clients put another name in place of the one they asked for, as text: it has to be there as they wrote it. */
function prefixOf(base: string): "" | "/" | "./" {
  return base === "/" ? "/" : base === "." ? "./" : "";
}

async function* renamed(first: TarEntry, rest: AsyncIterable<TarEntry>, base: string): AsyncGenerator<TarInput> {
  const below = base === "" || base === "/" || base === "." ? "" : base;
  const named = (path: string) => [below, path].filter((part) => part !== "").join("/");
  const input = (entry: TarEntry): TarInput => ({
    ...entry,
    path: named(entry.path),
    linkname: entry.type === "hardlink" ? named(entry.linkname) : entry.linkname,
  });
  yield input(first);
  for await (const entry of rest) yield input(entry);
}

/** All files below `root`, for `docker export`: names without a beginning, and no entry for the root itself. */
export function exportTree(guest: Guest, root: string): ByteStream {
  const packing = guest.run({
    argv: ["sh", "-c", `tar -c --numeric-owner -f - -C "$1" . | exec ${IN_PIECES}`, "sh", root],
    purpose: "docker export",
  });
  ignore(packing.stderr);
  const archive = writeTar(withoutRoot(readTar(packing.stdout, { climbingLinks: "keep" })));
  return withEnd(archive, () => packing.cancel());
}

async function* withoutRoot(entries: AsyncIterable<TarEntry>): AsyncGenerator<TarInput> {
  for await (const entry of entries) if (entry.path !== "") yield entry;
}
