import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { folderRegistryStore } from "../../node/folder-store";
import { memoryBlobStore } from "../image/blob-store";
import { digestOf } from "../image/digest";
import { storeSampleImage } from "../image/sample-image";
import { localRegistry } from "./local";
import { pullImage } from "./pull";
import { pushImage, type PushProgress } from "./push";
import { registryServer } from "./server";
import { readStaticRegistry, staticRegistry } from "./static";
import { memoryKeyValueStore, registryStore, type RegistryStore } from "./store";
import { layeredRegistryStore } from "./store-layers";
import type { Transfer } from "./transfer";

const folder = mkdtempSync(join(tmpdir(), "registry-"));
afterAll(() => rmSync(folder, { recursive: true }));

let folders = 0;
/** A store, and the same one as a later session finds it. */
const KINDS: [string, (options?: { maxBytes?: number }) => () => RegistryStore][] = [
  [
    "memory",
    (options) => {
      const blobs = memoryKeyValueStore<Blob>();
      const repositories = memoryKeyValueStore<string>();
      return () => registryStore(blobs, repositories, options);
    },
  ],
  [
    "a folder",
    (options) => {
      const own = join(folder, String(++folders));
      return () => folderRegistryStore(own, options);
    },
  ],
];

describe.each(KINDS)("a registry in %s", (_, kind) => {
  test("has what was pushed also in the next session", async () => {
    const open = kind();
    const source = memoryBlobStore();
    const image = await storeSampleImage(source);
    await pushImage({
      client: localRegistry(registryServer(open())),
      store: source,
      image,
      repository: "me/deep/app",
      reference: "1",
    });
    const client = localRegistry(registryServer(open()));
    expect(await client.tags("me/deep/app")).toEqual(["1"]);
    const pulled = await pullImage({ client, store: memoryBlobStore(), repository: "me/deep/app", reference: "1" });
    expect(pulled.image).toEqual(image);
  });

  test("keeps nothing that is not what its digest says, and no more than it may", async () => {
    const open = kind({ maxBytes: 10 });
    const { blobs } = open();
    await expect(blobs.put(new Uint8Array(3), { digest: digestOf("x") })).rejects.toMatchObject({
      code: "digest-mismatch",
    });
    expect(await blobs.list()).toEqual([]);
    const { digest } = await blobs.put(new Uint8Array(6));
    // What an earlier session kept counts.
    await expect(open().blobs.put(new Uint8Array(5))).rejects.toMatchObject({ code: "store-full" });
    expect(await blobs.delete(digest)).toBe(true);
    expect(await blobs.delete(digest)).toBe(false);
    expect((await blobs.put(new Uint8Array(5))).size).toBe(5);
  });

  test("changes a repository one change at a time, and forgets it with its last entry", async () => {
    const { repositories } = kind()();
    const digests = Array.from({ length: 20 }, (_, index) => digestOf(String(index)));
    await Promise.all(digests.map((digest) => repositories.update("a", ({ blobs }) => blobs.add(digest))));
    expect((await repositories.get("a"))?.blobs).toEqual(new Set(digests));
    await expect(
      repositories.update("a", ({ blobs }) => {
        blobs.clear();
        throw new Error("changed my mind");
      }),
    ).rejects.toThrow("changed my mind");
    expect((await repositories.get("a"))?.blobs.size).toBe(20);
    expect(await repositories.update("a", ({ blobs }) => (blobs.clear(), "done"))).toBe("done");
    expect(await repositories.names()).toEqual([]);
  });
});

test("a repository's damaged file is named, and no other suffers", async () => {
  const own = join(folder, "damaged");
  const { repositories } = folderRegistryStore(own);
  await repositories.update("good", ({ blobs }) => blobs.add(digestOf("x")));
  await repositories.update("bad", ({ blobs }) => blobs.add(digestOf("x")));
  expect(readdirSync(join(own, "repositories")).toSorted()).toEqual(["bad", "good"]);
  writeFileSync(join(own, "repositories/bad/_repository.json"), '{"blobs":["sha256:no"]}');
  await expect(repositories.get("bad")).rejects.toThrow(/the repository bad.*push again/);
  expect((await repositories.get("good"))?.blobs.size).toBe(1);
});

test("above a library, what it has is pulled and mounted, and cannot be changed", async () => {
  const source = memoryBlobStore();
  const image = await storeSampleImage(source, { compression: "gzip" });
  const files = new Map(
    await Promise.all(
      (await staticRegistry(source, [{ image, names: ["docker.io/library/sample:1"] }])).map(
        async ({ path, content }) => [path, new Uint8Array(await content.arrayBuffer())] as const,
      ),
    ),
  );
  const lower = await readStaticRegistry(async (path) => files.get(path));
  const upper = registryStore(memoryKeyValueStore<Blob>(), memoryKeyValueStore<string>());
  const client = localRegistry(registryServer(layeredRegistryStore(upper, lower)));
  const pulled = await pullImage({
    client,
    store: memoryBlobStore(),
    repository: "library/sample",
    reference: "1",
  });
  expect(pulled.image).toEqual(image);

  const progress: PushProgress[] = [];
  await pushImage({
    client,
    store: source,
    image,
    repository: "me/copy",
    reference: "1",
    mountFrom: () => ["library/sample"],
    onProgress: (event) => progress.push(event),
  });
  expect(progress.map(({ kind }) => kind)).toEqual(progress.map(() => "mounted"));
  // The manifest alone is new.
  expect((await upper.blobs.list()).map(({ digest }) => digest)).toEqual([image.descriptor.digest]);
  await expect(
    pushImage({ client, store: source, image, repository: "library/sample", reference: "2" }),
  ).rejects.toMatchObject({ status: 403 });

  files.delete(`v2/library/sample/blobs/${image.id}`);
  await expect(readStaticRegistry(async (path) => files.get(path))).rejects.toThrow(/incomplete.*blobs/);
});

test("what moves is told: stored, mounted, there already, sent", async () => {
  const told: Transfer[] = [];
  const store = registryStore(memoryKeyValueStore<Blob>(), memoryKeyValueStore<string>());
  const handler = registryServer({
    ...store,
    onTransfer(transfer) {
      told.push(transfer);
      throw new Error("a view that fails is in nobody's way");
    },
  });
  const client = localRegistry(handler);
  const source = memoryBlobStore();
  const image = await storeSampleImage(source);
  const push = (repository: string, from: string[] = []) =>
    pushImage({ client, store: source, image, repository, reference: "1", mountFrom: () => from });
  const outcomes = () =>
    new Set(told.splice(0).map(({ what, direction, outcome }) => `${direction} ${what} ${outcome}`));

  await push("a");
  const layer = image.layers[0].descriptor;
  expect(told).toContainEqual({
    what: "blob",
    direction: "push",
    repository: "a",
    digest: layer.digest,
    sizeBytes: layer.size,
    outcome: "stored",
  });
  expect(told.at(-1)).toMatchObject({ what: "manifest", tag: "1", digest: image.descriptor.digest });
  expect(outcomes()).toEqual(new Set(["push blob stored", "push manifest stored"]));
  await push("a");
  expect(outcomes()).toEqual(new Set(["push blob exists", "push manifest stored"]));
  await push("b", ["a"]);
  expect(told).toContainEqual(expect.objectContaining({ outcome: "mounted", from: "a", sizeBytes: layer.size }));
  expect(outcomes()).toEqual(new Set(["push blob mounted", "push manifest stored"]));
  await pullImage({ client, store: memoryBlobStore(), repository: "b", reference: "1" });
  expect(outcomes()).toEqual(new Set(["pull blob sent", "pull manifest sent"]));
});
