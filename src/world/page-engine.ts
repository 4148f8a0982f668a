/** The engine of the page: images come from the site's own registry and go to one in the browser, blobs stay here. */
import type { Agent } from "../agent/agent";
import { startEngine, type Engine, type EngineOptions } from "../engine/engine";
import { registryClient } from "../engine/registry/client";
import { LOCAL_DOMAIN, localRegistry } from "../engine/registry/local";
import { registryServer } from "../engine/registry/server";
import { indexedDbRegistryStore } from "../engine/registry/store-indexeddb";
import { keptBlobs } from "./kept-blobs";

/** @param siteUrl where `v2/` lies, absolute and with a slash at its end */
export function startPageEngine(guest: Agent, siteUrl: string, about: EngineOptions["about"]): Promise<Engine> {
  const library = registryClient({ baseUrl: siteUrl, fetch: (url, init) => fetch(url, init) });
  const local = localRegistry(registryServer(indexedDbRegistryStore("glassbox-registry")));
  return startEngine({
    guest,
    blobs: keptBlobs(),
    registry: (domain) => (domain === "docker.io" ? library : domain === LOCAL_DOMAIN ? local : undefined),
    random: (sizeBytes) => crypto.getRandomValues(new Uint8Array(sizeBytes)),
    epochMs: () => Date.now(),
    about,
  });
}
