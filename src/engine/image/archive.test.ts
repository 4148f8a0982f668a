import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ArchiveError, readArchive, writeArchive } from "./archive";
import { readAll, streamOf } from "./bytes";
import { memoryBlobStore } from "./blob-store";
import { gzip } from "./compression";
import { digestOf, hexOf } from "./digest";
import { openLayer } from "./image";
import { OCI_INDEX } from "./media-type";
import { storeSampleImage } from "./sample-image";
import type { TarInput } from "./tar/entry";
import { readTar } from "./tar/reader";
import { writeTar } from "./tar/writer";

const folder = mkdtempSync(join(tmpdir(), "archive-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const MAX = 1 << 26;
const NAME = "docker.io/library/sample:1";
const utf8 = new TextEncoder();

async function sample(compression: "none" | "gzip" = "none") {
  const store = memoryBlobStore();
  const image = await storeSampleImage(store, { compression });
  return { store, image, archive: await readAll(writeArchive(store, [{ image, names: [NAME] }]), MAX) };
}

/** The files of an archive, to be changed and packed again. */
async function filesOf(archive: Uint8Array): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for await (const { path, content } of readTar(streamOf([archive])))
    if (content) files.set(path, await readAll(content, MAX));
  return files;
}
const pack = (files: ReadonlyMap<string, Uint8Array>, more: TarInput[] = []) =>
  writeTar([...[...files].map(([path, content]): TarInput => ({ path, type: "file", content })), ...more]);

test("what is saved is loaded: the same image, its names, and nothing else", async () => {
  const { image, archive } = await sample();
  const store = memoryBlobStore();
  expect(await readArchive(store, streamOf([archive]))).toEqual([{ image, names: [NAME] }]);
  for (const layer of image.layers) await readAll(await openLayer(store, layer), MAX);
  expect(await store.list()).toHaveLength(4);
});

test("an archive may be compressed as a whole", async () => {
  const { image, archive } = await sample();
  const [loaded] = await readArchive(memoryBlobStore(), gzip(streamOf([archive])));
  expect(loaded.image).toEqual(image);
});

test("the same images give the same archive", async () => {
  expect(Buffer.compare((await sample()).archive, (await sample()).archive)).toBe(0);
});

test("an OCI layout without Docker's list is read", async () => {
  const { image, archive } = await sample();
  const files = await filesOf(archive);
  files.delete("manifest.json");
  expect(await readArchive(memoryBlobStore(), pack(files))).toEqual([{ image, names: [NAME] }]);
});

test("an archive from before Docker 25 is read, with a layer that is a link to another", async () => {
  const { store, image } = await sample();
  const [lower, upper] = image.layers.map(({ descriptor }) => descriptor.digest);
  const content = async (digest: typeof lower) => new Uint8Array(await (await store.get(digest))!.arrayBuffer());
  const files = new Map([
    ["aaa/layer.tar", await content(lower)],
    ["aaa/VERSION", utf8.encode("1.0")],
    [`${hexOf(image.id)}.json`, await content(image.id)],
    ["ccc/layer.tar", await content(upper)],
    [
      "manifest.json",
      utf8.encode(
        JSON.stringify([
          { Config: `${hexOf(image.id)}.json`, RepoTags: ["sample:1"], Layers: ["bbb/layer.tar", "ccc/layer.tar"] },
        ]),
      ),
    ],
  ]);
  const loaded = await readArchive(
    memoryBlobStore(),
    pack(files, [{ path: "bbb/layer.tar", type: "symlink", linkname: "../aaa/layer.tar" }]),
  );
  expect(loaded).toMatchObject([{ image: { id: image.id, layers: image.layers }, names: [NAME] }]);
});

async function failing(change: (files: Map<string, Uint8Array>) => void, more: TarInput[] = []) {
  const files = await filesOf((await sample()).archive);
  change(files);
  const store = memoryBlobStore();
  const error = await readArchive(store, pack(files, more)).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(Error);
  expect(await store.list(), "nothing is kept").toEqual([]);
  return error as ArchiveError;
}
const layerFile = (files: Map<string, Uint8Array>) =>
  [...files.keys()].find((path) => path.startsWith("blobs/") && files.get(path)!.length > 1500)!;

test("a damaged archive keeps nothing and says what is wrong", async () => {
  expect(await failing((files) => files.delete(layerFile(files)))).toMatchObject({ code: "archive-incomplete" });
  expect(await failing((files) => (files.get(layerFile(files))![600] ^= 1))).toMatchObject({ code: "digest-mismatch" });
  expect(await failing((files) => files.set("manifest.json", utf8.encode("[{")))).toMatchObject({
    code: "invalid-document",
  });
  expect(await failing((files) => files.set("manifest.json", utf8.encode('[{"Config": 1}]')))).toMatchObject({
    message: expect.stringContaining("0.Config"),
  });
  expect(await failing((files) => files.clear())).toMatchObject({
    code: "no-archive",
    message: expect.stringContaining("empty"),
  });
  const exported = await failing((files) => (files.clear(), files.set("etc/passwd", utf8.encode("root"))));
  expect(exported.message).toContain("docker export");
});

test("links that lead nowhere or in a circle are missing layers", async () => {
  const circle: TarInput[] = [
    { path: "x/layer.tar", type: "symlink", linkname: "../y/layer.tar" },
    { path: "y/layer.tar", type: "symlink", linkname: "../x/layer.tar" },
  ];
  const error = await failing((files) => {
    const [{ Config }] = JSON.parse(new TextDecoder().decode(files.get("manifest.json"))) as [{ Config: string }];
    files.delete("index.json");
    files.set("manifest.json", utf8.encode(JSON.stringify([{ Config, Layers: ["x/layer.tar"] }])));
  }, circle);
  expect(error).toMatchObject({ code: "archive-incomplete", message: expect.stringContaining("x/layer.tar") });
});

test("an archive that is cut off keeps nothing", async () => {
  const { archive } = await sample();
  const store = memoryBlobStore();
  await expect(readArchive(store, streamOf([archive.subarray(0, archive.length >> 1)]))).rejects.toMatchObject({
    code: "truncated",
  });
  expect(await store.list()).toEqual([]);
});

test("an image of another platform is refused by name of what there is", async () => {
  const error = await failing((files) => {
    files.delete("manifest.json");
    const manifest = utf8.encode("{}");
    files.set(`blobs/sha256/${hexOf(digestOf(manifest))}`, manifest);
    const entry = { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: digestOf(manifest), size: 2 };
    const index = utf8.encode(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: OCI_INDEX,
        manifests: [
          { ...entry, platform: { os: "linux", architecture: "amd64" } },
          { ...entry, platform: { os: "linux", architecture: "arm64" } },
        ],
      }),
    );
    files.set(`blobs/sha256/${hexOf(digestOf(index))}`, index);
    files.set(
      "index.json",
      utf8.encode(
        JSON.stringify({
          schemaVersion: 2,
          manifests: [{ mediaType: OCI_INDEX, digest: digestOf(index), size: index.length }],
        }),
      ),
    );
  });
  expect(error).toMatchObject({ code: "no-platform", message: expect.stringContaining("linux/amd64, linux/arm64") });
});

const skopeoMissing = Boolean(spawnSync("skopeo", ["--version"]).error);
const umociMissing = Boolean(spawnSync("umoci", ["--version"]).error);
const skopeo = (...args: string[]) =>
  execFileSync("skopeo", ["--insecure-policy", "--override-arch", "386", ...args], {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });

// Skipped where skopeo is missing: it is the witness.
test.skipIf(skopeoMissing).each(["none", "gzip"] as const)(
  "skopeo reads our archive both ways (%s)",
  async (compression) => {
    const { image, archive } = await sample(compression);
    const file = `ours-${compression}.tar`;
    writeFileSync(join(folder, file), archive);
    const inspected = JSON.parse(skopeo("inspect", "--config", `docker-archive:${file}:sample:1`)) as unknown;
    expect(inspected).toMatchObject({ architecture: "386", rootfs: image.config.rootfs, config: { Cmd: ["hello"] } });
    skopeo("copy", `docker-archive:${file}:sample:1`, `dir:docker-${compression}`);
    skopeo("copy", `oci-archive:${file}`, `oci:layout-${compression}:sample`);
    const index = JSON.parse(readFileSync(join(folder, `layout-${compression}/index.json`), "utf8")) as {
      manifests: { digest: string }[];
    };
    // skopeo compresses a layer that is not, which makes another manifest.
    if (compression === "gzip") expect(index.manifests[0].digest).toBe(image.descriptor.digest);
  },
);

test.skipIf(skopeoMissing)("we read what skopeo writes, as Docker's archive and as OCI's", async () => {
  const { image, archive } = await sample();
  writeFileSync(join(folder, "source.tar"), archive);
  skopeo("copy", "docker-archive:source.tar:sample:1", "docker-archive:theirs.tar:sample:1");
  skopeo("copy", "docker-archive:source.tar:sample:1", "oci-archive:theirs-oci.tar:latest");
  for (const file of ["theirs.tar", "theirs-oci.tar"]) {
    const store = memoryBlobStore();
    const [loaded] = await readArchive(store, streamOf([readFileSync(join(folder, file))]));
    expect(loaded.image.config.rootfs).toEqual(image.config.rootfs);
    for (const layer of loaded.image.layers) await readAll(await openLayer(store, layer), MAX);
  }
});

test.skipIf(skopeoMissing || umociMissing)("umoci unpacks our layers as they were meant", async () => {
  const { archive } = await sample("gzip");
  writeFileSync(join(folder, "umoci.tar"), archive);
  skopeo("copy", "oci-archive:umoci.tar", "oci:unpack:sample");
  const asRoot = process.getuid?.() === 0 ? [] : ["--rootless"];
  execFileSync("umoci", ["unpack", ...asRoot, "--image", "unpack:sample", "bundle"], { cwd: folder, stdio: "pipe" });
  const root = join(folder, "bundle/rootfs");
  expect(existsSync(join(root, "etc/old"))).toBe(false);
  expect(readFileSync(join(root, "etc/new"), "utf8")).toBe("new\n");
  expect(statSync(join(root, "bin/hello")).mode & 0o777).toBe(0o755);
});
