import { beforeEach, expect, test } from "vitest";
import { memoryBlobStore, type BlobStore } from "../image/blob-store";
import { digestOf } from "../image/digest";
import { OCI_INDEX, OCI_MANIFEST } from "../image/media-type";
import { memoryRepositoryStore } from "./repository";
import { registryServer, type RequestHandler } from "./server";

const utf8 = new TextEncoder();
const CONTENT = "0123456789";
const DIGEST = digestOf(CONTENT);

let blobs: BlobStore;
let serve: RequestHandler;
beforeEach(() => {
  blobs = memoryBlobStore();
  let uploads = 0;
  serve = registryServer({
    blobs,
    repositories: memoryRepositoryStore(),
    newId: () => `upload-${++uploads}`,
    maxUploadBytes: 1000,
  });
});

const send = (method: string, path: string, body?: BodyInit, headers?: Record<string, string>) =>
  serve(new Request(`http://registry${path}`, { method, body, headers, duplex: "half" } as RequestInit));

async function codeOf(response: Response): Promise<[number, string]> {
  const { errors } = (await response.json()) as { errors: { code: string; message: string }[] };
  expect(errors[0].message).not.toBe("");
  return [response.status, errors[0].code];
}

const putBlob = (name: string, content = CONTENT) =>
  send("POST", `/v2/${name}/blobs/uploads/?digest=${digestOf(content)}`, content);

async function putImage(name: string, reference: string, more: object = {}) {
  await putBlob(name);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: DIGEST, size: CONTENT.length },
    layers: [],
    ...more,
  });
  const response = await send("PUT", `/v2/${name}/manifests/${reference}`, manifest, { "Content-Type": OCI_MANIFEST });
  return { response, manifest, digest: digestOf(manifest) };
}

test("the API's version is told at its root and everywhere", async () => {
  const response = await send("GET", "/v2/");
  expect([response.status, await response.text()]).toEqual([200, "{}"]);
  expect((await send("GET", "/v2/a/tags/list")).headers.get("Docker-Distribution-API-Version")).toBe("registry/2.0");
});

test("a blob in one request", async () => {
  const response = await putBlob("lib/app");
  expect(response.status).toBe(201);
  expect(response.headers.get("Location")).toBe(`/v2/lib/app/blobs/${DIGEST}`);
  const got = await send("GET", `/v2/lib/app/blobs/${DIGEST}`);
  expect(got.headers.get("Docker-Content-Digest")).toBe(DIGEST);
  expect(await got.text()).toBe(CONTENT);
});

test("a blob in chunks, resumed after one that does not fit", async () => {
  const started = await send("POST", "/v2/app/blobs/uploads/");
  expect([started.status, started.headers.get("Range"), started.headers.get("Docker-Upload-UUID")]).toEqual([
    202,
    "0-0",
    "upload-1",
  ]);
  const at = started.headers.get("Location")!;
  const first = await send("PATCH", at, "01234", { "Content-Range": "0-4" });
  expect([first.status, first.headers.get("Range")]).toEqual([202, "0-4"]);

  const wrong = await send("PATCH", at, "89", { "Content-Range": "8-9" });
  expect([wrong.status, wrong.headers.get("Range"), wrong.headers.get("Location")]).toEqual([416, "0-4", at]);
  const status = await send("GET", at);
  expect([status.status, status.headers.get("Range")]).toEqual([204, "0-4"]);

  await send("PATCH", at, "567", { "Content-Range": "5-7" });
  const finished = await send("PUT", `${at}?digest=${DIGEST}`, "89", { "Content-Range": "8-9" });
  expect([finished.status, finished.headers.get("Docker-Content-Digest")]).toEqual([201, DIGEST]);
  expect(await codeOf(await send("GET", at))).toEqual([404, "BLOB_UPLOAD_UNKNOWN"]);
});

test("what arrived before a connection broke stays", async () => {
  const at = (await send("POST", "/v2/app/blobs/uploads/")).headers.get("Location")!;
  let pulls = 0;
  const broken = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (pulls++ === 0) controller.enqueue(utf8.encode("0123"));
      else controller.error(new Error("connection reset"));
    },
  });
  await send("PATCH", at, broken);
  expect((await send("GET", at)).headers.get("Range")).toBe("0-3");
});

test("content that is not what its digest says is refused and forgotten", async () => {
  const at = (await send("POST", "/v2/app/blobs/uploads/")).headers.get("Location")!;
  expect(await codeOf(await send("PUT", `${at}?digest=${DIGEST}`, "other"))).toEqual([400, "DIGEST_INVALID"]);
  expect(await blobs.list()).toEqual([]);
});

test("a chunk whose length is not what its range says is refused", async () => {
  const at = (await send("POST", "/v2/app/blobs/uploads/")).headers.get("Location")!;
  expect(await codeOf(await send("PATCH", at, "01", { "Content-Range": "0-4" }))).toEqual([400, "SIZE_INVALID"]);
});

test("uploads are bounded, and a cancelled one makes room", async () => {
  const at = (await send("POST", "/v2/app/blobs/uploads/")).headers.get("Location")!;
  await send("PATCH", at, "x".repeat(900));
  expect(await codeOf(await putBlob("app", "y".repeat(200)))).toEqual([429, "TOOMANYREQUESTS"]);
  expect((await send("DELETE", at)).status).toBe(204);
  expect((await putBlob("app", "y".repeat(200))).status).toBe(201);
});

test("a blob is mounted from another repository, or an upload begins", async () => {
  await putBlob("one");
  expect((await send("HEAD", `/v2/two/blobs/${DIGEST}`)).status).toBe(404);
  expect((await send("POST", `/v2/two/blobs/uploads/?mount=${DIGEST}&from=one`)).status).toBe(201);
  expect((await send("HEAD", `/v2/two/blobs/${DIGEST}`)).headers.get("Content-Length")).toBe("10");
  expect((await send("POST", `/v2/two/blobs/uploads/?mount=${digestOf("no")}&from=one`)).status).toBe(202);
});

test.each([
  ["bytes=2-4", 206, "234", "bytes 2-4/10"],
  ["bytes=7-", 206, "789", "bytes 7-9/10"],
  ["bytes=-2", 206, "89", "bytes 8-9/10"],
  ["bytes=5-99", 206, "56789", "bytes 5-9/10"],
  ["bytes=0-1,4-5", 200, CONTENT, null],
  ["lines=1-2", 200, CONTENT, null],
])("the range %s of a blob", async (range, status, text, contentRange) => {
  await putBlob("app");
  const response = await send("GET", `/v2/app/blobs/${DIGEST}`, undefined, { Range: range });
  expect([response.status, await response.text(), response.headers.get("Content-Range")]).toEqual([
    status,
    text,
    contentRange,
  ]);
});

test("a range beyond the end says where the end is", async () => {
  await putBlob("app");
  const response = await send("GET", `/v2/app/blobs/${DIGEST}`, undefined, { Range: "bytes=10-" });
  expect([response.status, response.headers.get("Content-Range")]).toEqual([416, "bytes */10"]);
});

test("a manifest by tag and by digest, with its headers", async () => {
  const { response, manifest, digest } = await putImage("app", "1.0");
  expect([response.status, response.headers.get("Location")]).toEqual([201, `/v2/app/manifests/${digest}`]);
  for (const reference of ["1.0", digest]) {
    const got = await send("GET", `/v2/app/manifests/${reference}`);
    expect([got.headers.get("Content-Type"), got.headers.get("Docker-Content-Digest")]).toEqual([OCI_MANIFEST, digest]);
    expect(await got.text()).toBe(manifest);
  }
  const head = await send("HEAD", "/v2/app/manifests/1.0");
  expect([head.status, head.headers.get("Content-Length"), await head.text()]).toEqual([
    200,
    String(manifest.length),
    "",
  ]);
});

test.each<[string, string, string, string | undefined, [number, string]]>([
  ["an unknown manifest", "GET", "/v2/app/manifests/nope", undefined, [404, "MANIFEST_UNKNOWN"]],
  ["an unknown blob", "GET", `/v2/app/blobs/${digestOf("no")}`, undefined, [404, "BLOB_UNKNOWN"]],
  ["a digest that is none", "GET", "/v2/app/blobs/sha256:12", undefined, [400, "DIGEST_INVALID"]],
  ["an unknown repository", "GET", "/v2/nobody/tags/list", undefined, [404, "NAME_UNKNOWN"]],
  ["a repository's name in upper case", "GET", "/v2/App/tags/list", undefined, [400, "NAME_INVALID"]],
  ["a climbing name", "GET", "/v2/%2e%2e/%2e%2e/etc/tags/list", undefined, [404, "UNSUPPORTED"]],
  ["a path that is not encoded correctly", "GET", "/v2/%zz/tags/list", undefined, [400, "NAME_INVALID"]],
  ["a method that is none of the path", "POST", "/v2/app/tags/list", "", [405, "UNSUPPORTED"]],
  ["a manifest that is none", "PUT", "/v2/app/manifests/1", "{}", [400, "MANIFEST_INVALID"]],
  [
    "a manifest without its blobs",
    "PUT",
    "/v2/app/manifests/1",
    JSON.stringify({ schemaVersion: 2, config: { mediaType: "x", digest: digestOf("gone"), size: 4 }, layers: [] }),
    [404, "MANIFEST_BLOB_UNKNOWN"],
  ],
  ["a manifest under another's digest", "PUT", `/v2/app/manifests/${DIGEST}`, "{}", [400, "DIGEST_INVALID"]],
  ["a manifest under a tag that is none", "PUT", "/v2/app/manifests/-x", "{}", [400, "MANIFEST_INVALID"]],
  ["a manifest that is too large", "PUT", "/v2/app/manifests/1", " ".repeat((4 << 20) + 1), [413, "MANIFEST_INVALID"]],
  ["an unknown upload", "PATCH", "/v2/app/blobs/uploads/x", "", [404, "BLOB_UPLOAD_UNKNOWN"]],
  ["a page of a size that is none", "GET", "/v2/_catalog?n=x", undefined, [400, "PAGINATION_NUMBER_INVALID"]],
])("%s is refused with the specification's code", async (_, method, path, body, expected) => {
  expect(await codeOf(await send(method, path, body))).toEqual(expected);
});

test("tags come in order and in pages", async () => {
  for (const tag of ["v2", "latest", "v1", "v10"]) await putImage("app", tag);
  const list = async (path: string) => {
    const response = await send("GET", path);
    return { ...((await response.json()) as { tags: string[] }), link: response.headers.get("Link") };
  };
  expect(await list("/v2/app/tags/list")).toEqual({ name: "app", tags: ["latest", "v1", "v10", "v2"], link: null });
  const page = await list("/v2/app/tags/list?n=2");
  expect(page).toMatchObject({ tags: ["latest", "v1"], link: '</v2/app/tags/list?n=2&last=v1>; rel="next"' });
  expect(await list("/v2/app/tags/list?n=2&last=v1")).toMatchObject({ tags: ["v10", "v2"], link: null });
  expect((await list("/v2/app/tags/list?n=0")).tags).toEqual([]);
});

test("the catalog names the repositories", async () => {
  await putBlob("b/x");
  await putBlob("a");
  expect(await (await send("GET", "/v2/_catalog?n=1")).json()).toEqual({ repositories: ["a"] });
});

test("a deleted tag leaves its manifest, a deleted manifest takes its tags", async () => {
  const { digest } = await putImage("app", "1");
  await putImage("app", "2");
  expect((await send("DELETE", "/v2/app/manifests/1")).status).toBe(202);
  expect((await send("GET", "/v2/app/manifests/1")).status).toBe(404);
  expect((await send("GET", `/v2/app/manifests/${digest}`)).status).toBe(200);
  expect((await send("DELETE", `/v2/app/manifests/${digest}`)).status).toBe(202);
  expect((await send("GET", "/v2/app/manifests/2")).status).toBe(404);
});

test("a blob is deleted from the store with its last repository", async () => {
  await putBlob("one");
  await putBlob("two");
  await send("DELETE", `/v2/one/blobs/${DIGEST}`);
  expect((await send("GET", `/v2/one/blobs/${DIGEST}`)).status).toBe(404);
  expect((await send("GET", `/v2/two/blobs/${DIGEST}`)).status).toBe(200);
  await send("DELETE", `/v2/two/blobs/${DIGEST}`);
  expect(await blobs.has(DIGEST)).toBe(false);
});

test("what refers to an image is listed by it", async () => {
  const { digest } = await putImage("app", "1");
  const subject = { mediaType: OCI_MANIFEST, digest, size: 1 };
  const signature = await putImage("app", "signature", { subject, artifactType: "application/x-signature" });
  expect(signature.response.headers.get("OCI-Subject")).toBe(digest);
  const response = await send("GET", `/v2/app/referrers/${digest}?artifactType=application/x-signature`);
  expect(response.headers.get("Content-Type")).toBe(OCI_INDEX);
  expect(await response.json()).toMatchObject({
    manifests: [{ digest: signature.digest, artifactType: "application/x-signature" }],
  });
  expect(await (await send("GET", `/v2/app/referrers/${digestOf("x")}`)).json()).toMatchObject({ manifests: [] });
});

test("a repository may have the API's words in its name", async () => {
  expect((await putImage("blobs/uploads/manifests/tags", "list")).response.status).toBe(201);
  expect((await send("GET", "/v2/blobs/uploads/manifests/tags/tags/list")).status).toBe(200);
});
