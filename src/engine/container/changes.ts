/** What a container changed of its image's files (`docker diff`). */
import type { FilesystemChange } from "../../protocol/docker";
import type { Guest } from "../guest";
import { concat } from "../image/bytes";
import { decodeFileName } from "../image/file-name";
import { ignore, printed } from "./in-root";

export const MODIFIED = 0;
export const ADDED = 1;
export const DELETED = 2;

/** Most bytes of names that are compared. */
const NAMES_MAX_BYTES = 32 << 20;

/** How a name of the upper directory, or one that is missing, compares with the image. */
export interface Finding {
  /**
   * `added`: not in the image. `modified`: there in both, and not a directory in both. `directory`: a directory in both.
   * `deleted`: in the image alone.
   */
  kind: "added" | "modified" | "directory" | "deleted";
  /** Absolute. */
  path: string;
}

/**
 * Made by the engine when it starts a container, for something to be mounted on: Docker has them in a layer of its own
 * below the container's (moby `daemon/initlayer`), so that they are no change.
 */
const PLACES = new Set(["/proc", "/sys", "/dev", "/etc/resolv.conf", "/etc/hostname", "/etc/hosts"]);
const PLACE_PARENTS = new Set(["/etc"]);

/**
 * The changes in Docker's order and by its rule: what is above a change is listed as changed, too; of a directory that is
 * gone, the directory alone (moby `pkg/archive`, `changes.go`).
 */
export function changesOf(findings: readonly Finding[]): FilesystemChange[] {
  const changes = new Map<string, FilesystemChange["Kind"]>();
  const explained = new Set<string>();
  const directories: string[] = [];
  for (const { kind, path } of findings) {
    if (kind === "directory") directories.push(path);
    else if (kind === "added" && PLACES.has(path)) explained.add(parentOf(path));
    else if (kind === "added" && PLACE_PARENTS.has(path)) directories.push(path);
    else changes.set(path, kind === "added" ? ADDED : kind === "deleted" ? DELETED : MODIFIED);
  }
  for (const path of [...changes.keys()])
    for (let above = parentOf(path); above !== "/" && !changes.has(above); above = parentOf(above))
      changes.set(above, MODIFIED);
  // Nothing in it was changed and yet the kernel copied it up: it has been changed itself, or something came and went.
  for (const path of directories)
    if (path !== "/" && !changes.has(path) && !explained.has(path)) changes.set(path, MODIFIED);
  return [...changes].map(([Path, Kind]) => ({ Path, Kind })).toSorted((a, b) => (a.Path < b.Path ? -1 : 1));
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** Names below a directory, absolute, with what they are; parents before what is in them. */
export type Names = ReadonlyMap<string, "directory" | "character" | "other">;

/**
 * What the names of an overlay's upper directory mean.
 * @param image what the image has in directories of the same names, as far as there are such
 * @param joined what the overlay shows in them: what is not there is gone, by a whiteout or in an opaque directory
 */
export function compareNames(upper: Names, image: Names, joined: Names): Finding[] {
  const shared = new Set(["/"]);
  const findings: Finding[] = [{ kind: "directory", path: "/" }];
  for (const [path, type] of upper) {
    // A whiteout is a device 0, 0; a real device shows in the overlay.
    if (type === "character" && !joined.has(path)) continue;
    // Where the image has a link in place of a directory, what was found there is from elsewhere.
    const former = shared.has(parentOf(path)) ? image.get(path) : undefined;
    if (former === undefined) findings.push({ kind: "added", path });
    else if (former === "directory" && type === "directory") {
      shared.add(path);
      findings.push({ kind: "directory", path });
    } else findings.push({ kind: "modified", path });
  }
  for (const path of image.keys())
    if (shared.has(parentOf(path)) && !joined.has(path)) findings.push({ kind: "deleted", path });
  return findings;
}

/**
 * Three lists of names, an empty one between them: the upper directory's; then, of the directories that it has, those that the
 * image and the overlay have in them. A name stands there as often as `TYPES` says. find(1) does it all, without a
 * process or a line of the shell for each name.
 */
const PRINT = "-type d -print0 -print0 -print0 -o -type c -print0 -print0 -o -print0";
const LIST = `
cd "$1"
find . -mindepth 1 ${PRINT}
for tree in "$2" "$3"; do
  printf '\\0'
  find . -type d -print0 | (cd "$tree" && exec xargs -0 sh -c "$4" sh)
done
`;
const CHILDREN = `exec find "$@" -mindepth 1 -maxdepth 1 ${PRINT}`;
const TYPES = { 1: "other", 2: "character", 3: "directory" } as const;

/**
 * Compares the upper directory of an overlay with what is below it.
 * @param view where the image alone and the joined tree are mounted
 * @throws ApiError 500 when there are more names than can be told
 */
export async function compareLayers(
  guest: Guest,
  upper: string,
  view: { image: string; layers: string },
): Promise<Finding[]> {
  const process = guest.run({
    argv: ["sh", "-c", LIST, "sh", upper, view.image, view.layers, CHILDREN],
    purpose: "docker diff",
  });
  ignore(process.stderr);
  const [written, image, joined] = parseNames(decodeFileName(concat(await printed(process, NAMES_MAX_BYTES))));
  return compareNames(written, image, joined);
}

/** @param text names that begin with `./`, each ended by a NUL, as often as `TYPES` says; an empty one ends a list */
export function parseNames(text: string): [Names, Names, Names] {
  const lists = [0, 1, 2].map(() => new Map<string, (typeof TYPES)[1 | 2 | 3]>());
  let list = 0;
  let count = 0;
  const names = text.split("\0").slice(0, -1);
  for (const [index, name] of names.entries()) {
    if (name === "") list++;
    else if (names[index + 1] === name) count++;
    else {
      lists[list]?.set(name.slice(1), TYPES[(count + 1) as 1 | 2 | 3]);
      count = 0;
    }
  }
  const [upper, image, joined] = lists;
  return [upper, image, joined];
}
