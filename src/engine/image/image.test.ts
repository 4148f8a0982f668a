import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { readAll, streamOf } from "./bytes";
import { BlobStoreError, memoryBlobStore } from "./blob-store";
import { commitImage, storeImage, storeLayer } from "./commit";
import { digestOf } from "./digest";
import { historyOf } from "./history";
import { openLayer, readImage } from "./image";
import { readLayer } from "./layer";
import { LINUX_386 } from "./platform";
import { storeSampleImage } from "./sample-image";

const utf8 = new TextEncoder();

test("a store gives back what was put, by its digest", async () => {
  const store = memoryBlobStore();
  const { digest, size } = await store.put(streamOf([utf8.encode("gl"), utf8.encode("ass")]));
  expect([digest, size]).toEqual([digestOf("glass"), 5]);
  expect(await (await store.get(digest))!.text()).toBe("glass");
  expect(await store.list()).toEqual([{ digest, size }]);
  expect(await store.delete(digest)).toBe(true);
  expect(await store.has(digest)).toBe(false);
});

test("a store keeps nothing that is not what was expected", async () => {
  const store = memoryBlobStore();
  await expect(store.put(utf8.encode("glass"), { digest: digestOf("stone") })).rejects.toMatchObject({
    code: "digest-mismatch",
  });
  await expect(store.put(utf8.encode("glass"), { size: 4 })).rejects.toMatchObject({ code: "size-mismatch" });
  expect(await store.list()).toEqual([]);
});

test("a full store says so, and has room again after a deletion", async () => {
  const store = memoryBlobStore({ maxBytes: 8 });
  const { digest } = await store.put(utf8.encode("12345"));
  await expect(store.put(utf8.encode("67890"))).rejects.toBeInstanceOf(BlobStoreError);
  await store.delete(digest);
  await store.put(utf8.encode("67890"));
});

test.each(["none", "gzip"] as const)(
  "an image with layers compressed by %s is read, unpacked and told",
  async (compression) => {
    const store = memoryBlobStore();
    const made = await storeSampleImage(store, { compression });
    const image = await readImage(store, made.descriptor.digest);
    expect(image).toEqual(made);
    expect(image.id).toBe(image.manifest.config.digest);
    expect(image.config.config).toEqual({
      Env: ["PATH=/bin"],
      Cmd: ["hello"],
      Labels: { who: "somebody" },
      ExposedPorts: { "80/tcp": {} },
    });
    const seen: string[] = [];
    for (const layer of image.layers) {
      for await (const { type, path } of readLayer(await openLayer(store, layer))) seen.push(`${type} ${path}`);
    }
    expect(seen).toEqual([
      "directory bin",
      "file bin/hello",
      "symlink bin/hi",
      "directory etc",
      "file etc/old",
      "directory etc",
      "whiteout etc/old",
      "file etc/new",
    ]);
    expect(historyOf(image.config).map(({ createdBy, layer }) => [createdBy, layer?.index])).toEqual([
      ['LABEL who="somebody"', undefined],
      ["RUN mv /etc/old /etc/new", 1],
      ["COPY bin /bin", 0],
    ]);
  },
);

test("the DiffID is what sha256sum says of the uncompressed tar, whatever the compression", async () => {
  const store = memoryBlobStore();
  const layers = [];
  for (const compression of ["none", "gzip"] as const) {
    layers.push(await storeLayer(store, [{ path: "a", type: "file", content: utf8.encode("A") }], { compression }));
  }
  expect(layers[0].diffId).toBe(layers[1].diffId);
  const zipped = new Uint8Array(await (await store.get(layers[1].descriptor.digest))!.arrayBuffer());
  const tar = execFileSync("gzip", ["-dc"], { input: zipped });
  expect(layers[1].diffId).toBe(`sha256:${execFileSync("sha256sum", { input: tar, encoding: "utf8" }).split(" ")[0]}`);
  expect(layers[1].uncompressedSize).toBe(tar.length);
});

test("the same changes give the same image", async () => {
  const [a, b] = [await storeSampleImage(memoryBlobStore()), await storeSampleImage(memoryBlobStore())];
  expect(a.descriptor.digest).toBe(b.descriptor.digest);
});

test("a layer whose content is not what the config says errors, though its blob is whole", async () => {
  const store = memoryBlobStore();
  const { descriptor } = await storeLayer(store, [{ path: "a", type: "file" }]);
  const image = await storeImage(store, LINUX_386, [{ descriptor, diffId: digestOf("another layer") }]);
  await expect(readAll(await openLayer(store, image.layers[0]), 1e6)).rejects.toMatchObject({
    code: "digest-mismatch",
    message: expect.stringContaining("uncompressed"),
  });
});

test("an image whose manifest and config disagree about the layers is refused", async () => {
  const store = memoryBlobStore();
  const { manifest } = await storeSampleImage(store);
  const { digest } = await store.put(utf8.encode(JSON.stringify({ ...manifest, layers: manifest.layers.slice(1) })));
  await expect(readImage(store, digest)).rejects.toThrow("its manifest has 1 layers, its config 2");
});

test("indexes within indexes are followed, but not without end", async () => {
  const store = memoryBlobStore();
  const image = await storeSampleImage(store);
  let descriptor = image.descriptor;
  const wrap = async () => {
    const mediaType = "application/vnd.oci.image.index.v1+json";
    const manifests = [{ ...descriptor, platform: { os: "linux", architecture: "386" } }];
    descriptor = {
      mediaType,
      ...(await store.put(utf8.encode(JSON.stringify({ schemaVersion: 2, mediaType, manifests })))),
    };
  };
  await wrap();
  expect((await readImage(store, descriptor.digest)).id).toBe(image.id);
  for (let depth = 0; depth < 5; depth++) await wrap();
  await expect(readImage(store, descriptor.digest)).rejects.toThrow("deep");
});

test("an instruction that changes no file adds a line and no layer", async () => {
  const store = memoryBlobStore();
  const parent = await storeSampleImage(store);
  const child = await commitImage(store, {
    parent,
    created: "2026-01-01T00:00:00Z",
    createdBy: 'CMD ["sh"]',
    config: { Cmd: ["sh"] },
  });
  expect(child.layers).toEqual(parent.layers);
  expect(child.config.config?.Cmd).toEqual(["sh"]);
  expect(child.id).not.toBe(parent.id);
});

test("content that is not there is asked for again, not taken for empty", async () => {
  await expect(readImage(memoryBlobStore(), digestOf("nothing"))).rejects.toMatchObject({ code: "blob-missing" });
});
