/** Registries that need no network: a server beside the engine, by the domain in the names of its images. */
import { registryClient, type RegistryClient } from "./client";
import type { RequestHandler } from "./server";

/** Domain of the writable registry that is in the tab, or in the process: `docker push registry.box/me/app`. */
export const LOCAL_DOMAIN = "registry.box";

export function localRegistry(handler: RequestHandler, domain = LOCAL_DOMAIN): RegistryClient {
  return registryClient({
    baseUrl: `http://${domain}`,
    fetch: (url, init) => handler(new Request(url, { ...init, duplex: "half" } as RequestInit)),
  });
}
