/** Content by its digest: layers, configs and manifests alike. */
import { chunksOf, asStream, type ByteStream } from "./bytes";
import { createDigester, verify, type Digest, type Expected, type Measured } from "./digest";
import { ImageError } from "./error";

/** What keeps content. Content that has been put never changes; putting it again is no error. */
export interface BlobStore {
  has(digest: Digest): Promise<boolean>;
  /** The content, to be read whole or in slices, more than once. */
  get(digest: Digest): Promise<Blob | undefined>;
  /**
   * Keeps `content` under its digest once it has come to its end and is what was expected.
   * @throws DigestError when it is not; BlobStoreError when there is no room; nothing is kept then.
   */
  put(content: Uint8Array | Blob | ByteStream, expected?: Expected): Promise<Measured>;
  /** Whether there was something to delete. */
  delete(digest: Digest): Promise<boolean>;
  list(): Promise<Measured[]>;
}

export type BlobStoreErrorCode = "store-full" | "blob-missing";

export class BlobStoreError extends ImageError {
  constructor(code: BlobStoreErrorCode, message: string) {
    super(code, message);
  }
}

/** Bytes an in-memory store keeps unless told otherwise. */
export const MAX_STORE_BYTES = 2 ** 30;

export function memoryBlobStore({ maxBytes = MAX_STORE_BYTES } = {}): BlobStore {
  const blobs = new Map<Digest, Blob>();
  const room = createRoom(maxBytes);
  return {
    has: async (digest) => blobs.has(digest),
    get: async (digest) => blobs.get(digest),
    put: (content, expected = {}) =>
      room.gather(content, expected, async ({ digest, size }, blob) => {
        if (blobs.has(digest)) return;
        blobs.set(digest, blob);
        room.kept(size);
      }),
    async delete(digest) {
      const blob = blobs.get(digest);
      if (blob) room.kept(-blob.size);
      return blobs.delete(digest);
    },
    list: async () => [...blobs].map(([digest, { size }]) => ({ digest, size })),
  };
}

/** What a store has room for. */
export interface Room {
  /**
   * Takes content to its end, checks it and has it kept.
   * @throws DigestError when it is not what was expected; BlobStoreError when there is no room
   */
  gather(
    content: Uint8Array | Blob | ByteStream,
    expected: Expected,
    keep: (measured: Measured, blob: Blob) => Promise<void>,
  ): Promise<Measured>;
  /** So many bytes more are kept, or fewer. */
  kept(bytes: number): void;
}

export function createRoom(maxBytes: number): Room {
  let keptBytes = 0;
  /** What is on its way counts: two streams together must not exceed the bound either. */
  let arrivingBytes = 0;
  return {
    kept(bytes) {
      keptBytes += bytes;
    },
    async gather(content, expected, keep) {
      const digester = createDigester();
      const chunks: Uint8Array<ArrayBuffer>[] = [];
      let size = 0;
      try {
        for await (const chunk of chunksOf(asStream(content))) {
          size += chunk.length;
          arrivingBytes += chunk.length;
          if (expected.size !== undefined && size > expected.size) break;
          if (keptBytes + arrivingBytes > maxBytes) throw full(maxBytes);
          digester.update(chunk);
          // Blob copies what it is given, at its end; the chunk may be its producer's buffer until then.
          chunks.push(chunk.slice());
        }
        const measured = { ...digester.measured(), size };
        verify(expected, measured, nameOf(expected));
        await keep(measured, new Blob(chunks));
        return measured;
      } finally {
        arrivingBytes -= size;
      }
    },
  };
}

function full(maxBytes: number): BlobStoreError {
  return new BlobStoreError("store-full", `no space left: the store holds at most ${maxBytes} bytes; remove images`);
}

function nameOf({ digest }: Expected): string {
  return digest === undefined ? "content" : `blob ${digest}`;
}

/** The content of `digest`. @throws BlobStoreError "blob-missing" */
export async function getBlob(store: BlobStore, digest: Digest): Promise<Blob> {
  const blob = await store.get(digest);
  if (!blob)
    throw new BlobStoreError("blob-missing", `blob ${digest} is not in the store; pull or load the image again`);
  return blob;
}
