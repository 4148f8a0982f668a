/**
 * A registry: the OCI distribution API, version 1.1 (github.com/opencontainers/distribution-spec, spec.md), from
 * Request to Response, over a blob store. It listens nowhere; whoever has connections gives it their requests.
 */
import { readAll, streamOf, type ByteStream } from "../image/bytes";
import type { BlobStore } from "../image/blob-store";
import { checkDigest, digestOf, isDigest, type Digest } from "../image/digest";
import { MAX_DOCUMENT_BYTES } from "../image/document";
import { ImageError } from "../image/error";
import { parseManifest, referencesOf, type Descriptor, type ManifestDocument } from "../image/manifest";
import { OCI_INDEX } from "../image/media-type";
import { isRepositoryPath, isTag } from "../image/reference";
import { RefusedError, type RegistryErrorCode } from "./error";
import { chunkRange, receivedRange, requestedRange } from "./range";
import type { Repository, RepositoryStore } from "./repository";
import type { Transfer } from "./transfer";
import { createUploads, type Upload, type Uploads } from "./upload";

export interface RegistryServerOptions {
  /** Belongs to the registry: what no repository has any more is deleted from it. */
  blobs: BlobStore;
  repositories: RepositoryStore;
  /** Names of uploads. */
  newId?: () => string;
  maxUploadBytes?: number;
  /** Called for whatever moves, or need not. What it throws is nobody's concern. */
  onTransfer?: (transfer: Transfer) => void;
}

export type RequestHandler = (request: Request) => Promise<Response>;

/** Entries of a list without `n`. */
export const MAX_LIST = 1000;

const VERSION_HEADER = { "Docker-Distribution-API-Version": "registry/2.0" };

export function registryServer(options: RegistryServerOptions): RequestHandler {
  const { blobs, repositories, newId = () => crypto.randomUUID(), maxUploadBytes, onTransfer } = options;
  const registry: Registry = {
    blobs,
    repositories,
    uploads: createUploads(newId, maxUploadBytes),
    tell(transfer) {
      try {
        onTransfer?.(transfer);
      } catch {
        // Who watches must not be in the way.
      }
    },
  };
  return async (request) => {
    let response: Response;
    try {
      response = await route(registry, request);
    } catch (error) {
      response = refusal(error);
    }
    for (const [name, value] of Object.entries(VERSION_HEADER)) response.headers.set(name, value);
    return request.method === "HEAD" ? new Response(null, response) : response;
  };
}

interface Registry {
  blobs: BlobStore;
  repositories: RepositoryStore;
  uploads: Uploads;
  tell(transfer: Transfer): void;
}

type Handler = (registry: Registry, request: Request, url: URL, name: string, rest: string) => Promise<Response>;

/** What follows a repository's name in a path. Names may have any of these words as parts, so the last one counts. */
const ROUTES: readonly [RegExp, Readonly<Record<string, Handler>>][] = [
  [/^(.+)\/tags\/(list)$/, { GET: listTags }],
  [/^(.+)\/manifests\/([^/]+)$/, { GET: getManifest, HEAD: getManifest, PUT: putManifest, DELETE: deleteManifest }],
  [/^(.+)\/blobs\/uploads\/?()$/, { POST: startUpload }],
  [
    /^(.+)\/blobs\/uploads\/([^/]+)$/,
    { GET: uploadStatus, PATCH: patchUpload, PUT: finishUpload, DELETE: cancelUpload },
  ],
  [/^(.+)\/blobs\/([^/]+)$/, { GET: getBlob, HEAD: getBlob, DELETE: deleteBlob }],
  [/^(.+)\/referrers\/([^/]+)$/, { GET: listReferrers }],
];

async function route(registry: Registry, request: Request): Promise<Response> {
  const url = new URL(request.url);
  const path = decodePath(url.pathname);
  if (path === "/v2" || path === "/v2/") return json({});
  if (!path.startsWith("/v2/"))
    throw new RefusedError("UNSUPPORTED", "this is a registry; its paths begin with /v2/", { status: 404 });
  const within = path.slice("/v2/".length);
  if (within === "_catalog" && request.method === "GET") return listRepositories(registry, url);
  for (const [pattern, handlers] of ROUTES) {
    const match = pattern.exec(within);
    if (!match) continue;
    const handler = Object.hasOwn(handlers, request.method) ? handlers[request.method] : undefined;
    if (!handler) {
      const Allow = Object.keys(handlers).join(", ");
      throw new RefusedError("UNSUPPORTED", `${request.method} is not possible here, but ${Allow}`, {
        headers: { Allow },
      });
    }
    if (!isRepositoryPath(match[1]))
      throw new RefusedError("NAME_INVALID", "invalid repository name", { detail: match[1] });
    return handler(registry, request, url, match[1], match[2]);
  }
  throw new RefusedError("UNSUPPORTED", "there is nothing at this path", { status: 404 });
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new RefusedError("NAME_INVALID", "the path is not encoded correctly");
  }
}

function refusal(error: unknown): Response {
  if (error instanceof RefusedError) {
    const { code, message, detail, status, headers } = error;
    return json({ errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }] }, { status, headers });
  }
  const message = error instanceof Error ? error.message : String(error);
  const isFull = error instanceof ImageError && error.code === "store-full";
  return json({ errors: [{ code: isFull ? "DENIED" : "UNKNOWN", message }] }, { status: isFull ? 507 : 500 });
}

function json(value: unknown, init: ResponseInit = {}): Response {
  return new Response(JSON.stringify(value), {
    ...init,
    headers: { "Content-Type": "application/json", ...init.headers },
  });
}

function empty(status: number, headers: Record<string, string>): Response {
  return new Response(null, { status, headers });
}

async function repositoryOf({ repositories }: Registry, name: string): Promise<Repository> {
  const repository = await repositories.get(name);
  if (!repository)
    throw new RefusedError("NAME_UNKNOWN", "repository name not known to registry", { detail: { name } });
  return repository;
}

function digestParameter(text: string | null): Digest {
  try {
    return checkDigest(text ?? "");
  } catch (error) {
    throw new RefusedError("DIGEST_INVALID", (error as Error).message, { detail: text });
  }
}

// Manifests

async function getManifest(registry: Registry, request: Request, _url: URL, name: string, reference: string) {
  const repository = await registry.repositories.get(name);
  const digest = isDigest(reference) ? reference : repository?.tags.get(reference);
  const mediaType = digest && repository?.manifests.get(digest);
  const blob = mediaType && (await registry.blobs.get(digest));
  if (!blob) throw new RefusedError("MANIFEST_UNKNOWN", "manifest unknown", { detail: { name, reference } });
  const headers = {
    "Content-Type": mediaType,
    "Content-Length": String(blob.size),
    "Docker-Content-Digest": digest,
    ETag: `"${digest}"`,
  };
  if (request.method !== "HEAD") {
    const tag = isDigest(reference) ? {} : { tag: reference };
    const sizeBytes = blob.size;
    registry.tell({
      what: "manifest",
      direction: "pull",
      repository: name,
      digest,
      sizeBytes,
      outcome: "sent",
      ...tag,
    });
  }
  return new Response(request.method === "HEAD" ? null : blob.stream(), { headers });
}

async function putManifest(registry: Registry, request: Request, _url: URL, name: string, reference: string) {
  if (!reference.includes(":") && !isTag(reference)) {
    throw new RefusedError("MANIFEST_INVALID", "manifest tag did not match its grammar", { detail: reference });
  }
  const wanted = reference.includes(":") ? digestParameter(reference) : undefined;
  const bytes = await readAll(bodyOf(request), MAX_DOCUMENT_BYTES, "the manifest").catch((error: Error) => {
    throw new RefusedError("MANIFEST_INVALID", error.message, { status: 413 });
  });
  const digest = digestOf(bytes);
  if (wanted !== undefined && wanted !== digest) {
    throw new RefusedError("DIGEST_INVALID", "provided digest did not match uploaded content", { detail: { digest } });
  }
  const document = manifestIn(bytes, request.headers.get("Content-Type") ?? undefined);
  const repository = await registry.repositories.get(name);
  for (const { digest: part } of referencesOf(document)) {
    const isThere = document.kind === "index" ? repository?.manifests.has(part) : repository?.blobs.has(part);
    if (!isThere) {
      throw new RefusedError(
        "MANIFEST_BLOB_UNKNOWN",
        "the manifest refers to content this repository does not have; push it first",
        { detail: { digest: part } },
      );
    }
  }
  await registry.blobs.put(bytes, { digest });
  await registry.repositories.update(name, ({ manifests, tags }) => {
    manifests.set(digest, document.kind === "index" ? document.index.mediaType : document.manifest.mediaType);
    if (wanted === undefined) tags.set(reference, digest);
  });
  registry.tell({
    what: "manifest",
    direction: "push",
    repository: name,
    digest,
    sizeBytes: bytes.length,
    outcome: "stored",
    ...(wanted === undefined ? { tag: reference } : {}),
  });
  const subject = subjectOf(document);
  return empty(201, {
    Location: `/v2/${name}/manifests/${digest}`,
    "Docker-Content-Digest": digest,
    ...(subject ? { "OCI-Subject": subject.digest } : {}),
  });
}

function manifestIn(bytes: Uint8Array, contentType: string | undefined): ManifestDocument {
  try {
    return parseManifest(bytes, contentType);
  } catch (error) {
    throw new RefusedError("MANIFEST_INVALID", (error as Error).message);
  }
}

function subjectOf(document: ManifestDocument): Descriptor | null | undefined {
  return document.kind === "index" ? document.index.subject : document.manifest.subject;
}

async function deleteManifest(registry: Registry, _request: Request, _url: URL, name: string, reference: string) {
  await repositoryOf(registry, name);
  const isKnown = await registry.repositories.update(name, ({ manifests, tags }) => {
    if (!isDigest(reference)) return tags.delete(reference);
    for (const [tag, digest] of [...tags]) if (digest === reference) tags.delete(tag);
    return manifests.delete(reference);
  });
  if (!isKnown) throw new RefusedError("MANIFEST_UNKNOWN", "manifest unknown", { detail: { name, reference } });
  if (isDigest(reference)) await deleteUnlinked(registry, reference);
  return empty(202, {});
}

// Blobs

async function getBlob(registry: Registry, request: Request, _url: URL, name: string, reference: string) {
  const digest = digestParameter(reference);
  const repository = await registry.repositories.get(name);
  const blob = repository?.blobs.has(digest) ? await registry.blobs.get(digest) : undefined;
  if (!blob) throw new RefusedError("BLOB_UNKNOWN", "blob unknown to registry", { detail: { name, digest } });
  const headers = {
    "Content-Type": "application/octet-stream",
    "Docker-Content-Digest": digest,
    "Accept-Ranges": "bytes",
    ETag: `"${digest}"`,
  };
  const range = requestedRange(request.headers.get("Range"), blob.size);
  if (range === "unsatisfiable") {
    throw new RefusedError("SIZE_INVALID", `the blob has ${blob.size} bytes`, {
      status: 416,
      headers: { "Content-Range": `bytes */${blob.size}` },
    });
  }
  const part = range ? blob.slice(range.start, range.end) : blob;
  const moved = { what: "blob", repository: name, digest, sizeBytes: part.size } as const;
  // Who asks without fetching is about to push, and need not.
  if (request.method === "HEAD") registry.tell({ ...moved, direction: "push", outcome: "exists" });
  else registry.tell({ ...moved, direction: "pull", outcome: "sent" });
  return new Response(request.method === "HEAD" ? null : part.stream(), {
    status: range ? 206 : 200,
    headers: {
      ...headers,
      "Content-Length": String(part.size),
      ...(range ? { "Content-Range": `bytes ${range.start}-${range.end - 1}/${blob.size}` } : {}),
    },
  });
}

async function deleteBlob(registry: Registry, _request: Request, _url: URL, name: string, reference: string) {
  const digest = digestParameter(reference);
  const isKnown = await registry.repositories.update(name, ({ blobs }) => blobs.delete(digest));
  if (!isKnown) throw new RefusedError("BLOB_UNKNOWN", "blob unknown to registry", { detail: { name, digest } });
  await deleteUnlinked(registry, digest);
  return empty(202, {});
}

async function deleteUnlinked(registry: Registry, digest: Digest): Promise<void> {
  if ((await repositoryWith(registry, digest)) === undefined) await registry.blobs.delete(digest);
}

/** The name of a repository that has `digest`, as a blob or a manifest. */
async function repositoryWith({ repositories }: Registry, digest: Digest): Promise<string | undefined> {
  for (const name of await repositories.names()) {
    const repository = await repositories.get(name);
    if (repository?.blobs.has(digest) || repository?.manifests.has(digest)) return name;
  }
  return undefined;
}

// Uploads

async function startUpload(registry: Registry, request: Request, url: URL, name: string) {
  const mount = url.searchParams.get("mount");
  if (mount !== null && (await mounted(registry, name, digestParameter(mount), url.searchParams.get("from")))) {
    return created(name, digestParameter(mount));
  }
  const digest = url.searchParams.get("digest");
  const upload = registry.uploads.start(name);
  if (mount !== null || digest === null) return accepted(upload);
  return finish(registry, request, upload, digestParameter(digest));
}

/** Without `from`, any repository will do, as the specification allows. */
async function mounted(registry: Registry, name: string, digest: Digest, from: string | null): Promise<boolean> {
  const source = from ?? (await repositoryWith(registry, digest));
  const isThere = source !== undefined && (await registry.repositories.get(source))?.blobs.has(digest);
  if (!isThere || !(await registry.blobs.has(digest))) return false;
  await registry.repositories.update(name, ({ blobs }) => blobs.add(digest));
  const sizeBytes = (await registry.blobs.get(digest))?.size ?? 0;
  registry.tell({
    what: "blob",
    direction: "push",
    repository: name,
    digest,
    sizeBytes,
    outcome: "mounted",
    from: source,
  });
  return true;
}

async function uploadStatus({ uploads }: Registry, _request: Request, _url: URL, name: string, id: string) {
  return accepted(uploads.get(name, id), 204);
}

async function patchUpload({ uploads }: Registry, request: Request, _url: URL, name: string, id: string) {
  const upload = uploads.get(name, id);
  await receive(uploads, upload, request);
  return accepted(upload);
}

async function finishUpload(registry: Registry, request: Request, url: URL, name: string, id: string) {
  const upload = registry.uploads.get(name, id);
  return finish(registry, request, upload, digestParameter(url.searchParams.get("digest")));
}

async function cancelUpload({ uploads }: Registry, _request: Request, _url: URL, name: string, id: string) {
  uploads.remove(uploads.get(name, id));
  return empty(204, {});
}

async function finish(registry: Registry, request: Request, upload: Upload, digest: Digest): Promise<Response> {
  await receive(registry.uploads, upload, request);
  registry.uploads.remove(upload);
  try {
    await registry.blobs.put(streamOf(upload.chunks), { digest });
  } catch (error) {
    if (!(error instanceof ImageError && error.code === "digest-mismatch")) throw error;
    throw new RefusedError("DIGEST_INVALID", "provided digest did not match uploaded content", {
      detail: error.message,
    });
  }
  await registry.repositories.update(upload.repository, ({ blobs }) => blobs.add(digest));
  const { repository, size: sizeBytes } = upload;
  registry.tell({ what: "blob", direction: "push", repository, digest, sizeBytes, outcome: "stored" });
  return created(upload.repository, digest);
}

/** Takes the body, if it begins where the upload stands and has the length that its headers say. */
async function receive(uploads: Uploads, upload: Upload, request: Request): Promise<void> {
  const stated = request.headers.get("Content-Range");
  const before = upload.size;
  let length: number | undefined;
  if (stated !== null) {
    const range = chunkRange(stated);
    if (!range) throw new RefusedError("BLOB_UPLOAD_INVALID", "the Content-Range is no range", { detail: stated });
    if (range.start !== upload.size) {
      throw new RefusedError("BLOB_UPLOAD_INVALID", `the next chunk begins at ${upload.size}`, {
        status: 416,
        headers: uploadHeaders(upload),
      });
    }
    length = range.end - range.start;
  }
  try {
    await uploads.append(upload, bodyOf(request));
  } catch (error) {
    if (error instanceof RefusedError) throw error;
    // The connection broke; what has arrived stays, and the client asks how much that is.
    throw new RefusedError("BLOB_UPLOAD_INVALID", "the chunk was cut off; resume it", {
      headers: uploadHeaders(upload),
    });
  }
  const received = upload.size - before;
  if (length !== undefined && received !== length) {
    throw new RefusedError("SIZE_INVALID", `provided length ${length} did not match content length ${received}`, {
      headers: uploadHeaders(upload),
    });
  }
}

function uploadHeaders({ repository, id, size }: Upload): Record<string, string> {
  return { Location: `/v2/${repository}/blobs/uploads/${id}`, Range: receivedRange(size), "Docker-Upload-UUID": id };
}

function accepted(upload: Upload, status = 202): Response {
  return empty(status, uploadHeaders(upload));
}

function created(name: string, digest: Digest): Response {
  return empty(201, { Location: `/v2/${name}/blobs/${digest}`, "Docker-Content-Digest": digest });
}

function bodyOf(request: Request): ByteStream {
  return request.body ?? streamOf([]);
}

// Lists

async function listTags(registry: Registry, _request: Request, url: URL, name: string) {
  const { tags } = await repositoryOf(registry, name);
  const page = pageOf([...tags.keys()], url);
  return json({ name, tags: page.items }, { headers: page.headers });
}

async function listRepositories({ repositories }: Registry, url: URL) {
  const page = pageOf(await repositories.names(), url);
  return json({ repositories: page.items }, { headers: page.headers });
}

/** The items after `last`, at most `n`, in the order of their code units, and a link to the next page. */
function pageOf(items: string[], url: URL): { items: string[]; headers: Record<string, string> } {
  const n = url.searchParams.get("n");
  if (n !== null && !/^[0-9]{1,9}$/.test(n)) {
    throw new RefusedError("PAGINATION_NUMBER_INVALID" as RegistryErrorCode, "n is no number", {
      status: 400,
      detail: { n },
    });
  }
  const count = Math.min(n === null ? MAX_LIST : Number(n), MAX_LIST);
  const last = url.searchParams.get("last");
  const following = items.sort().filter((item) => last === null || item > last);
  const page = following.slice(0, count);
  if (page.length === following.length || page.length === 0) return { items: page, headers: {} };
  const next = new URLSearchParams({ n: String(count), last: page.at(-1)! });
  return { items: page, headers: { Link: `<${url.pathname}?${next.toString()}>; rel="next"` } };
}

async function listReferrers(registry: Registry, _request: Request, url: URL, name: string, reference: string) {
  const subject = digestParameter(reference);
  const wanted = url.searchParams.get("artifactType");
  const repository = await registry.repositories.get(name);
  const manifests: (Descriptor & { artifactType?: string })[] = [];
  for (const [digest, mediaType] of repository?.manifests ?? []) {
    const blob = await registry.blobs.get(digest);
    if (!blob) continue;
    const document = manifestIn(new Uint8Array(await blob.arrayBuffer()), mediaType);
    if (subjectOf(document)?.digest !== subject) continue;
    const { annotations, artifactType } = document.kind === "index" ? document.index : document.manifest;
    const type = artifactType ?? (document.kind === "manifest" ? document.manifest.config.mediaType : undefined);
    if (wanted !== null && type !== wanted) continue;
    manifests.push({
      mediaType,
      digest,
      size: blob.size,
      ...(type ? { artifactType: type } : {}),
      ...(annotations ? { annotations } : {}),
    });
  }
  return json(
    { schemaVersion: 2, mediaType: OCI_INDEX, manifests },
    { headers: { "Content-Type": OCI_INDEX, ...(wanted === null ? {} : { "OCI-Filters-Applied": "artifactType" }) } },
  );
}
