/** Uploads under way: chunks that have arrived and wait for their digest. */
import { chunksOf, type ByteStream } from "../image/bytes";
import { RefusedError } from "./error";

/** Uploads under way at once; the oldest gives way to a new one, since clients forget them. */
export const MAX_UPLOADS = 64;
/** Bytes of all uploads under way together. */
export const MAX_UPLOAD_BYTES = 2 ** 30;

export interface Upload {
  id: string;
  repository: string;
  /** Bytes that have arrived. */
  size: number;
  chunks: Uint8Array[];
  /** Whether a request is adding to it now. */
  isBusy: boolean;
}

export interface Uploads {
  start(repository: string): Upload;
  /** @throws RefusedError BLOB_UPLOAD_UNKNOWN */
  get(repository: string, id: string): Upload;
  /** Adds `body` to what has arrived; what came before a connection broke stays, so that the client can resume. */
  append(upload: Upload, body: ByteStream): Promise<void>;
  remove(upload: Upload): void;
}

export function createUploads(newId: () => string, maxBytes = MAX_UPLOAD_BYTES): Uploads {
  const uploads = new Map<string, Upload>();
  let bytes = 0;
  function remove(upload: Upload): void {
    if (uploads.delete(upload.id)) bytes -= upload.size;
  }
  return {
    remove,
    start(repository) {
      if (uploads.size >= MAX_UPLOADS) remove(uploads.values().next().value!);
      const upload: Upload = { id: newId(), repository, size: 0, chunks: [], isBusy: false };
      uploads.set(upload.id, upload);
      return upload;
    },
    get(repository, id) {
      const upload = uploads.get(id);
      if (upload?.repository !== repository) {
        throw new RefusedError("BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry; start a new one", {
          detail: { id },
        });
      }
      return upload;
    },
    async append(upload, body) {
      if (upload.isBusy) {
        throw new RefusedError("BLOB_UPLOAD_INVALID", "another request is adding to this upload", { status: 409 });
      }
      upload.isBusy = true;
      try {
        for await (const chunk of chunksOf(body)) {
          if (!uploads.has(upload.id)) throw new RefusedError("BLOB_UPLOAD_UNKNOWN", "the upload was cancelled");
          if (bytes + chunk.length > maxBytes) {
            throw new RefusedError(
              "TOOMANYREQUESTS",
              `uploads under way hold ${maxBytes} bytes; finish or cancel some`,
            );
          }
          upload.chunks.push(chunk.slice());
          upload.size += chunk.length;
          bytes += chunk.length;
        }
      } finally {
        upload.isBusy = false;
      }
    },
  };
}
