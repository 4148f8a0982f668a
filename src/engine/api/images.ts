/** `/images/…` of the API. */
import type { Parts } from "../engine";
import { historyOf } from "../image/history";
import type { Images, NamedImage } from "../image/images";
import { familiarReference, parseReference } from "../image/reference";
import { badParameter } from "./error";
import type { PullProgress } from "../registry/pull";
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
