/** Machine files over HTTP, from the folder of the manifest. */
import type { Manifest } from "../protocol/manifest";
import { machineError } from "./failure";
import type { Source } from "./files";

/** `manifestUrl` is absolute; file paths are relative to it. */
export function httpSource(
  manifestUrl: string,
  fetch: typeof globalThis.fetch = globalThis.fetch.bind(globalThis),
): Source {
  const get = async (url: string, cache: RequestCache): Promise<Response> => {
    let response: Response;
    try {
      response = await fetch(url, { cache });
    } catch (error) {
      throw machineError("file-missing", `The machine file ${url} could not be fetched (${(error as Error).message}).`);
    }
    if (!response.ok) {
      throw machineError("file-missing", `The machine file ${url} could not be fetched (HTTP ${response.status}).`);
    }
    return response;
  };
  return {
    async manifest() {
      const response = await get(manifestUrl, "no-cache");
      try {
        return (await response.json()) as Manifest;
      } catch {
        throw machineError("file-damaged", `The list of machine files ${manifestUrl} is not JSON.`);
      }
    },
    async read(file, onbytes, fresh) {
      const response = await get(new URL(file.path, manifestUrl).href, fresh ? "reload" : "default");
      // Never hold more than was promised: a server that answers with something else must not fill memory.
      const bytes = new Uint8Array(file.sizeBytes);
      let received = 0;
      if (!response.body) return new Uint8Array(await response.arrayBuffer());
      const reader = response.body.getReader();
      for (;;) {
        const { done, value } = await reader.read().catch((error: Error) => {
          throw machineError("file-missing", `The machine file ${file.path} stopped arriving (${error.message}).`);
        });
        if (done) return received === bytes.length ? bytes : bytes.slice(0, received);
        if (received + value.length > bytes.length) {
          await reader.cancel();
          throw machineError(
            "file-damaged",
            `The machine file ${file.path} is longer than its ${file.sizeBytes} bytes.`,
          );
        }
        bytes.set(value, received);
        received += value.length;
        onbytes(value.length);
      }
    },
  };
}
