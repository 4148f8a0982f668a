/** How many bytes directories of the guest hold, for `docker system df`, `docker ps --size` and what prunes free. */
import type { Context } from "../context";
import { concat } from "../image/bytes";
import { ignore, printed } from "./in-root";

/** Most directories that one program is given; the kernel bounds the length of its arguments. */
const DIRECTORIES_AT_ONCE = 500;
const LIST_MAX_BYTES = 64 << 20;

/** Bytes of the files below each of the directories; of one with several names in it once. 0 for a directory that is not there. */
export async function measureDirectories(
  { guest, random }: Pick<Context, "guest" | "random">,
  directories: readonly string[],
): Promise<Map<string, number>> {
  const sizes = new Map(directories.map((directory) => [directory, 0]));
  for (let at = 0; at < directories.length; at += DIRECTORIES_AT_ONCE) {
    const some = directories.slice(at, at + DIRECTORIES_AT_ONCE);
    // A name can hold a newline and what looks like a line of ours, but not a mark that was drawn after it was given.
    const mark = Array.from(random(8), (byte) => byte.toString(16).padStart(2, "0")).join("");
    const argv = ["find", ...some, "!", "-type", "d", "-exec", "stat", "-c", `${mark} %h %i %s %n`, "{}", "+"];
    const process = guest.run({ argv, purpose: "how large directories are" });
    ignore(process.stderr);
    const text = new TextDecoder().decode(concat(await printed(process, LIST_MAX_BYTES)));
    addSizes(text, mark, sizes);
  }
  return sizes;
}

/** @param text lines `MARK LINKS INODE SIZE PATH`; others belong to a name */
export function addSizes(text: string, mark: string, sizes: Map<string, number>) {
  const seen = new Set<string>();
  for (const line of text.split("\n")) {
    if (!line.startsWith(`${mark} `)) continue;
    const [, links, inode, size, path] = /^\S+ (\d+) (\d+) (\d+) (.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    const directory = ownerOf(path, sizes);
    if (directory === undefined) continue;
    if (Number(links) > 1) {
      if (seen.has(`${directory}\0${inode}`)) continue;
      seen.add(`${directory}\0${inode}`);
    }
    sizes.set(directory, (sizes.get(directory) ?? 0) + Number(size));
  }
}

function ownerOf(path: string, sizes: ReadonlyMap<string, number>): string | undefined {
  for (let end = path.indexOf("/", 1); end >= 0; end = path.indexOf("/", end + 1))
    if (sizes.has(path.slice(0, end))) return path.slice(0, end);
  return undefined;
}

export function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((all, number) => all + number, 0);
}
