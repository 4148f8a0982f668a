/** An archive into a container (moby `daemon/archive_unix.go`, `containerExtractToDir`, and `pkg/archive`, `Unpack`). */
import { AgentError } from "../../agent/error";
import type { Process } from "../../agent/process";
import { ApiError, badParameter, notFound } from "../api/error";
import type { Guest } from "../guest";
import { decompress } from "../image/compression";
import type { ByteStream } from "../image/bytes";
import { ImageError } from "../image/error";
import { refuseThroughLink } from "../image/layer";
import { decodeFileName, encodeFileName } from "../image/file-name";
import type { TarEntry, TarInput } from "../image/tar/entry";
import { TarError } from "../image/tar/error";
import { readTar } from "../image/tar/reader";
import { writeTar } from "../image/tar/writer";
import { complaint, ignore, inRoot } from "./in-root";

/** Names in one directory of the container that are looked at for conflicts. */
const MAX_SUBDIRECTORIES = 100_000;

export interface CopyInOptions {
  /** A directory and something else do not take each other's place: the copy ends with an error instead. */
  noOverwriteDirNonDir: boolean;
  /** Whose all files become; without it they belong to whom the archive says. */
  owner?: { uid: number; gid: number };
  /** Of the container, for what is said. */
  name: string;
  /** Whether the directory, with all links followed, may be written to. @throws ApiError when not */
  allowed(directory: string): void;
}

/**
 * Unpacks an archive, perhaps compressed, in the directory `path` (of `cleanPath`) below the directory `root`. Neither
 * names nor links lead out of there. Devices are refused: nothing would keep the container from using them.
 * @throws ApiError 404 when there is no such directory, 400 for what is no archive or must not be unpacked
 */
export async function copyIn(
  guest: Guest,
  root: string,
  path: string,
  body: ByteStream,
  options: CopyInOptions,
): Promise<void> {
  const looking = guest.run({
    ...inRoot(root, ["sh", "-c", LOOK, "sh", path], "docker cp: what is there"),
    stdin: true,
  });
  const target = new Target(looking);
  try {
    const directory = await target.directory();
    if (directory === "not a directory") throw badParameter("extraction point is not a directory");
    if (directory === undefined) throw notFound(`Could not find the file ${path} in container ${options.name}`);
    options.allowed(directory);
    await unpack(guest, root, directory, writeTar(admitted(guest, root, directory, body, target, options)));
  } finally {
    looking.cancel();
  }
}

async function unpack(guest: Guest, root: string, directory: string, archive: ByteStream): Promise<void> {
  const unpacking = guest.run({
    ...inRoot(root, ["tar", "-x", "--numeric-owner", "-f", "-", "-C", directory], "docker cp: into a container"),
    stdin: true,
  });
  ignore(unpacking.stdout);
  const said = complaint(unpacking).catch(() => "");
  try {
    const [fed, ended] = await Promise.allSettled([archive.pipeTo(unpacking.stdin), unpacking.exited]);
    // What is wrong with the archive matters more than that tar was not fed to its end.
    if (fed.status === "rejected" && !(fed.reason instanceof AgentError))
      throw fed.reason instanceof ImageError ? badParameter(fed.reason.message) : (fed.reason as Error);
    if (ended.status === "rejected") throw ended.reason as Error;
    const text = await said;
    // tar goes on after some of its errors and ends as if nothing had been.
    if (!("exitCode" in ended.value) || ended.value.exitCode !== 0 || /^tar: can't /m.test(text))
      throw new ApiError(500, `the archive could not be unpacked: ${text || "tar was killed"}`);
  } finally {
    unpacking.cancel();
  }
}

/** The archive's entries as the container may have them. What stands in their way goes, or ends the copy. */
async function* admitted(
  guest: Guest,
  root: string,
  directory: string,
  body: ByteStream,
  target: Target,
  options: CopyInOptions,
): AsyncGenerator<TarInput> {
  const { noOverwriteDirNonDir, owner } = options;
  const full = (path: string) => `${directory === "/" ? "" : directory}/${path}`;
  const directories: TarInput[] = [];
  const links = new Set<string>();
  for await (const entry of readTar(decompress(body), { absoluteNames: "strip", climbingLinks: "keep" })) {
    // The directory that is copied into stays as it is.
    if (entry.path === "") continue;
    if (entry.type === "character" || entry.type === "block")
      throw new TarError("unsupported-type", "it is a device; make the archive without devices", entry.path);
    refuseThroughLink(entry.path, links, entry.path);
    if (entry.type === "hardlink") refuseThroughLink(entry.linkname, links, entry.path);
    if (entry.type === "symlink") links.add(entry.path);
    else links.delete(entry.path);
    const obstacle = await target.obstacle(entry);
    if (obstacle) {
      const [there, wanted] = obstacle === "directory" ? [obstacle, "non-directory"] : [obstacle, "directory"];
      if (noOverwriteDirNonDir)
        throw badParameter(
          `cannot overwrite ${there} ${JSON.stringify(full(entry.path))} with ${wanted} ${JSON.stringify(directory)}`,
        );
      const removing = inRoot(root, ["rm", "-rf", full(entry.path)], "docker cp: what stands in the way goes");
      await guest.execute(removing);
    }
    // The guest's tar takes whole seconds, and no extended attributes.
    const input: TarInput = { ...entry, ...owner, uname: "", gname: "", mtimeNsec: 0, xattrs: new Map() };
    if (entry.type === "directory") directories.push({ ...input, content: undefined });
    yield input;
  }
  // Once more, the inner ones first: what was unpacked in them has changed their times.
  yield* directories.toReversed();
}

/**
 * Told one path after the other, each ended by a NUL: says `d` for a directory and then, after slashes, which directories
 * are in it; `x` for anything else that is there, also a link; `n` for nothing. An empty text ends each answer. No
 * process is started for any of them.
 */
const LOOK = `
cd -P "$1" || { [ -e "$1" ] && printf '!\\0'; exit; }
printf '%s\\0' "$PWD"
while IFS= read -r -d '' d; do
  if [ -h "$d" ]; then printf 'x\\0'
  elif [ -d "$d" ]; then
    printf 'd\\0'
    for f in "$d"/*/ "$d"/.[!.]*/ "$d"/..?*/; do
      f=\${f%/}
      [ -d "$f" ] && [ ! -h "$f" ] && printf '/%s\\0' "\${f##*/}"
    done
  elif [ -e "$d" ]; then printf 'x\\0'
  else printf 'n\\0'
  fi
  printf '\\0'
done
`;

/** What is in the directory that is copied into, as far as it matters. */
class Target {
  #writer: WritableStreamDefaultWriter<Uint8Array>;
  #texts: AsyncGenerator<string>;
  /** Directories that were there, each with those in it; undefined for one that was not. */
  #known = new Map<string, ReadonlySet<string> | undefined>();

  constructor(looking: Process) {
    this.#writer = looking.stdin.getWriter();
    this.#writer.closed.catch(() => {});
    ignore(looking.stderr);
    this.#texts = texts(looking.stdout);
  }

  /** Where it is, with all links followed; undefined when there is nothing. */
  async directory(): Promise<string | undefined> {
    const { value, done } = await this.#texts.next();
    if (done) return undefined;
    return value === "!" ? "not a directory" : value;
  }

  /** What an entry of the archive cannot take the place of: a directory, or for a directory anything else. */
  async obstacle({ path, type }: TarEntry): Promise<"directory" | "non-directory" | undefined> {
    const slash = path.lastIndexOf("/");
    const parent = await this.#directoriesIn(slash < 0 ? "." : path.slice(0, slash));
    if (type === "directory") {
      const found = parent && !parent.has(path.slice(slash + 1)) ? await this.#ask(path) : undefined;
      return found?.kind === "x" ? "non-directory" : undefined;
    }
    return parent?.has(path.slice(slash + 1)) ? "directory" : undefined;
  }

  async #directoriesIn(path: string): Promise<ReadonlySet<string> | undefined> {
    if (this.#known.has(path)) return this.#known.get(path);
    const slash = path.lastIndexOf("/");
    // In what was not there before is nothing that was there before.
    const above = path === "." ? undefined : await this.#directoriesIn(slash < 0 ? "." : path.slice(0, slash));
    const there = path === "." || above?.has(path.slice(slash + 1));
    const directories = there ? (await this.#ask(path)).directories : undefined;
    this.#known.set(path, directories);
    return directories;
  }

  async #ask(path: string): Promise<{ kind: string; directories?: ReadonlySet<string> }> {
    await this.#writer.write(encodeFileName(path === "." ? ".\0" : `./${path}\0`));
    const { value: kind } = (await this.#texts.next()) as { value: string };
    const directories = new Set<string>();
    for (;;) {
      const { value, done } = await this.#texts.next();
      if (done) throw new ApiError(500, "what is in the container could not be looked at");
      if (value === "") break;
      directories.add(value.slice(1));
      if (directories.size > MAX_SUBDIRECTORIES)
        throw badParameter(`there are more than ${MAX_SUBDIRECTORIES} directories in ${path}`);
    }
    return { kind, directories: kind === "d" ? directories : undefined };
  }
}

/** Pieces of a stream that end with a NUL. */
async function* texts(stream: ByteStream): AsyncGenerator<string> {
  let held = new Uint8Array(0);
  for await (const bytes of stream) {
    const whole = new Uint8Array(held.length + bytes.length);
    whole.set(held);
    whole.set(bytes, held.length);
    let from = 0;
    for (let end = whole.indexOf(0); end >= 0; end = whole.indexOf(0, from)) {
      yield decodeFileName(whole.subarray(from, end));
      from = end + 1;
    }
    held = whole.slice(from);
  }
}
