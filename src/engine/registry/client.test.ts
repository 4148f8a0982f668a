import { expect, test } from "vitest";
import { memoryBlobStore, type BlobStore } from "../image/blob-store";
import { readAll } from "../image/bytes";
import { storeLayer, storeImage } from "../image/commit";
import { digestOf } from "../image/digest";
import type { Image } from "../image/image";
import { openLayer } from "../image/image";
import { DOCKER_LIST, OCI_INDEX } from "../image/media-type";
import { LINUX_386, PlatformError } from "../image/platform";
import { storeSampleImage } from "../image/sample-image";
import { registryClient, UPLOAD_CHUNK_BYTES, type Fetch } from "./client";
import { pullImage, type PullProgress } from "./pull";
import { pushImage, type PushProgress } from "./push";
import { memoryRepositoryStore } from "./repository";
import { registryServer } from "./server";
import { staticRegistry } from "./static";

const BASE = "http://registry.test";
const MAX = 1 << 26;

/** A registry that is reached without a network; `between` sees each request and may answer itself. */
function setUp(
  between: (request: Request, serve: (request: Request) => Promise<Response>) => Promise<Response> = (request, serve) =>
    serve(request),
) {
  const serve = registryServer({ blobs: memoryBlobStore(), repositories: memoryRepositoryStore() });
  const requests: string[] = [];
  const fetch: Fetch = (url, init) => {
    const request = new Request(url, { ...init, duplex: "half" } as RequestInit);
    requests.push(`${request.method} ${new URL(url).pathname}`);
    return between(request, serve);
  };
  return { client: registryClient({ baseUrl: BASE, fetch }), requests, serve };
}

/** An image with a layer of `size` bytes that do not compress. */
async function largeImage(store: BlobStore, size: number): Promise<Image> {
  let state = 1;
  const content = Uint8Array.from(
    { length: size },
    () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24,
  );
  return storeImage(store, LINUX_386, [await storeLayer(store, [{ path: "large", type: "file", content }])]);
}

test("what is pushed is pulled: the same image, each part verified", async () => {
  const { client } = setUp();
  const source = memoryBlobStore();
  const image = await storeSampleImage(source, { compression: "gzip" });
  const { digest, sizeBytes } = await pushImage({
    client,
    store: source,
    image,
    repository: "lib/sample",
    reference: "1",
  });
  expect([digest, sizeBytes]).toEqual([image.descriptor.digest, image.descriptor.size]);

  const store = memoryBlobStore();
  const progress: PullProgress[] = [];
  const pulled = await pullImage({
    client,
    store,
    repository: "lib/sample",
    reference: "1",
    onProgress: (event) => progress.push(event),
  });
  expect(pulled).toEqual({ image, digest: image.descriptor.digest });
  for (const layer of pulled.image.layers) await readAll(await openLayer(store, layer), MAX);
  const done = progress.filter(({ kind }) => kind === "downloaded");
  expect(done).toHaveLength(2);
  expect(await client.tags("lib/sample")).toEqual(["1"]);
});

test("what is there already does not travel", async () => {
  const { client, requests } = setUp();
  const store = memoryBlobStore();
  const image = await storeSampleImage(store);
  await pushImage({ client, store, image, repository: "a", reference: "1" });
  const pushed: PushProgress[] = [];
  await pushImage({ client, store, image, repository: "a", reference: "2", onProgress: (event) => pushed.push(event) });
  expect(new Set(pushed.map(({ kind }) => kind))).toEqual(new Set(["already-exists"]));
  requests.length = 0;
  await pullImage({ client, store, repository: "a", reference: "2" });
  expect(requests).toEqual(["GET /v2/a/manifests/2"]);
});

test("layers of an image that came from there are mounted, not sent", async () => {
  const { client, requests } = setUp();
  const store = memoryBlobStore();
  const image = await storeSampleImage(store);
  await pushImage({ client, store, image, repository: "a", reference: "1" });
  requests.length = 0;
  const pushed: PushProgress[] = [];
  await pushImage({
    client,
    store,
    image,
    repository: "b",
    reference: "1",
    mountFrom: () => ["nowhere", "a"],
    onProgress: (event) => pushed.push(event),
  });
  expect(pushed.every(({ kind }) => kind === "mounted")).toBe(true);
  expect(requests.some((request) => request.startsWith("PATCH"))).toBe(false);
});

test("a mount that is not possible leaves no upload behind", async () => {
  const { client, requests } = setUp();
  expect(await client.mountBlob("b", digestOf("x"), "nowhere")).toBe(false);
  expect(requests.at(-1)).toMatch(/^DELETE \/v2\/b\/blobs\/uploads\//);
});

test("an upload that breaks in the middle of a chunk goes on where it broke", async () => {
  let breaks = 2;
  const { client, requests } = setUp(async (request, serve) => {
    if (request.method !== "PATCH" || breaks-- <= 0) return serve(request);
    const part = (await request.arrayBuffer()).slice(0, 1_000_001);
    const start = Number(/^\d+/.exec(request.headers.get("Content-Range")!)![0]);
    const headers = { "Content-Range": `${start}-${start + part.byteLength - 1}` };
    await serve(new Request(request.url, { method: "PATCH", body: part, headers }));
    throw new TypeError("fetch failed");
  });
  const source = memoryBlobStore();
  const image = await largeImage(source, UPLOAD_CHUNK_BYTES + 3_000_000);
  await pushImage({ client, store: source, image, repository: "a", reference: "1" });
  expect(requests.filter((request) => request.startsWith("PATCH")).length).toBeGreaterThan(3);
  const { image: pulled } = await pullImage({ client, store: memoryBlobStore(), repository: "a", reference: "1" });
  expect(pulled.id).toBe(image.id);
});

test("an upload of which one byte has arrived goes on, though the API cannot say so", async () => {
  let breaks = 1;
  const { client } = setUp(async (request, serve) => {
    if (request.method !== "PATCH" || breaks-- <= 0) return serve(request);
    await serve(new Request(request.url, { method: "PATCH", body: (await request.arrayBuffer()).slice(0, 1) }));
    throw new TypeError("fetch failed");
  });
  const content = "glass";
  await client.putBlob("a", digestOf(content), new Blob([content]));
  expect(await client.hasBlob("a", digestOf(content))).toBe(true);
});

/** Lets only the first bytes of blobs through, as often as said. */
const cutting = (times: number, answersRanges: boolean) => {
  let cuts = times;
  return setUp(async (request, serve) => {
    if (!answersRanges) request.headers.delete("Range");
    const response = await serve(request);
    if (request.method !== "GET" || !/\/blobs\/sha256/.test(request.url) || cuts-- <= 0) return response;
    const bytes = new Uint8Array(await response.arrayBuffer());
    let sent = false;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent) return controller.error(new TypeError("terminated"));
        sent = true;
        controller.enqueue(bytes.subarray(0, Math.ceil(bytes.length / 2)));
      },
    });
    return new Response(body, response);
  });
};

test.each([
  ["from where it broke", true],
  ["from the start, where the server knows no ranges,", false],
])("a download that breaks is resumed %s and gives the same bytes", async (_, answersRanges) => {
  const { client } = cutting(2, answersRanges);
  const source = memoryBlobStore();
  const image = await largeImage(source, 500_000);
  await pushImage({ client, store: source, image, repository: "a", reference: "1" });
  const { image: pulled } = await pullImage({ client, store: memoryBlobStore(), repository: "a", reference: "1" });
  expect(pulled).toEqual(image);
});

test("a registry that lies about a layer is found out, and nothing of it is kept", async () => {
  const { client } = setUp(async (request, serve) => {
    const response = await serve(request);
    if (
      request.method !== "GET" ||
      Number(response.headers.get("Content-Length")) < 1536 ||
      !request.url.includes("/blobs/")
    )
      return response;
    const bytes = new Uint8Array(await response.arrayBuffer());
    bytes[bytes.length >> 1] ^= 1;
    return new Response(bytes, response);
  });
  const source = memoryBlobStore();
  const image = await largeImage(source, 10_000);
  await pushImage({ client, store: source, image, repository: "a", reference: "1" });
  const store = memoryBlobStore();
  await expect(pullImage({ client, store, repository: "a", reference: "1" })).rejects.toMatchObject({
    code: "digest-mismatch",
  });
  expect(await store.has(image.layers[0].descriptor.digest)).toBe(false);
});

test("a registry that gives another manifest than the digest asked for is found out", async () => {
  const { client } = setUp(async () => new Response("{}"));
  await expect(client.manifest("a", digestOf("x"))).rejects.toMatchObject({ code: "digest-mismatch" });
});

test("of an index, the machine's platform is pulled, or what there is is said", async () => {
  const { client, serve } = setUp();
  const source = memoryBlobStore();
  const image = await storeSampleImage(source);
  await pushImage({ client, store: source, image, repository: "a", reference: "i386" });
  const put = async (tag: string, architecture: string, mediaType: string) => {
    const index = JSON.stringify({
      schemaVersion: 2,
      mediaType,
      manifests: [{ ...image.descriptor, platform: { os: "linux", architecture } }],
    });
    await serve(
      new Request(`${BASE}/v2/a/manifests/${tag}`, {
        method: "PUT",
        body: index,
        headers: { "Content-Type": mediaType },
      }),
    );
    return digestOf(index);
  };
  const digest = await put("ours", "386", DOCKER_LIST);
  expect(await pullImage({ client, store: memoryBlobStore(), repository: "a", reference: "ours" })).toEqual({
    image,
    digest,
  });
  await put("theirs", "amd64", OCI_INDEX);
  await expect(pullImage({ client, store: memoryBlobStore(), repository: "a", reference: "theirs" })).rejects.toThrow(
    "no matching manifest for linux/386 in the manifest list entries: this image has linux/amd64",
  );
});

test("an image of another platform is refused before its layers travel", async () => {
  const { client, requests } = setUp();
  const source = memoryBlobStore();
  const layer = await storeLayer(source, [{ path: "a", type: "file" }]);
  const image = await storeImage(source, { os: "linux", architecture: "amd64" }, [layer]);
  await pushImage({ client, store: source, image, repository: "a", reference: "1" });
  requests.length = 0;
  await expect(pullImage({ client, store: memoryBlobStore(), repository: "a", reference: "1" })).rejects.toBeInstanceOf(
    PlatformError,
  );
  expect(requests).not.toContain(`GET /v2/a/blobs/${layer.descriptor.digest}`);
});

test.each([
  ["is not there", async () => Promise.reject(new TypeError("fetch failed")), "unreachable"],
  ["wants a login", async () => new Response("", { status: 401 }), "denied"],
  ["has no such image", async () => new Response("<h1>404</h1>", { status: 404 }), "not-found"],
  ["is broken", async () => new Response("oops", { status: 500 }), "registry-error"],
  ["answers every path with a page", async () => new Response("<!doctype html>"), "invalid-document"],
])("a registry that %s is told from others", async (_, answer: () => Promise<Response>, code) => {
  const { client } = setUp(answer);
  await expect(pullImage({ client, store: memoryBlobStore(), repository: "a", reference: "1" })).rejects.toMatchObject({
    code,
  });
});

test("a pull stops when it is told to, and says so in the caller's words", async () => {
  const stop = new AbortController();
  const source = memoryBlobStore();
  const image = await storeSampleImage(source);
  const { client: pusher, serve } = setUp();
  await pushImage({ client: pusher, store: source, image, repository: "a", reference: "1" });
  const aborting = registryClient({
    baseUrl: BASE,
    fetch: async (url, init) => {
      if (url.includes(image.layers[0].descriptor.digest)) stop.abort(new Error("Ctrl-C"));
      init?.signal?.throwIfAborted();
      return serve(new Request(url, init));
    },
  });
  await expect(
    pullImage({ client: aborting, store: memoryBlobStore(), repository: "a", reference: "1", signal: stop.signal }),
  ).rejects.toThrow("Ctrl-C");
});

test("an upload is not sent to another server", async () => {
  const { client } = setUp(
    async () =>
      new Response(null, { status: 202, headers: { Location: "http://elsewhere.test/v2/a/blobs/uploads/1" } }),
  );
  await expect(client.putBlob("a", digestOf("x"), new Blob(["x"]))).rejects.toThrow("another server");
});

test("plain files are a registry: pulled by tag and by digest", async () => {
  const source = memoryBlobStore();
  const image = await storeSampleImage(source, { compression: "gzip" });
  const files = new Map(
    (await staticRegistry(source, [{ image, names: ["docker.io/library/sample:1", "docker.io/library/sample"] }])).map(
      ({ path, content }) => [path, content],
    ),
  );
  const requests: string[] = [];
  const client = registryClient({
    baseUrl: `${BASE}/some/folder/`,
    fetch: async (url) => {
      const path = new URL(url).pathname.slice("/some/folder/".length);
      requests.push(path);
      const content = files.get(path);
      return content
        ? new Response(content.stream(), { headers: { "Content-Type": "application/octet-stream" } })
        : new Response("no", { status: 404 });
    },
  });
  for (const reference of ["1", "latest", image.descriptor.digest]) {
    const store = memoryBlobStore();
    expect((await pullImage({ client, store, repository: "library/sample", reference })).image).toEqual(image);
  }
  expect(await client.tags("library/sample")).toEqual(["1", "latest"]);
  expect([...files.keys()]).toContain("v2/index.html");
  expect(requests.length).toBeGreaterThan(0);
});
