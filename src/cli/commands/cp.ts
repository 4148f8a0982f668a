import type { ContainerPathStat } from "../../protocol/docker";
import { PATH_STAT_HEADER } from "../../protocol/docker";
import { segment } from "../api";
import { command, exactly } from "../command";
import type { Context } from "../context";
import { CliFailure, reasonOf } from "../failure";
import type { Options } from "../options";
import { humanSize } from "../size";
import { rewriteTar, streamOf } from "../tar/rewrite";
import type { TarEntry } from "../tar/rewrite";
import { absolutePath, copyTo } from "../transfer";

/** Bits of Go's os.FileMode. */
const MODE_DIRECTORY = 0x80000000;
const MODE_SYMLINK = 0x08000000;

interface Place {
  /** Empty for a file here. */
  container: string;
  path: string;
}

/** `CONTAINER:PATH`; what begins with a dot or a slash is a file here, whatever colons it has. */
const placeOf = (argument: string): Place => {
  if (/^[./]/.test(argument)) return { container: "", path: argument };
  const at = argument.indexOf(":");
  if (at < 0) return { container: "", path: argument };
  return { container: argument.slice(0, at), path: argument.slice(at + 1) };
};

const statOf = (header: string | null): ContainerPathStat => {
  try {
    const bytes = Uint8Array.from(atob(header ?? ""), (character) => character.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) as ContainerPathStat;
  } catch {
    throw new CliFailure("unable to decode container path stat header");
  }
};

const has = (mode: number, bit: number): boolean => Math.floor(mode / bit) % 2 === 1;

const baseName = (path: string): string => path.replace(/\/+$/, "").split("/").at(-1) ?? "";
const directoryOf = (path: string): string => path.replace(/\/+$/, "").replace(/\/[^/]*$/, "") || "/";

/** `dir/.` means what is in it, `dir/` says that it is one. */
const meansContents = (path: string): boolean => path === "." || path.endsWith("/.");
const saysDirectory = (path: string): boolean => path.endsWith("/") || meansContents(path);

interface Target {
  /** The directory to unpack into. */
  directory: string;
  /** What the source is called there; empty for its contents alone. */
  name: string;
}

/** Where a copy goes, by what is there: cp's rules. https://docs.docker.com/reference/cli/docker/container/cp/ */
const targetOf = (
  source: { name: string; isDirectory: boolean; contents: boolean },
  target: { path: string; isDirectory?: boolean },
): Target => {
  if (target.isDirectory) return { directory: target.path, name: source.contents ? "" : source.name };
  const exists = target.isDirectory !== undefined;
  if (exists && source.isDirectory) throw new CliFailure("cannot copy directory");
  if (exists && saysDirectory(target.path)) throw new CliFailure("not a directory");
  if (!exists && !source.isDirectory && saysDirectory(target.path)) throw new CliFailure("no such directory");
  return { directory: directoryOf(target.path), name: baseName(target.path) };
};

/** Renames the first part of names: `from`, or nothing, to `to`. */
const rebase =
  (from: string, to: string, count: (entry: TarEntry) => void) =>
  (entry: TarEntry): string | undefined => {
    count(entry);
    const isWithin = from === "" || entry.name === from || entry.name.startsWith(`${from}/`);
    if (!isWithin) return undefined;
    const rest = from === "" ? entry.name : entry.name.slice(from.length + 1);
    return [to, rest].filter((part) => part !== "").join("/");
  };

const TAR_BLOCK = 512;

/** Adds up what a tar of the entries takes, which Docker tells when it is done. */
const counter = () => {
  let bytes = 2 * TAR_BLOCK;
  return {
    add: (entry: TarEntry): void => {
      bytes += TAR_BLOCK + Math.ceil(entry.sizeBytes / TAR_BLOCK) * TAR_BLOCK;
    },
    text: (): string => humanSize(bytes, 3),
  };
};

const copyOut = async (context: Context, from: Place, to: string, follow: boolean): Promise<string> => {
  const local = absolutePath(context.io.cwd, to) + (saysDirectory(to) && to !== "." && !to.endsWith("/.") ? "/" : "");
  const there = await context.io.files.stat(local.replace(/(.)\/$/, "$1"));
  const parent = directoryOf(local);
  if (to !== "-" && !there && (await context.io.files.stat(parent))?.kind !== "directory")
    throw new CliFailure(`invalid output path: directory ${JSON.stringify(parent)} does not exist`);
  const path = `/containers/${segment(from.container)}/archive`;
  let source = from.path;
  let linked = "";
  if (follow) {
    const head = await context.api.stream("HEAD", path, { query: { path: source } });
    const stat = statOf(head.headers.get(PATH_STAT_HEADER));
    if (has(stat.mode, MODE_SYMLINK)) {
      linked = baseName(source);
      source = stat.linkTarget.startsWith("/") ? stat.linkTarget : absolutePath(directoryOf(source), stat.linkTarget);
    }
  }
  const response = await context.api.stream("GET", path, { query: { path: source }, signal: context.signal });
  if (to === "-") {
    await copyTo(response.body, context.out);
    return "";
  }
  const stat = statOf(response.headers.get(PATH_STAT_HEADER));
  const contents = meansContents(source);
  const target = targetOf(
    { name: linked || baseName(source) || stat.name, isDirectory: has(stat.mode, MODE_DIRECTORY), contents },
    { path: local, isDirectory: there ? there.kind === "directory" : undefined },
  );
  if (!response.body) return "";
  const sum = counter();
  const inArchive = contents ? "" : baseName(source) || stat.name;
  const archive = rewriteTar(response.body, {
    rename: rebase(inArchive === "/" ? "" : inArchive, target.name, sum.add),
  });
  try {
    await context.io.files.untar(target.directory, streamOf(archive));
  } catch (thrown) {
    throw new CliFailure(reasonOf(thrown));
  }
  return `Successfully copied ${sum.text()} to ${absolutePath(context.io.cwd, to)}\n`;
};

const copyIn = async (context: Context, from: string, to: Place, options: Options): Promise<string> => {
  const path = `/containers/${segment(to.container)}/archive`;
  let target: { path: string; isDirectory?: boolean } = { path: to.path };
  const head = await context.api.send("HEAD", path, { query: { path: to.path } });
  await head.body?.cancel();
  if (head.ok) {
    let stat = statOf(head.headers.get(PATH_STAT_HEADER));
    let at = to.path;
    if (has(stat.mode, MODE_SYMLINK)) {
      at = stat.linkTarget.startsWith("/") ? stat.linkTarget : absolutePath(directoryOf(at), stat.linkTarget);
      const linked = await context.api.send("HEAD", path, { query: { path: at } });
      await linked.body?.cancel();
      if (linked.ok) stat = statOf(linked.headers.get(PATH_STAT_HEADER));
    }
    target = { path: at, isDirectory: has(stat.mode, MODE_DIRECTORY) };
  }
  const put = (directory: string, body: ReadableStream<Uint8Array>): Promise<void> =>
    context.api.done("PUT", path, {
      query: {
        copyUIDGID: options.flag("archive") ? "true" : undefined,
        noOverwriteDirNonDir: "true",
        path: directory,
      },
      headers: { "Content-Type": "application/x-tar" },
      body,
      signal: context.signal,
    });
  if (from === "-") {
    if (!target.isDirectory) throw new CliFailure(`destination "${to.container}:${to.path}" must be a directory`);
    await put(target.path, context.io.stdin);
    return "";
  }
  const local = absolutePath(context.io.cwd, from);
  const found = await context.io.files.stat(local);
  if (!found) throw new CliFailure(`lstat ${local}: no such file or directory`);
  if (found.kind !== "directory" && saysDirectory(from)) throw new CliFailure("not a directory");
  const place = targetOf(
    { name: baseName(local), isDirectory: found.kind === "directory", contents: meansContents(from) },
    target,
  );
  const sum = counter();
  const archive = rewriteTar(await context.io.files.tar(local, { follow: options.flag("follow-link") }), {
    rename: rebase(found.kind === "directory" ? "" : baseName(local), place.name, sum.add),
  });
  await put(place.directory, streamOf(archive));
  return `Successfully copied ${sum.text()} to ${to.container}:${to.path}\n`;
};

export const cp = command("cp", {
  use: "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n[OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH",
  short: "Copy files/folders between a container and the local filesystem",
  long:
    "Copy files/folders between a container and the local filesystem\n\n" +
    "Use '-' as the source to unpack a tar from stdin into a directory of a container,\n" +
    "and '-' as the destination to write a tar of what is in a container to stdout.",
  arity: exactly(2),
  completes: "files",
  options: `
    -a, --archive      Archive mode (copy all uid/gid information)
    -L, --follow-link  Always follow symbol link in SRC_PATH
    -q, --quiet        Suppress progress output during copy, as it always is without a terminal
  `,
  run: async (context, options, [source, destination]) => {
    if (source === "") throw new CliFailure("source can not be empty");
    if (destination === "") throw new CliFailure("destination can not be empty");
    const [from, to] = [placeOf(source), placeOf(destination)];
    if (from.container && to.container) throw new CliFailure("copying between containers is not supported");
    if (!from.container && !to.container) throw new CliFailure("must specify at least one container source");
    const done = from.container
      ? await copyOut(context, from, to.path, options.flag("follow-link"))
      : await copyIn(context, from.path, to, options);
    const isShown = context.io.tty !== undefined && context.io.tty.stderr !== false && !options.flag("quiet");
    if (isShown) await context.err(done);
  },
});
