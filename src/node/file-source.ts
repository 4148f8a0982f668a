/** Machine files from a directory on disk. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Manifest } from "../protocol/manifest";
import { machineError } from "../machine/failure";
import type { Source } from "../machine/files";

/** `manifestUrl` is a `file:` URL. */
export function fileSource(manifestUrl: string): Source {
  const manifestPath = fileURLToPath(manifestUrl);
  const read = async (path: string): Promise<Uint8Array<ArrayBuffer>> => {
    try {
      return new Uint8Array(await readFile(path));
    } catch (error) {
      throw machineError("file-missing", `The machine file ${path} could not be read (${(error as Error).message}).`);
    }
  };
  return {
    async manifest() {
      const text = new TextDecoder().decode(await read(manifestPath));
      try {
        return JSON.parse(text) as Manifest;
      } catch {
        throw machineError("file-damaged", `The list of machine files ${manifestPath} is not JSON.`);
      }
    },
    async read(file, onbytes) {
      const bytes = await read(join(dirname(manifestPath), file.path));
      onbytes(bytes.length);
      return bytes;
    },
  };
}
