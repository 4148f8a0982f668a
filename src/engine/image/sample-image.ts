/** A small image for tests: two layers, a whiteout, a config with something in it. */
import type { BlobStore } from "./blob-store";
import { commitImage, storeLayer, type StoreLayerOptions } from "./commit";
import type { Image } from "./image";

const utf8 = new TextEncoder();
const CREATED = "2026-01-02T03:04:05Z";

export async function storeSampleImage(store: BlobStore, options: StoreLayerOptions = {}): Promise<Image> {
  const base = await storeLayer(
    store,
    [
      { path: "bin", type: "directory" },
      { path: "bin/hello", type: "file", mode: 0o755, content: utf8.encode("#!/bin/sh\necho hello\n".repeat(100)) },
      { path: "bin/hi", type: "symlink", linkname: "hello" },
      { path: "etc", type: "directory" },
      { path: "etc/old", type: "file", content: utf8.encode("old\n") },
    ],
    options,
  );
  const parent = await commitImage(store, {
    layer: base,
    created: CREATED,
    createdBy: "COPY bin /bin",
    config: { Env: ["PATH=/bin"], Cmd: ["hello"] },
  });
  const top = await storeLayer(
    store,
    [
      { path: "etc", type: "directory" },
      { path: "etc/old", type: "whiteout" },
      { path: "etc/new", type: "file", uid: 1000, gid: 1000, content: utf8.encode("new\n") },
    ],
    options,
  );
  const upper = await commitImage(store, {
    parent,
    layer: top,
    created: CREATED,
    createdBy: "RUN mv /etc/old /etc/new",
  });
  return commitImage(store, {
    parent: upper,
    created: CREATED,
    createdBy: 'LABEL who="somebody"',
    config: { Labels: { who: "somebody" }, ExposedPorts: { "80/tcp": {} } },
  });
}
