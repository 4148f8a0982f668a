/** Names in archives, made safe: relative to a root and never above it. */
import { encodeFileName } from "../file-name";
import { MAX_PATH_BYTES } from "./bounds";
import { TarError } from "./error";

/** What becomes of a name that begins with a slash: an error, or a name relative to the root, as GNU tar makes it. */
export type AbsoluteNames = "refuse" | "strip";

/**
 * `name` without `.`, empty parts and slashes at its ends; `""` for the root.
 * @throws TarError when it is absolute (and may not be), climbs, is too long or holds a NUL.
 */
export function entryPath(name: string, absolute: AbsoluteNames, entry = name): string {
  if (name.startsWith("/") && absolute === "refuse") {
    throw new TarError("path-absolute", "its name is absolute; make the archive with relative names", entry);
  }
  checkName(name, entry);
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes(".."))
    throw new TarError("path-climbs", `"${name}" holds "..", which could leave the root`, entry);
  return parts.join("/");
}

/** @throws TarError when `name`, a path or a link's target, is one Linux would not take. */
export function checkName(name: string, entry = name): void {
  if (name.includes("\0")) throw new TarError("bad-header", "a name holds a NUL", entry);
  // A character is at most three bytes per code unit, so most names need no encoding to be judged.
  if (name.length * 3 > MAX_PATH_BYTES && encodeFileName(name).length > MAX_PATH_BYTES) {
    throw new TarError("path-too-long", `a name is longer than ${MAX_PATH_BYTES} bytes`, entry);
  }
}

/** Whether a relative symbolic link at `path` leads above the root, as text, that is if no other link is on its way. */
export function climbs(path: string, target: string): boolean {
  if (target.startsWith("/")) return false;
  let depth = path.split("/").length - 1;
  for (const part of target.split("/")) {
    if (part === "..") depth--;
    else if (part !== "" && part !== ".") depth++;
    if (depth < 0) return true;
  }
  return false;
}
