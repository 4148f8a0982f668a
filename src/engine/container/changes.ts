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

/**
 * For each name of the upper directory one record, ended by a NUL: a letter of `KINDS`, and the path. What the image has in
 * a directory and the joined tree has not is gone: by a whiteout, or because the directory is opaque. The tests are the
 * shell's own; no process is started for a name.
 */
const COMPARE = `
image=$0 merged=$1; shift
for p; do
  p=\${p#.}
  if [ ! -h "$merged$p" ] && [ ! -e "$merged$p" ]; then continue
  elif [ ! -h ".$p" ] && [ -d ".$p" ] && [ ! -h "$image$p" ] && [ -d "$image$p" ]; then
    printf '/%s\\0' "$p"
    for f in "$image$p"/* "$image$p"/.[!.]* "$image$p"/..?*; do
      f=\${f#"$image"}
      { [ -h "$image$f" ] || [ -e "$image$f" ]; } && [ ! -h "$merged$f" ] && [ ! -e "$merged$f" ] && printf 'D%s\\0' "$f"
    done
  elif [ -h "$image$p" ] || [ -e "$image$p" ]; then printf 'C%s\\0' "$p"
  else printf 'A%s\\0' "$p"
  fi
done
:
`;

const KINDS: Readonly<Record<string, Finding["kind"]>> = {
  A: "added",
  C: "modified",
  D: "deleted",
  "/": "directory",
};

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
    argv: ["sh", "-c", LIST, "sh", upper, COMPARE, view.image, view.layers],
    purpose: "docker diff",
  });
  ignore(process.stderr);
  const text = decodeFileName(concat(await printed(process, NAMES_MAX_BYTES)));
  const records = text.split("\0").slice(0, -1);
  return withoutBorrowed(records.map((record) => ({ kind: KINDS[record[0]], path: record.slice(1) || "/" })));
}

const LIST = 'cd "$1" && find . -print0 | xargs -0 sh -c "$2" "$3" "$4"';

/**
 * In a directory that took a link's place the image has nothing, though the shell found something: it followed the link.
 * Parents come before what is in them.
 */
function withoutBorrowed(findings: readonly Finding[]): Finding[] {
  const shared = new Set<string>();
  return findings.flatMap((finding): Finding[] => {
    const { kind, path } = finding;
    const inShared = path === "/" || shared.has(parentOf(path));
    if (kind === "directory" && inShared) shared.add(path);
    if (inShared || kind === "added") return [finding];
    return kind === "deleted" ? [] : [{ kind: "added", path }];
  });
}
