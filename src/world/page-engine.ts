/** The engine of the page: images come from the site's own registry, blobs stay in the browser. */
import type { Agent } from "../agent/agent";
import { startEngine, type Engine, type EngineOptions } from "../engine/engine";
import { registryClient } from "../engine/registry/client";
import { keptBlobs } from "./kept-blobs";

/** @param siteUrl where `v2/` lies, absolute and with a slash at its end */
export function startPageEngine(guest: Agent, siteUrl: string, about: EngineOptions["about"]): Promise<Engine> {
  const library = registryClient({ baseUrl: siteUrl, fetch: (url, init) => fetch(url, init) });
  return startEngine({
    guest,
    blobs: keptBlobs(),
    registry: (domain) => (domain === "docker.io" ? library : undefined),
    random: (sizeBytes) => crypto.getRandomValues(new Uint8Array(sizeBytes)),
    epochMs: () => Date.now(),
    about,
  });
}
