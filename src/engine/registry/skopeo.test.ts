/** skopeo against our registry over HTTP. It is the witness: where it is missing, these tests are skipped. */
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serveRequests, type RequestServer } from "../../node/serve-requests";
import { writeArchive } from "../image/archive";
import { memoryBlobStore } from "../image/blob-store";
import { readAll } from "../image/bytes";
import { openLayer } from "../image/image";
import { storeSampleImage } from "../image/sample-image";
import { registryClient } from "./client";
import { pullImage } from "./pull";
import { pushImage } from "./push";
import { memoryRepositoryStore } from "./repository";
import { registryServer } from "./server";

const skopeoMissing = Boolean(spawnSync("skopeo", ["--version"]).error);
const folder = mkdtempSync(join(tmpdir(), "skopeo-"));
const MAX = 1 << 26;

let server: RequestServer;
beforeAll(async () => {
  server = await serveRequests(registryServer({ blobs: memoryBlobStore(), repositories: memoryRepositoryStore() }));
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function skopeo(...args: string[]): Promise<string> {
  const options = ["--insecure-policy", "--override-arch", "386", "--override-os", "linux"];
  return (await promisify(execFile)("skopeo", [...options, ...args], { cwd: folder })).stdout;
}
const ours = () => registryClient({ baseUrl: `http://${server.host}`, fetch });
const plain = ["--src-tls-verify=false", "--dest-tls-verify=false"];

test.skipIf(skopeoMissing).each(["none", "gzip"] as const)(
  "skopeo pushes, inspects, copies and pulls (%s)",
  async (compression) => {
    const store = memoryBlobStore();
    const image = await storeSampleImage(store, { compression });
    const file = `sample-${compression}.tar`;
    writeFileSync(
      join(folder, file),
      await readAll(writeArchive(store, [{ image, names: ["docker.io/library/sample:1"] }]), MAX),
    );
    const at = (name: string) => `docker://${server.host}/${name}`;

    await skopeo("copy", ...plain, `oci-archive:${file}`, at(`theirs/${compression}:1`));
    const pulled = await pullImage({
      client: ours(),
      store: memoryBlobStore(),
      repository: `theirs/${compression}`,
      reference: "1",
    });
    expect(pulled.image.id).toBe(image.id);
    expect(pulled.image.config).toEqual(image.config);

    await skopeo("copy", ...plain, at(`theirs/${compression}:1`), at(`copies/${compression}:2`));
    const inspected = JSON.parse(
      await skopeo("inspect", "--tls-verify=false", at(`copies/${compression}:2`)),
    ) as object;
    expect(inspected).toMatchObject({
      RepoTags: ["2"],
      Architecture: "386",
      Os: "linux",
      Labels: { who: "somebody" },
      Digest: pulled.digest,
    });
    await skopeo("copy", ...plain, at(`copies/${compression}:2`), `oci:layout-${compression}:x`);
  },
);

test.skipIf(skopeoMissing)("skopeo pulls what our client pushed, and pushes schema 2 back", async () => {
  const store = memoryBlobStore();
  const image = await storeSampleImage(store, { compression: "gzip" });
  await pushImage({ client: ours(), store, image, repository: "ours/app", reference: "1" });
  await skopeo(
    "copy",
    ...plain,
    "--format",
    "v2s2",
    `docker://${server.host}/ours/app:1`,
    `docker://${server.host}/ours/app:docker`,
  );
  const docker = memoryBlobStore();
  const { image: converted } = await pullImage({
    client: ours(),
    store: docker,
    repository: "ours/app",
    reference: "docker",
  });
  expect(converted.manifest.mediaType).toBe("application/vnd.docker.distribution.manifest.v2+json");
  expect(converted.config.rootfs).toEqual(image.config.rootfs);
  for (const layer of converted.layers) await readAll(await openLayer(docker, layer), MAX);
});

test.skipIf(skopeoMissing)("skopeo lists tags and deletes an image", async () => {
  const store = memoryBlobStore();
  const image = await storeSampleImage(store);
  for (const reference of ["a", "b"])
    await pushImage({ client: ours(), store, image, repository: "ours/gone", reference });
  const listed = JSON.parse(await skopeo("list-tags", "--tls-verify=false", `docker://${server.host}/ours/gone`)) as {
    Tags: string[];
  };
  expect(listed.Tags).toEqual(["a", "b"]);
  await skopeo("delete", "--tls-verify=false", `docker://${server.host}/ours/gone:a`);
  await expect(
    pullImage({ client: ours(), store: memoryBlobStore(), repository: "ours/gone", reference: "a" }),
  ).rejects.toMatchObject({ code: "not-found" });
});

test("our client and server over a real connection, with a large layer", async () => {
  const store = memoryBlobStore();
  const image = await storeSampleImage(store);
  const large = new Blob([new Uint8Array(9_000_000).fill(7)]);
  const { digest, size } = await store.put(large);
  await ours().putBlob("ours/large", digest, large);
  expect((await readAll(ours().blob("ours/large", { digest, size }), MAX)).length).toBe(size);
  await pushImage({ client: ours(), store, image, repository: "ours/large", reference: "1" });
  const pulled = await pullImage({
    client: ours(),
    store: memoryBlobStore(),
    repository: "ours/large",
    reference: "1",
  });
  expect(pulled.image).toEqual(image);
});
