/** `/images/…` of the API. */
import type { Parts } from "../parts";
import { historyOf } from "../image/history";
import type { Images, NamedImage } from "../image/images";
import { familiarReference, fullName, fullReference, parseReference, type Reference } from "../image/reference";
import { shortId } from "../image/digest";
import { ApiError, badParameter } from "./error";
import type { PullProgress } from "../registry/pull";
import type { PushProgress } from "../registry/push";
import type { ProgressMessage } from "../../protocol/docker";
import { empty, filters, flag, json, type Call, type Routes } from "./router";

export function routes({ images, containers }: Parts): Routes {
  const users = () =>
    new Map(containers.all().map(({ record, running }) => [record.imageId, { id: record.id, running }]));
  return {
    "GET /images/json": (call) => {
      const by = filters(call.query);
      const wanted = by.get("reference") ?? [];
      const matches = ({ names }: NamedImage) =>
        wanted.length === 0 ||
        wanted.some((pattern) => [...names].some((name) => referenceMatches(familiar(name), pattern)));
      const dangling = by.get("dangling")?.[0];
      const chosen = images
        .all()
        .filter(matches)
        .filter(
          ({ names }) => dangling === undefined || (names.size === 0) === (dangling === "true" || dangling === "1"),
        );
      return json(
        chosen.map((image) =>
          summary(image, [...containers.all()].filter(({ record }) => record.imageId === image.image.id).length),
        ),
      );
    },
    "GET /images/:name*/json": (call) => json(inspect(images.find(call.params.name))),
    "GET /images/:name*/history": (call) => {
      const { image, names } = images.find(call.params.name);
      const lines = historyOf(image.config);
      return json(
        lines.map((line, index) => ({
          Id: index === 0 ? image.id : "<missing>",
          Created: seconds(line.created),
          CreatedBy: line.createdBy ?? "",
          Tags: index === 0 && names.size > 0 ? [...names].map(familiar) : null,
          Size: line.layer ? images.layerSize(line.layer.chainId) : 0,
          Comment: line.comment ?? "",
        })),
      );
    },
    "POST /images/create": (call) => pull(images, call),
    "POST /images/load": async (call) => {
      if (!call.body) throw badParameter("an archive is expected in the body");
      const said = await images.load(call.body);
      const lines = said.map((stream) => `${JSON.stringify({ stream: `${stream}\n` })}\n`).join("");
      return new Response(lines, { headers: { "content-type": "application/json" } });
    },
    "GET /images/get": (call) => archive(images.save(call.query.getAll("names").flatMap((names) => names.split(",")))),
    "GET /images/:name*/get": (call) => archive(images.save([call.params.name])),
    "POST /images/:name*/push": (call) => push(images, call),
    "POST /images/:name*/tag": async (call) => {
      const repository = call.query.get("repo");
      if (!repository) throw badParameter("invalid reference format");
      await images.tag(call.params.name, repository, call.query.get("tag") || undefined);
      return empty(201);
    },
    "DELETE /images/:name*": async (call) =>
      json(await images.remove(call.params.name, flag(call.query, "force"), users())),
  };
}

/** `docker pull`: lines of JSON as it goes on. What fails before the first of them is an error of the request. */
async function pull(images: Images, { query, signal }: Call): Promise<Response> {
  const from = query.get("fromImage");
  if (!from) throw badParameter("an image must be named: fromImage");
  const tag = query.get("tag");
  const name = tag ? `${from}${tag.includes(":") ? "@" : ":"}${tag}` : from;
  const encoder = new TextEncoder();
  const shown = new Map<string, number>();
  let send: (line: object) => void = () => {};
  const early: object[] = [];
  send = (line) => early.push(line);
  const layer = (digest: string) => digest.replace(/^sha256:/, "").slice(0, 12);
  const onProgress = (progress: PullProgress) => {
    if (progress.kind === "layers")
      for (const digest of progress.digests)
        send({ status: "Pulling fs layer", progressDetail: {}, id: layer(digest) });
    if (progress.kind === "already-exists")
      send({ status: "Already exists", progressDetail: {}, id: layer(progress.digest) });
    if (progress.kind === "downloading") {
      const { digest, currentBytes: current, totalBytes: total } = progress;
      // A line for each twentieth is enough to draw a bar.
      const part = Math.floor((20 * current) / Math.max(1, total));
      if (shown.get(digest) === part) return;
      shown.set(digest, part);
      send({ status: "Downloading", progressDetail: { current, total }, id: layer(digest) });
    }
    if (progress.kind === "downloaded")
      send({ status: "Pull complete", progressDetail: {}, id: layer(progress.digest) });
  };
  const pulling = images.pull(name, { onProgress, signal });
  const begun = new Promise<void>((resolve) => {
    const remember = send;
    send = (line) => {
      remember(line);
      resolve();
    };
  });
  await Promise.race([pulling, begun]);
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      send = (line) => controller.enqueue(encoder.encode(`${JSON.stringify(line)}\r\n`));
      send({ status: `Pulling from ${repositoryOf(name)}`, id: tag ?? "latest" });
      early.forEach((line) => send(line));
      try {
        const { digest, fresh, reference } = await pulling;
        send({ status: `Digest: ${digest}` });
        send({ status: `Status: ${fresh ? "Downloaded newer image" : "Image is up to date"} for ${reference}` });
      } catch (error) {
        const message = (error as Error).message;
        send({ errorDetail: { message }, error: message });
      }
      controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": "application/json" } });
}

/** `docker push`: lines of JSON as it goes on, in the words of moby's `distribution/push_v2.go`. */
function push(images: Images, { params, query, signal }: Call): Response {
  // Refused before the first line, as a request that cannot be meant.
  const name = params.name;
  const { repository, references } = pushable(images, name, query.get("tag") || undefined);
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      const send = (line: ProgressMessage) => controller.enqueue(encoder.encode(`${JSON.stringify(line)}\r\n`));
      try {
        send({ status: `The push refers to repository [${repository}]` });
        if (references instanceof ApiError) throw references;
        for (const reference of references) await pushOne(images, reference, send, signal);
      } catch (error) {
        const message = (error as Error).message;
        send({ errorDetail: { message }, error: message });
      }
      controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": "application/json" } });
}

/** What to push, or what is said after the first line when there is nothing. */
function pushable(images: Images, name: string, tag: string | undefined) {
  try {
    return images.pushed(name, tag);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
    return { repository: fullName(parseReference(name)), references: error };
  }
}

async function pushOne(
  images: Images,
  reference: Reference,
  send: (line: ProgressMessage) => void,
  signal: AbortSignal,
): Promise<void> {
  const { layers } = images.find(fullReference(reference)).image;
  // A layer is called by its DiffID here, and the config, which is none, is not told of.
  const ids = new Map<string, string>(layers.map(({ diffId, descriptor }) => [descriptor.digest, shortId(diffId)]));
  const shown = new Map<string, number>();
  for (const id of ids.values()) send({ status: "Preparing", progressDetail: {}, id });
  const onProgress = (progress: PushProgress) => {
    const id = ids.get(progress.digest);
    if (id === undefined) return;
    if (progress.kind === "already-exists") send({ status: "Layer already exists", progressDetail: {}, id });
    if (progress.kind === "mounted") send({ status: `Mounted from ${progress.from}`, progressDetail: {}, id });
    if (progress.kind === "uploaded") send({ status: "Pushed", progressDetail: {}, id });
    if (progress.kind === "uploading") {
      const { currentBytes: current, totalBytes: total } = progress;
      const part = Math.floor((20 * current) / Math.max(1, total));
      if (shown.get(id) === part) return;
      shown.set(id, part);
      send({ status: "Pushing", progressDetail: { current, total }, id });
    }
  };
  const { digest, sizeBytes } = await images.push(reference, { onProgress, signal });
  const tag = reference.tag ?? "latest";
  send({ status: `${tag}: digest: ${digest} size: ${sizeBytes}` });
  send({ progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: sizeBytes } });
}

function repositoryOf(name: string): string {
  return parseReference(name).path;
}

function archive(body: ReadableStream<Uint8Array>): Response {
  return new Response(body, { headers: { "content-type": "application/x-tar" } });
}

function familiar(name: string): string {
  return familiarReference(parseReference(name));
}

function seconds(instant: string | undefined | null): number {
  const ms = Date.parse(instant ?? "");
  return Number.isNaN(ms) ? 0 : Math.floor(ms / 1000);
}

/** `busybox`, `busybox:*`, `*:latest`: `*` stands for anything but a slash. */
function referenceMatches(name: string, pattern: string): boolean {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*/g, "[^/]*")
    .replace(/\?/g, "[^/]");
  return new RegExp(`^${escaped}$`).test(name) || new RegExp(`^${escaped}$`).test(name.replace(/:[^:/]*$/, ""));
}

export function summary({ image, names, sizeBytes }: NamedImage, containers: number): object {
  return {
    Id: image.id,
    ParentId: "",
    RepoTags: [...names].map(familiar),
    RepoDigests: [...names].map((name) => `${familiar(name).replace(/:[^:/]*$/, "")}@${image.descriptor.digest}`),
    Created: seconds(image.config.created),
    Size: sizeBytes,
    SharedSize: -1,
    Labels: image.config.config?.Labels ?? null,
    Containers: containers,
  };
}

function inspect({ image, names, sizeBytes }: NamedImage): object {
  const { config } = image;
  return {
    Id: image.id,
    RepoTags: [...names].map(familiar),
    RepoDigests: [...names].map((name) => `${familiar(name).replace(/:[^:/]*$/, "")}@${image.descriptor.digest}`),
    Parent: "",
    Comment: "",
    Created: config.created ?? "",
    DockerVersion: "",
    Author: config.author ?? "",
    Config: config.config ?? {},
    Architecture: config.architecture,
    Os: config.os,
    Size: sizeBytes,
    GraphDriver: { Name: "overlay2", Data: null },
    RootFS: { Type: "layers", Layers: image.layers.map(({ diffId }) => diffId) },
    Metadata: { LastTagTime: "0001-01-01T00:00:00Z" },
  };
}
