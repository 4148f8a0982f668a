/** Fetches lessons from elsewhere: from files that were dropped or chosen, or from an address somebody gave. */
import { MAX_PACK_BYTES, type PackedFile } from "../lesson/pack";

/** The files, or why they cannot be read. Nothing is read of what is too large. */
export async function packOfFiles(files: File[]): Promise<PackedFile[] | string> {
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (size > MAX_PACK_BYTES) return `It is larger than ${MAX_PACK_BYTES / 1024 ** 2} MiB, so it is no lesson.`;
  return Promise.all(
    files.map(async (file) => ({
      name: file.webkitRelativePath || file.name,
      bytes: new Uint8Array(await file.arrayBuffer()),
    })),
  );
}

/** What is at the address, without cookies and without saying where the visitor comes from. */
export async function packOfAddress(address: string): Promise<PackedFile[] | string> {
  let url: URL;
  try {
    url = new URL(address, location.href);
  } catch {
    return `“${address}” is no address.`;
  }
  if (!/^https?:$/.test(url.protocol)) return "An address of a lesson begins with https: or http:.";
  try {
    const response = await fetch(url, { credentials: "omit", referrerPolicy: "no-referrer" });
    if (!response.ok) return `${url.host} answered with ${response.status}.`;
    const bytes = await bounded(response);
    if (!bytes) return `It is larger than ${MAX_PACK_BYTES / 1024 ** 2} MiB, so it is no lesson.`;
    return [{ name: url.pathname.split("/").at(-1) || "lesson.zip", bytes }];
  } catch {
    return `${url.host} could not be reached, or does not let other sites read the file. Download it, and drop it here.`;
  }
}

/** The body, up to the bound; undefined beyond it. */
async function bounded(response: Response): Promise<Uint8Array | undefined> {
  const reader = response.body!.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    size += read.value.length;
    if (size > MAX_PACK_BYTES) {
      void reader.cancel();
      return undefined;
    }
    chunks.push(read.value);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
