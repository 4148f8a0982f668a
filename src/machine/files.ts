/** Brings the machine's files, checks each against the manifest, and counts bytes as they arrive. */
import { sha256 as sha256InJavaScript } from "@noble/hashes/sha2.js";
import type { MachineFile, Manifest, SnapshotFile } from "../protocol/manifest";
import { machineError } from "./failure";

/** Hears how many more bytes arrived. */
export type OnBytes = (sizeBytes: number) => void;

/** Where files come from: the site's folder, or a directory on disk. */
export interface Source {
  manifest(): Promise<Manifest>;
  /** The bytes of a file as stored. */
  read(file: MachineFile, onbytes: OnBytes, fresh: boolean): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * A file, whole and right. A copy that does not match is fetched once more past the cache.
 * @throws MachineError file-missing, file-damaged
 */
export async function fetchFile(
  source: Source,
  file: MachineFile,
  onbytes: OnBytes = () => {},
): Promise<Uint8Array<ArrayBuffer>> {
  let found = "";
  for (const fresh of [false, true]) {
    const bytes = await source.read(file, fresh ? () => {} : onbytes, fresh);
    if (bytes.length === file.sizeBytes) {
      const sum = await sha256(bytes);
      if (sum === file.sha256) return bytes;
      found = `its SHA-256 is ${sum.slice(0, 12)}…, expected ${file.sha256.slice(0, 12)}…`;
    } else found = `it has ${bytes.length} bytes, expected ${file.sizeBytes}`;
  }
  throw machineError("file-damaged", `The machine file ${file.path} arrived damaged: ${found}.`);
}

/** Reads a file and undoes its compression. */
export async function fetchUnpacked(
  source: Source,
  file: MachineFile,
  onbytes?: OnBytes,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await fetchFile(source, file, onbytes);
  if (file.encoding !== "zstd") return bytes;
  const { decompress } = await import("fzstd");
  // In a buffer of its own: v86 takes buffers, and the decoder's may be longer than its content.
  return decompress(bytes).slice() as Uint8Array<ArrayBuffer>;
}

/** True when `kept` is the state in that snapshot, whole. */
export async function isUnpacked(kept: Uint8Array<ArrayBuffer>, { unpacked }: SnapshotFile): Promise<boolean> {
  return kept.length === unpacked.sizeBytes && (await sha256(kept)) === unpacked.sha256;
}

/** Hex SHA-256. WebCrypto is absent on plain-http pages of another host, as in a classroom's network. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = globalThis.crypto?.subtle
    ? new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))
    : sha256InJavaScript(bytes);
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
