import type { ContainerCreateRequest, ContainerCreateResponse, ContainerWaitResponse } from "../../protocol/docker";
import { readText, segment } from "../api";
import { atLeast, command } from "../command";
import type { Context } from "../context";
import { CREATE_KINDS } from "../create/list-values";
import { CREATE_OPTIONS } from "../create/options";
import { createRequest } from "../create/request";
import { CliFailure, EXIT_NOT_EXECUTABLE, EXIT_NOT_FOUND, EXIT_USAGE, EngineFailure, reasonOf } from "../failure";
import type { Options } from "../options";
import { familiarText, parseReference, withDefaultTag } from "../reference";
import { followSize, proxySignals, runSession } from "../stream/session";
import { absolutePath } from "../transfer";
import { pullImage } from "./pull";

const HTTP_NOT_FOUND = 404;
const PULL_POLICIES = ["always", "missing", "never"];

/** `docker: …` and where help is found: how a line that cannot be carried out is told. */
const usageFailure = (context: Context, thrown: unknown, status = EXIT_USAGE): CliFailure =>
  new CliFailure(
    `${context.program}: ${reasonOf(thrown)}\n\nRun '${context.path} --help' for more information`,
    status,
  );

/** The word for how a process failed to start, in numbers: 127 not found, 126 not executable, 125 else. */
const startStatus = (reason: string): number => {
  const text = reason.replace(/:$/, "");
  if (/executable file not found|no such file or directory|system cannot find the file specified/.test(text))
    return EXIT_NOT_FOUND;
  if (/permission denied|not a directory|trying to mount a directory onto a file/.test(text))
    return EXIT_NOT_EXECUTABLE;
  return EXIT_USAGE;
};

const textStream = (text: string): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start: (controller) => {
      controller.enqueue(new TextEncoder().encode(text));
      controller.close();
    },
  });

/** Makes a container, and first fetches its image where that is wanted or has to be. */
const createContainer = async (
  context: Context,
  options: Options,
  request: ContainerCreateRequest,
  then: string[],
): Promise<string> => {
  const policy = options.text("pull");
  const platform = options.text("platform");
  const image = request.Image ?? "";
  const isId = /^[0-9a-f]{64}$/.test(image);
  const reference = isId || image.startsWith("sha256:") ? undefined : withDefaultTag(parseReference(image));
  const idFile = options.text("cidfile") && absolutePath(context.io.cwd, options.text("cidfile"));
  if (idFile && (await context.io.files.stat(idFile)))
    throw new Error(
      `container ID file found, make sure the other container isn't running or delete ${options.text("cidfile")}`,
    );
  const pull = async (): Promise<void> => {
    if (!reference) return;
    const tty = context.io.tty;
    const columns = tty && tty.stderr !== false ? tty.cols : undefined;
    await pullImage(context, reference, platform, options.flag("quiet") ? undefined : { out: context.err, columns });
  };
  const create = (): Promise<ContainerCreateResponse> =>
    context.api.json<ContainerCreateResponse>("POST", "/containers/create", {
      query: { name: options.text("name") || undefined, platform: platform || undefined },
      json: request,
      then,
    });
  if (policy === "always") await pull();
  let made: ContainerCreateResponse;
  try {
    made = await create();
  } catch (thrown) {
    const isMissing = thrown instanceof EngineFailure && thrown.httpStatus === HTTP_NOT_FOUND;
    if (!isMissing || !reference || policy !== "missing") throw thrown;
    if (!options.flag("quiet")) await context.err(`Unable to find image '${familiarText(reference)}' locally\n`);
    await pull();
    made = await create();
  }
  const local = request.HostConfig?.Dns?.find((address) => /^127\.|^::1$/.test(address));
  if (local !== undefined) await context.err(`WARNING: Localhost DNS (${local}) may fail in containers.\n`);
  for (const warning of made.Warnings ?? []) await context.err(`WARNING: ${warning}\n`);
  if (idFile) await context.io.files.write(idFile, textStream(made.Id));
  return made.Id;
};

const prepare = async (context: Context, options: Options, args: string[]): Promise<ContainerCreateRequest> => {
  try {
    if (!PULL_POLICIES.includes(options.text("pull")))
      throw new Error(`invalid pull option: '${options.text("pull")}': must be one of "always", "missing" or "never"`);
    return await createRequest(context, options, args);
  } catch (thrown) {
    throw usageFailure(context, thrown);
  }
};

export const create = command("create", {
  use: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  short: "Create a new container",
  arity: atLeast(1),
  interspersed: false,
  completes: "images",
  kinds: CREATE_KINDS,
  options: CREATE_OPTIONS,
  run: async (context, options, args) => {
    const request = await prepare(context, options, args);
    await context.out(`${await createContainer(context, options, request, [])}\n`);
  },
});

/** Resolves with the exit status once the container has stopped, or is gone. The engine has heard of it when this resolves first. */
export const waitForExit = async (
  context: Context,
  containerPath: string,
  condition: "next-exit" | "removed" | undefined,
): Promise<{ status: Promise<number> }> => {
  const response = await context.api.stream("POST", `${containerPath}/wait`, { query: { condition } });
  const status = readText(response.body).then(async (text) => {
    const answer = JSON.parse(text) as ContainerWaitResponse;
    if (answer.Error?.Message) {
      await context.err(`Error waiting for container: ${answer.Error.Message}\n`);
      return EXIT_USAGE;
    }
    return answer.StatusCode;
  });
  status.catch(() => undefined);
  return { status };
};

export const run = command("run", {
  use: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  short: "Create and run a new container from an image",
  arity: atLeast(1),
  interspersed: false,
  completes: "images",
  kinds: CREATE_KINDS,
  options: `
    ${CREATE_OPTIONS}
    -d, --detach          Run container in background and print container ID
    --detach-keys string  Override the key sequence for detaching a container
    --sig-proxy           Proxy received signals to the process (default true)
  `,
  run: async (context, options, args) => {
    const request = await prepare(context, options, args);
    const detach = options.flag("detach");
    if (detach) {
      if (options.list("attach").length > 0)
        throw new CliFailure("conflicting options: cannot specify both --attach and --detach");
      Object.assign(request, { AttachStdin: false, AttachStdout: false, AttachStderr: false, StdinOnce: false });
    } else if (request.AttachStdin && request.Tty && !context.stdinIsTty)
      throw new CliFailure("the input device is not a TTY");

    let id: string;
    try {
      id = await createContainer(context, options, request, ["POST /containers/{id}/start"]);
    } catch (thrown) {
      if (thrown instanceof CliFailure && thrown.name === "Exit") throw thrown;
      throw usageFailure(context, thrown);
    }
    const path = `/containers/${segment(id)}`;
    const start = async (): Promise<void> => {
      try {
        await context.api.done("POST", `${path}/start`);
      } catch (thrown) {
        throw usageFailure(context, thrown, startStatus(reasonOf(thrown)));
      }
    };
    if (detach) {
      // The container is there, even if it does not start.
      await start().finally(() => context.out(`${id}\n`));
      return 0;
    }

    const release = options.flag("sig-proxy") ? proxySignals(context, path) : () => undefined;
    let unfollow = (): void => undefined;
    try {
      const attached = request.AttachStdin || request.AttachStdout || request.AttachStderr;
      const upgraded = attached
        ? await context.api.upgrade(`${path}/attach`, {
            query: {
              detachKeys: options.text("detach-keys") || undefined,
              stderr: request.AttachStderr,
              stdin: request.AttachStdin,
              stdout: request.AttachStdout,
              stream: true,
            },
          })
        : undefined;
      const waiting = await waitForExit(context, path, options.flag("rm") ? "removed" : "next-exit");
      const session =
        upgraded &&
        runSession(context, upgraded, {
          tty: request.Tty === true,
          stdin: request.AttachStdin === true,
          output: request.AttachStdout === true || request.AttachStderr === true,
          detachKeys: options.text("detach-keys"),
        });
      session?.catch(() => undefined);
      try {
        await start();
      } catch (thrown) {
        // The container of --rm is gone before this is told.
        if (options.flag("rm")) await waiting.status.catch(() => undefined);
        throw thrown;
      }
      if (request.Tty) unfollow = await followSize(context, path);
      if ((await session) === "detached") return 0;
      return await waiting.status;
    } finally {
      unfollow();
      release();
    }
  },
});
