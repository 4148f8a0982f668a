import type { BuildResultAux } from "../../protocol/docker";
import { readAll } from "../api";
import { command, exactly, none } from "../command";
import type { Context } from "../context";
import { CREATE_KINDS } from "../create/list-values";
import { pairsOf } from "../create/variables";
import { parseDockerignore } from "../dockerignore";
import { CliFailure, Exit, reasonOf } from "../failure";
import type { OptionKind } from "../option-kinds";
import { parseReference } from "../reference";
import { humanSize } from "../size";
import { showProgress } from "../stream/progress";
import { isArchive, rewriteTar, streamOf, tarOfFile } from "../tar/rewrite";
import { absolutePath } from "../transfer";
import { confirmed, pruneBuildCache } from "./prune";
import { progressColumns } from "./pull";

/** Longest Dockerfile and `.dockerignore`. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** The name under which a Dockerfile from elsewhere is put into the context. */
const DOCKERFILE_FROM_ELSEWHERE = ".dockerfile.from-outside";

const DEFAULT_DOCKERFILE = "Dockerfile";

const tagKind: OptionKind = {
  initial: [],
  read: (text, before) => {
    parseReference(text);
    return [...(before as string[]), text];
  },
};

interface BuildContext {
  archive: ReadableStream<Uint8Array>;
  /** Within the archive. */
  dockerfile: string;
}

/** Gives the first bytes of a stream back to it. */
const peek = async (stream: ReadableStream<Uint8Array>, count: number) => {
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  let ended = false;
  while (length < count && !ended) {
    const { done, value } = await reader.read();
    if (done) ended = true;
    else {
      chunks.push(value);
      length += value.length;
    }
  }
  const head = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    head.set(chunk, at);
    at += chunk.length;
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    if (head.length > 0) yield head;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  }
  return { head, stream: streamOf(all()) };
};

/** What stdin gives: an archive, or the text of a Dockerfile without anything around it. */
const contextFromStdin = async (context: Context, dockerfile: string): Promise<BuildContext> => {
  const { head, stream } = await peek(context.io.stdin, 512);
  if (head.length === 0)
    throw new CliFailure("unable to prepare context: failed to peek context header from STDIN: EOF");
  if (isArchive(head)) return { archive: stream, dockerfile: dockerfile || DEFAULT_DOCKERFILE };
  if (dockerfile === "-") throw new CliFailure("unable to prepare context: build context is not an archive");
  const text = await readAll(stream, MAX_FILE_BYTES);
  const archive = tarOfFile(DEFAULT_DOCKERFILE, text);
  return { archive: streamOf(once(archive)), dockerfile: DEFAULT_DOCKERFILE };
};

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function* withFile(
  archive: AsyncGenerator<Uint8Array>,
  name: string,
  content: Uint8Array,
): AsyncGenerator<Uint8Array> {
  // The two empty blocks that end an archive are left out: another entry follows none.
  yield tarOfFile(name, content).subarray(0, -1024);
  yield* archive;
}

const prepareFailure = (reason: string): CliFailure => new CliFailure(`unable to prepare context: ${reason}`);

const contextFromDirectory = async (context: Context, path: string, dockerfile: string): Promise<BuildContext> => {
  const { files, cwd } = context.io;
  const root = absolutePath(cwd, path);
  const found = await files.stat(root);
  if (!found) throw prepareFailure(`path ${JSON.stringify(path)} not found`);
  if (found.kind !== "directory") throw prepareFailure(`context must be a directory: ${root}`);
  const readOwn = async (file: string): Promise<Uint8Array> => readAll(await files.read(file), MAX_FILE_BYTES);

  let outside: Uint8Array | undefined;
  let name: string;
  if (dockerfile === "-") {
    outside = await readAll(context.io.stdin, MAX_FILE_BYTES);
    name = DOCKERFILE_FROM_ELSEWHERE;
  } else {
    const file = dockerfile === "" ? `${root}/${DEFAULT_DOCKERFILE}` : absolutePath(cwd, dockerfile);
    if (!(await files.stat(file)))
      throw prepareFailure(`unable to evaluate symlinks in Dockerfile path: lstat ${file}: no such file or directory`);
    const prefix = root === "/" ? "/" : `${root}/`;
    if (file.startsWith(prefix)) name = file.slice(prefix.length);
    else {
      outside = await readOwn(file);
      name = DOCKERFILE_FROM_ELSEWHERE;
    }
  }
  const own = `${root}/.dockerignore`;
  const ignoreText = (await files.stat(own)) ? new TextDecoder().decode(await readOwn(own)) : "";
  const ignored = parseDockerignore(ignoreText, [".dockerignore", ...(outside ? [] : [name])]);
  const archive = rewriteTar(await files.tar(root), {
    rename: (entry) => (entry.name === "" || ignored(entry.name) ? undefined : entry.name),
    rootOwner: true,
  });
  return { archive: streamOf(outside ? withFile(archive, name, outside) : archive), dockerfile: name };
};

/** Counts what is sent; the sum is told when it is over, and on a terminal as it grows. */
const counted = (
  archive: ReadableStream<Uint8Array>,
  tell: (bytes: number, last: boolean) => Promise<void>,
): ReadableStream<Uint8Array> => {
  let bytes = 0;
  const reader = archive.getReader();
  async function* pass(): AsyncGenerator<Uint8Array> {
    let told = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.length;
      if (bytes - told >= 512 * 1024) {
        told = bytes;
        await tell(bytes, false);
      }
      yield value;
    }
    await tell(bytes, true);
  }
  return streamOf(pass());
};

const jsonOrNothing = (value: object): string | undefined =>
  Object.keys(value).length > 0 ? JSON.stringify(value) : undefined;

export const build = command("build", {
  use: "[OPTIONS] PATH | URL | -",
  short: "Build an image from a Dockerfile",
  arity: exactly(1),
  completes: "files",
  kinds: { ...CREATE_KINDS, tag: tagKind },
  options: `
    --add-host list:host       Add a custom host-to-IP mapping ("host:ip")
    --build-arg list           Set build-time variables
    --cache-from strings       Images to consider as cache sources
    --cgroup-parent string     Set the parent cgroup for the RUN instructions during build
    # --compress               Compress the build context using gzip
    --cpu-period int           Length of a period of the processor limit, in microseconds
    --cpu-quota int            Time that may be used within a period, in microseconds
    -c, --cpu-shares int       CPU shares (relative weight)
    --cpuset-cpus string       CPUs in which to allow execution (0-3, 0,1)
    --cpuset-mems string       MEMs in which to allow execution (0-3, 0,1)
    # --disable-content-trust  Skip image verification (default true)
    -f, --file string          Name of the Dockerfile (else PATH/Dockerfile)
    --force-rm                 Always remove intermediate containers
    --iidfile string           Write the image ID to the file
    --label list:label         Set metadata for an image
    -m, --memory bytes         Memory limit
    --memory-swap bytes:swap   Memory and swap together: -1 to enable unlimited swap
    --network string           Set the networking mode for RUN instructions (default "default")
    --no-cache                 Do not use cache when building the image
    --platform string          Set platform if server is multi-platform capable
    # --progress string        Only for other builders (default "auto")
    --pull                     Always attempt to pull a newer version of the image
    -q, --quiet                Suppress the build output and print image ID on success
    --rm                       Remove intermediate containers after a successful build (default true)
    # --security-opt strings   Security options
    --shm-size bytes           Size of "/dev/shm"
    -t, --tag list:tag         Name and optionally a tag in the "name:tag" format
    --target string            Set the target build stage to build
    --ulimit ulimit            Ulimit options (default [])
  `,
  run: async (context, options, [path]) => {
    const file = options.text("file");
    if (file === "-" && path === "-")
      throw new CliFailure("invalid argument: can't use stdin for both build context and dockerfile");
    if (/^(https?:\/\/|git@|git:\/\/|github\.com\/)/.test(path))
      throw prepareFailure(
        `this engine fetches nothing from the network: give a directory, or - and an archive on stdin, instead of ${path}`,
      );
    const source =
      path === "-" ? await contextFromStdin(context, file) : await contextFromDirectory(context, path, file);
    const quiet = options.flag("quiet");
    const columns = progressColumns(context);
    let unseen = "";
    // Of a quiet build nothing is shown, unless it fails.
    const say = quiet
      ? async (text: string): Promise<void> => {
          unseen += text;
        }
      : context.out;
    const archive = counted(source.archive, async (bytes, last) => {
      if (last || (columns !== undefined && !quiet))
        await say(`Sending build context to Docker daemon  ${humanSize(bytes).padStart(7)}\r${last ? "\r\n" : ""}`);
    });
    const { env } = context.io;
    const buildArgs = Object.fromEntries(
      options.list("build-arg").map((text) => {
        const at = text.indexOf("=");
        if (at >= 0) return [text.slice(0, at), text.slice(at + 1)];
        return [text, text in env ? env[text] : null];
      }),
    );
    const positive = (name: string): number | undefined => options.number(name) || undefined;
    const hosts = options.list("add-host");
    const { body } = await context.api.stream("POST", "/build", {
      query: {
        buildargs: jsonOrNothing(buildArgs),
        cachefrom: options.list("cache-from").length > 0 ? JSON.stringify(options.list("cache-from")) : undefined,
        cgroupparent: options.text("cgroup-parent") || undefined,
        cpuperiod: positive("cpu-period"),
        cpuquota: positive("cpu-quota"),
        cpusetcpus: options.text("cpuset-cpus") || undefined,
        cpusetmems: options.text("cpuset-mems") || undefined,
        cpushares: positive("cpu-shares"),
        dockerfile: source.dockerfile,
        extrahosts: hosts.length > 0 ? hosts : undefined,
        forcerm: options.flag("force-rm"),
        labels: jsonOrNothing(pairsOf(options.list("label"))),
        memory: positive("memory"),
        memswap: positive("memory-swap"),
        networkmode: options.text("network") === "default" ? undefined : options.text("network"),
        nocache: options.flag("no-cache"),
        platform: options.text("platform").toLowerCase() || undefined,
        pull: options.flag("pull"),
        q: quiet,
        rm: options.flag("rm") ? undefined : "0",
        shmsize: positive("shm-size"),
        t: options.list("tag").length > 0 ? options.list("tag") : undefined,
        target: options.text("target") || undefined,
        ulimits: (options.value("ulimit") as object[]).length > 0 ? JSON.stringify(options.value("ulimit")) : undefined,
        version: "1",
      },
      headers: { "Content-Type": "application/x-tar" },
      body: archive,
      signal: context.signal,
    });
    let imageId = "";
    let printed = "";
    try {
      await showProgress(body, {
        out: quiet
          ? async (text) => {
              printed += text;
            }
          : context.out,
        columns: quiet ? undefined : columns,
        aux: (value) => {
          imageId = (value as unknown as BuildResultAux).ID ?? imageId;
        },
      });
    } catch (thrown) {
      if (quiet) await context.err(unseen + printed);
      throw thrown;
    }
    if (quiet) {
      await context.out(printed);
      imageId ||= printed.trim();
    }
    const idFile = options.text("iidfile");
    if (idFile === "") return;
    if (imageId === "") throw new CliFailure(`server did not provide an image ID. Cannot write ${idFile}`);
    try {
      await context.io.files.write(
        absolutePath(context.io.cwd, idFile),
        streamOf(once(new TextEncoder().encode(imageId))),
      );
    } catch (thrown) {
      throw new CliFailure(reasonOf(thrown));
    }
  },
});

export const builderPrune = command("prune", {
  short: "Remove build cache",
  arity: none,
  options: `
    -a, --all             Remove all unused build cache, not just dangling ones
    --filter filter       Provide filter values (e.g. "until=24h")
    -f, --force           Do not prompt for confirmation
    --keep-storage bytes  Amount of disk space to keep for cache
  `,
  run: async (context, options) => {
    const all = options.flag("all");
    const warning = `WARNING! This will remove all ${all ? "" : "dangling "}build cache. Are you sure you want to continue?`;
    if (!options.flag("force") && !(await confirmed(context, warning))) throw new Exit(0);
    const pruned = await pruneBuildCache(context, options.list("filter"), all, options.number("keep-storage"));
    await context.out(
      `${pruned.text}${pruned.text === "" ? "" : "\n"}Total reclaimed space: ${humanSize(pruned.bytes)}\n`,
    );
  },
});
