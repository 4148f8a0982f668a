import { expect, test } from "vitest";
import { parseConfig } from "./config";
import { digestOf, type Digest } from "./digest";
import { DocumentError } from "./document";
import { historyOf } from "./history";
import { chainIds } from "./identity";
import { parseManifest, type Index } from "./manifest";
import { DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from "./media-type";
import { checkPlatform, PlatformError, selectPlatform } from "./platform";

const bytes = (value: unknown) => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
const D = (text: string) => digestOf(text);
const descriptor = (mediaType = "application/octet-stream") => ({ mediaType, digest: D("x"), size: 1 });

/** The example of image-spec's manifest.md. */
const MANIFEST = {
  schemaVersion: 2,
  mediaType: OCI_MANIFEST,
  config: {
    mediaType: "application/vnd.oci.image.config.v1+json",
    digest: "sha256:b5b2b2c507a0944348e0303114d8d93aaaa081732b86451d9bce1f432a537bc7",
    size: 7023,
  },
  layers: [
    {
      mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
      digest: "sha256:9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0",
      size: 32654,
    },
    {
      mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
      digest: "sha256:3c3a4604a545cdc127456d94e421cd355bca5b528f4a9c1905b15da2eb4a4c6b",
      size: 16724,
    },
  ],
  annotations: { "com.example.key1": "value1" },
};

/** The example of image-spec's image-index.md, and an attestation as BuildKit adds it. */
const INDEX = {
  schemaVersion: 2,
  mediaType: OCI_INDEX,
  manifests: [
    { ...descriptor(OCI_MANIFEST), platform: { architecture: "ppc64le", os: "linux" } },
    { ...descriptor(OCI_MANIFEST), platform: { architecture: "arm64", os: "linux", variant: "v8" } },
    { ...descriptor(OCI_MANIFEST), platform: { architecture: "unknown", os: "unknown" } },
  ],
};

test("the specification's manifest is read", () => {
  expect(parseManifest(bytes(MANIFEST))).toEqual({ kind: "manifest", manifest: MANIFEST });
});

test("the type may be said by the registry alone", () => {
  const unsaid = { ...MANIFEST, mediaType: undefined };
  expect(parseManifest(bytes(unsaid), `${DOCKER_MANIFEST}; charset=utf-8`)).toMatchObject({
    manifest: { mediaType: DOCKER_MANIFEST },
  });
  expect(parseManifest(bytes(unsaid), "application/octet-stream")).toMatchObject({
    manifest: { mediaType: OCI_MANIFEST },
  });
});

test.each<[string, unknown, string | undefined, string]>([
  ["is no JSON", "{", undefined, "no JSON"],
  ["is no object", [], undefined, "no object"],
  ["is of schema 1", { schemaVersion: 1, fsLayers: [] }, undefined, "schema 1"],
  ["is two things at once", { ...MANIFEST, manifests: [] }, undefined, "at once"],
  ["says another type than its registry", MANIFEST, DOCKER_LIST, "its registry"],
  ["says another type than it looks", { ...MANIFEST, mediaType: OCI_INDEX }, undefined, "looks like"],
  [
    "has a bad digest",
    { ...MANIFEST, config: { ...MANIFEST.config, digest: "sha256:xyz" } },
    undefined,
    "config.digest: no sha256 digest",
  ],
  ["has a negative size", { ...MANIFEST, config: { ...MANIFEST.config, size: -1 } }, undefined, "config.size"],
  ["has too many layers", { ...MANIFEST, layers: Array(126).fill(descriptor()) }, undefined, "max depth exceeded"],
  ["is too large", " ".repeat(5 << 20), undefined, "larger than"],
])("a manifest that %s is refused", (_, value, type, message) => {
  expect(() => parseManifest(bytes(value), type)).toThrow(DocumentError);
  expect(() => parseManifest(bytes(value), type)).toThrow(message);
});

const index = (value: unknown) => (parseManifest(bytes(value)) as { index: Index }).index;

test("the platform's manifest is chosen", () => {
  const ours = { mediaType: OCI_MANIFEST, digest: D("ours"), size: 2, platform: { architecture: "386", os: "linux" } };
  expect(selectPlatform(index({ ...INDEX, manifests: [...INDEX.manifests, ours] })).digest).toBe(D("ours"));
});

test("without it, the error says in Docker's words what there is", () => {
  expect(() => selectPlatform(index(INDEX))).toThrow(PlatformError);
  expect(() => selectPlatform(index(INDEX))).toThrow(
    "no matching manifest for linux/386 in the manifest list entries: this image has linux/ppc64le, linux/arm64/v8",
  );
});

test("a config of another platform is refused", () => {
  expect(() => checkPlatform({ os: "linux", architecture: "amd64" })).toThrow(
    "the image's platform (linux/amd64) does not match",
  );
});

test("a config is read with what it may leave out, and keeps what is not known", () => {
  const config = {
    architecture: "386",
    os: "linux",
    config: { Cmd: null, Volumes: null, Env: ["A=1"], Later: 1 },
    rootfs: { type: "layers", diff_ids: null },
    "os.version": "1",
  };
  expect(parseConfig(bytes(config))).toMatchObject({
    "os.version": "1",
    config: { Env: ["A=1"], Later: 1 },
    rootfs: { diff_ids: [] },
  });
  expect(() => parseConfig(bytes({ ...config, rootfs: { type: "layers", diff_ids: ["x"] } }))).toThrow(
    "rootfs.diff_ids.0: no sha256 digest",
  );
  expect(() => parseConfig(bytes({ ...config, config: { Env: "A=1" } }))).toThrow("config.Env");
});

test("a chain id names a layer with all below it", () => {
  const [a, b, c] = [D("a"), D("b"), D("c")];
  expect(chainIds([a, b, c])).toEqual([a, D(`${a} ${b}`), D(`${D(`${a} ${b}`)} ${c}`)]);
  expect(chainIds([])).toEqual([]);
});

test("history gives each layer its instruction, newest first", () => {
  const diff_ids: Digest[] = [D("a"), D("b"), D("c")];
  const lines = historyOf({
    architecture: "386",
    os: "linux",
    rootfs: { type: "layers", diff_ids },
    history: [{ created_by: "COPY" }, { created_by: "ENV", empty_layer: true }, { created_by: "RUN" }],
  });
  expect(lines.map(({ createdBy, layer }) => [createdBy, layer?.diffId])).toEqual([
    ["", D("c")],
    ["RUN", D("b")],
    ["ENV", undefined],
    ["COPY", D("a")],
  ]);
});
