/** Blobs of images in the tab, and in the browser's storage for the next visit. */
import { createStore, get, keys, set } from "idb-keyval";
import { memoryBlobStore, type BlobStore } from "../engine/image/blob-store";
import { isDigest } from "../engine/image/digest";

/** A saved machine needs the blobs of its images again; what exceeds this much is not there for it. */
const MAX_KEPT_BYTES = 256 * 2 ** 20;

/**
 * Content never changes, so what was stored once is as good later. Without storage, or without room, blobs last as long as
 * the tab. What is deleted stays stored, since an earlier state of the machine may still have it.
 */
export function keptBlobs(): BlobStore {
  const memory = memoryBlobStore();
  let storage: ReturnType<typeof createStore> | undefined;
  try {
    storage = createStore("glassbox-blobs", "blobs");
  } catch {
    // Denied: memory it is.
  }
  let keptBytes = 0;
  const load = async (digest: string) => {
    if (!storage) return undefined;
    const blob = await get<Blob>(digest, storage).catch(() => undefined);
    return blob instanceof Blob ? blob : undefined;
  };
  const found = async (digest: Parameters<BlobStore["get"]>[0]) => {
    const held = await memory.get(digest);
    if (held) return held;
    const blob = await load(digest);
    if (!blob) return undefined;
    // Verified as it is taken over: what a browser stored for weeks is hostile until shown otherwise.
    await memory.put(blob, { digest }).catch(() => {});
    return memory.get(digest);
  };
  return {
    has: async (digest) => (await found(digest)) !== undefined,
    get: found,
    async put(content, expected) {
      const measured = await memory.put(content, expected);
      keptBytes += measured.size;
      const blob = await memory.get(measured.digest);
      if (storage && blob && keptBytes <= MAX_KEPT_BYTES) void set(measured.digest, blob, storage).catch(() => {});
      return measured;
    },
    delete: (digest) => memory.delete(digest),
    async list() {
      const stored = storage ? await keys(storage).catch(() => []) : [];
      for (const key of stored) if (isDigest(String(key))) await found(String(key) as never);
      return memory.list();
    },
  };
}
