/** Patches to sources: files of a reason, an empty line and a unified diff. Few, because each must be carried to the next version. */
import { readdirSync, readFileSync } from "node:fs";

/** A change to a source that no configure switch can make. */
export interface Patch {
  reason: string;
  /** Unified diff for `patch -p1`. */
  text: string;
}

/**
 * Every `*.patch` of a folder, in the order of their names.
 *
 * @throws Error naming a patch that gives no reason.
 */
export function readPatches(folder: URL): Patch[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".patch"));
  return names.sort().map((name) => {
    const content = readFileSync(new URL(name, folder), "utf8");
    const at = content.search(/^--- /m);
    const reason = content.slice(0, at).trim();
    if (at < 0 || reason === "")
      throw new Error(`${name} must begin with its reason, an empty line and then a unified diff.`);
    return { reason, text: content.slice(at) };
  });
}
