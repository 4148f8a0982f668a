/** A client of registries: one function for each thing the distribution API can be asked for. */
import { chunksOf, readAll, streamOf, type ByteStream } from "../image/bytes";
import { digestOf, isDigest, verify, type Digest } from "../image/digest";
import { MAX_DOCUMENT_BYTES } from "../image/document";
import { parseManifest, type Descriptor, type ManifestDocument } from "../image/manifest";
import { INDEX_TYPES, MANIFEST_TYPES } from "../image/media-type";
import { RegistryError } from "./error";

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

export interface RegistryClientOptions {
  /** Where `/v2/` is, absolute: `http://127.0.0.1:5000`. */
  baseUrl: string;
  fetch: Fetch;
}

/** Attempts in a row that bring nothing, before a transfer is given up. */
export const MAX_ATTEMPTS = 3;
/** Bytes of one chunk of an upload. */
export const UPLOAD_CHUNK_BYTES = 4 * 2 ** 20;
/** Pages of a list. */
export const MAX_PAGES = 100;
/** An error's text, of a server that is perhaps no registry. */
const MAX_ERROR_BYTES = 64 * 1024;

export interface FetchedManifest {
  bytes: Uint8Array<ArrayBuffer>;
  digest: Digest;
  document: ManifestDocument;
}

export interface TransferOptions {
  signal?: AbortSignal;
  /** Bytes that have been transferred so far. */
  onProgress?: (currentBytes: number) => void;
}

export interface RegistryClient {
  /** `reference` is a tag or a digest. @throws RegistryError, DigestError, DocumentError */
  manifest(repository: string, reference: string, options?: TransferOptions): Promise<FetchedManifest>;
  /** A blob's content, resumed where the connection breaks. Not verified: a blob store does that as it keeps it. */
  blob(repository: string, descriptor: Pick<Descriptor, "digest" | "size">, options?: TransferOptions): ByteStream;
  hasBlob(repository: string, digest: Digest, options?: TransferOptions): Promise<boolean>;
  /** Takes a blob over from another repository of the same registry; false if that is not possible. */
  mountBlob(repository: string, digest: Digest, from: string, options?: TransferOptions): Promise<boolean>;
  /** Uploads in chunks, resumed where the connection breaks. */
  putBlob(repository: string, digest: Digest, content: Blob, options?: TransferOptions): Promise<void>;
  putManifest(
    repository: string,
    reference: string,
    manifest: { bytes: BodyInit; mediaType: string },
    options?: TransferOptions,
  ): Promise<void>;
  tags(repository: string, options?: TransferOptions): Promise<string[]>;
}

const ACCEPT = [...MANIFEST_TYPES, ...INDEX_TYPES].join(", ");

export function registryClient({ baseUrl, fetch }: RegistryClientOptions): RegistryClient {
  const base = baseUrl.replace(/\/+$/, "");
  const at = (repository: string, rest: string) => `${base}/v2/${repository}/${rest}`;

  async function request(url: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(url, init);
    } catch (error) {
      init.signal?.throwIfAborted();
      throw new RegistryError(
        "unreachable",
        `the registry at ${base} cannot be reached (${messageOf(error)})`,
        undefined,
        {
          cause: error,
        },
      );
    }
  }

  function download(url: string, from: number, what: string, signal?: AbortSignal) {
    const headers: Record<string, string> = from > 0 ? { Range: `bytes=${from}-` } : {};
    return request(url, { headers, signal }).then(async (response) => {
      if (!response.ok) throw await failure(response, what);
      return response;
    });
  }

  async function* blobChunks(url: string, size: number, what: string, { signal, onProgress }: TransferOptions) {
    let received = 0;
    for (let attempt = 1; received < size || attempt === 1; attempt++) {
      try {
        const response = await download(url, received, what, signal);
        // A server that does not know ranges begins again: what we have is passed over.
        let again = response.status === 206 ? 0 : received;
        for await (const chunk of chunksOf(response.body ?? streamOf([]))) {
          const fresh = chunk.subarray(Math.min(again, chunk.length));
          again -= chunk.length - fresh.length;
          if (fresh.length === 0) continue;
          received += fresh.length;
          attempt = 1;
          onProgress?.(received);
          yield fresh;
        }
        if (received >= size) return;
        throw new RegistryError("cut-off", `${what} was cut off after ${received} of ${size} bytes`);
      } catch (error) {
        signal?.throwIfAborted();
        const isFinal = error instanceof RegistryError && error.status !== undefined && error.status < 500;
        if (isFinal || attempt >= MAX_ATTEMPTS) throw error;
      }
    }
  }

  async function upload(repository: string, digest: Digest, content: Blob, { signal, onProgress }: TransferOptions) {
    const what = `upload of ${digest}`;
    const started = await request(at(repository, "blobs/uploads/"), { method: "POST", signal });
    if (started.status !== 202) throw await failure(started, what);
    let location = locationOf(started, base);
    let sent = 0;
    for (let attempt = 1; sent < content.size; attempt++) {
      const chunk = content.slice(sent, sent + UPLOAD_CHUNK_BYTES);
      let response: Response | undefined;
      try {
        response = await request(location, {
          method: "PATCH",
          body: chunk,
          headers: { "Content-Type": "application/octet-stream", "Content-Range": `${sent}-${sent + chunk.size - 1}` },
          signal,
        });
      } catch (error) {
        signal?.throwIfAborted();
        if (attempt >= MAX_ATTEMPTS) throw error;
      }
      if (response?.status === 202) {
        location = locationOf(response, base);
        sent += chunk.size;
        attempt = 0;
      } else {
        // The registry knows better than we how much of the chunk has arrived.
        if (response && attempt >= MAX_ATTEMPTS) throw await failure(response, what);
        const status = await request(location, { signal });
        if (status.status !== 204) throw await failure(status, what);
        location = locationOf(status, base);
        const arrived = arrivedBytes(status, response?.status === 416);
        if (arrived > content.size)
          throw new RegistryError("upload-lost", `${what}: the registry has more than was sent`);
        if (arrived > sent) attempt = 0;
        sent = arrived;
      }
      onProgress?.(sent);
    }
    const url = new URL(location);
    url.searchParams.set("digest", digest);
    const finished = await request(url.href, { method: "PUT", signal });
    if (finished.status !== 201) throw await failure(finished, what);
  }

  return {
    async manifest(repository, reference, { signal } = {}) {
      const what = `manifest for ${repository}${isDigest(reference) ? "@" : ":"}${reference}`;
      const response = await request(at(repository, `manifests/${reference}`), { headers: { Accept: ACCEPT }, signal });
      if (!response.ok) throw await failure(response, what);
      const bytes = await readAll(response.body ?? streamOf([]), MAX_DOCUMENT_BYTES, what);
      const digest = digestOf(bytes);
      const stated = isDigest(reference) ? reference : response.headers.get("Docker-Content-Digest");
      if (stated !== null && isDigest(stated)) verify({ digest: stated }, { digest, size: bytes.length }, what);
      return { bytes, digest, document: parseManifest(bytes, response.headers.get("Content-Type") ?? undefined) };
    },
    blob(repository, { digest, size }, options = {}) {
      return streamOf(blobChunks(at(repository, `blobs/${digest}`), size, `blob ${digest}`, options));
    },
    async hasBlob(repository, digest, { signal } = {}) {
      const response = await request(at(repository, `blobs/${digest}`), { method: "HEAD", signal });
      if (response.ok) return true;
      if (response.status === 404) return false;
      throw await failure(response, `blob ${digest}`);
    },
    async mountBlob(repository, digest, from, { signal } = {}) {
      const query = new URLSearchParams({ mount: digest, from });
      const response = await request(at(repository, `blobs/uploads/?${query.toString()}`), { method: "POST", signal });
      if (response.status === 201) return true;
      if (response.status !== 202) throw await failure(response, `mount of ${digest}`);
      // It began an upload instead, which nobody will finish.
      await request(locationOf(response, base), { method: "DELETE", signal });
      return false;
    },
    putBlob: (repository, digest, content, options = {}) => upload(repository, digest, content, options),
    async putManifest(repository, reference, { bytes, mediaType }, { signal } = {}) {
      const response = await request(at(repository, `manifests/${reference}`), {
        method: "PUT",
        body: bytes,
        headers: { "Content-Type": mediaType },
        signal,
      });
      if (response.status !== 201) throw await failure(response, `manifest for ${repository}:${reference}`);
    },
    async tags(repository, { signal } = {}) {
      const tags: string[] = [];
      let url: string | undefined = at(repository, "tags/list");
      for (let page = 0; url !== undefined && page < MAX_PAGES; page++) {
        const response: Response = await request(url, { signal });
        if (!response.ok) throw await failure(response, `tags of ${repository}`);
        const bytes = await readAll(response.body ?? streamOf([]), MAX_DOCUMENT_BYTES, `tags of ${repository}`);
        tags.push(...tagsIn(bytes, repository));
        const next = /<([^>]+)>;\s*rel="?next"?/.exec(response.headers.get("Link") ?? "");
        url = next ? new URL(next[1], url).href : undefined;
      }
      return tags;
    },
  };
}

function tagsIn(bytes: Uint8Array, repository: string): string[] {
  try {
    const { tags } = JSON.parse(new TextDecoder().decode(bytes)) as { tags: unknown };
    if (tags === null) return [];
    if (Array.isArray(tags) && tags.every((tag) => typeof tag === "string")) return tags;
  } catch {
    // told below
  }
  throw new RegistryError("registry-error", `the registry's list of tags of ${repository} is damaged`);
}

/** Where an upload goes on; registries name it by a whole URL or by a path. */
function locationOf(response: Response, base: string): string {
  const location = response.headers.get("Location");
  if (location === null)
    throw new RegistryError("registry-error", "the registry does not say where the upload goes on");
  const url = new URL(location, `${base}/`);
  // Content and digests are for this registry's eyes.
  if (url.origin !== new URL(base).origin) {
    throw new RegistryError(
      "registry-error",
      `the registry sends the upload to ${url.origin}, which is another server`,
    );
  }
  return url.href;
}

/** "0-0" is one byte, or none: the specification has no word for none. A registry that refused to begin at 0 has one. */
function arrivedBytes(response: Response, refusedToBegin: boolean): number {
  const match = /^(?:bytes=)?0-([0-9]+)$/.exec(response.headers.get("Range") ?? "");
  if (!match) throw new RegistryError("registry-error", "the registry does not say how much has arrived");
  const last = Number(match[1]);
  return last === 0 && !refusedToBegin ? 0 : last + 1;
}

/** What a registry said, in the words of `docker pull`. */
async function failure(response: Response, what: string): Promise<RegistryError> {
  const bytes = await readAll(response.body ?? streamOf([]), MAX_ERROR_BYTES).catch(() => new Uint8Array(0));
  const { code, message } = firstError(bytes);
  const { status } = response;
  if (status === 401 || status === 403) {
    return new RegistryError(
      "denied",
      `${what}: the registry denies access (${message ?? status}); log in to it, or use another`,
      status,
    );
  }
  if (status === 404)
    return new RegistryError("not-found", `${what} not found: ${message ?? "the registry has none"}`, status);
  return new RegistryError(
    "registry-error",
    `${what}: the registry answered ${status} (${[code, message].filter(Boolean).join(": ") || "no reason given"})`,
    status,
  );
}

function firstError(bytes: Uint8Array): { code?: string; message?: string } {
  try {
    const { errors } = JSON.parse(new TextDecoder().decode(bytes)) as {
      errors: { code?: unknown; message?: unknown }[];
    };
    const { code, message } = errors[0];
    return {
      code: typeof code === "string" ? code.slice(0, 200) : undefined,
      message: typeof message === "string" ? message.slice(0, 1000) : undefined,
    };
  } catch {
    return {};
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
