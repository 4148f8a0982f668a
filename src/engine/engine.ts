/** The container engine: Docker's architecture, with its hands in the guest and its API on any stream. */
import { routes as containerRoutes } from "./api/containers";
import { routes as execRoutes } from "./api/exec";
import { routes as imageRoutes } from "./api/images";
import { routes as networkRoutes } from "./api/networks";
import { router, type Answer } from "./api/router";
import { routes as systemRoutes } from "./api/system";
import { routes as volumeRoutes } from "./api/volumes";
import { Boxd } from "./boxd";
import { Containers, rootPlan } from "./container/containers";
import type { IdMap } from "./container/userns";
import { Execs } from "./container/execs";
import type { Context } from "./context";
import { createEvents } from "./events";
import type { Guest } from "./guest";
import { serveConnection, type Duplex } from "./http/connection";
import type { BlobStore } from "./image/blob-store";
import { Images } from "./image/images";
import { Networks } from "./network/networks";
import type { RegistryClient } from "./registry/client";
import { Volumes } from "./volume/volumes";

export interface EngineOptions {
  guest: Guest;
  /** Where blobs of images are kept; outside the guest, since they never change. */
  blobs: BlobStore;
  /** The registry that a domain of image names means; `docker.io` is the page's own. Undefined when it cannot be reached. */
  registry(domain: string): RegistryClient | undefined;
  random(sizeBytes: number): Uint8Array;
  /** Milliseconds since 1970. */
  epochMs(): number;
  /** Every container gets a user namespace with this map, unless it opts out (`dockerd --userns-remap`). */
  usernsRemap?: IdMap;
  /** What the machine is, for `docker info`. */
  about: { kernel: string; memoryBytes: number };
}

/** The engine's parts, for those who serve its API. */
export interface Parts {
  context: Context;
  containers: Containers;
  execs: Execs;
  images: Images;
  networks: Networks;
  volumes: Volumes;
  about: EngineOptions["about"];
  usernsRemap?: IdMap;
}

export interface Engine {
  /** Answers one request of the API. */
  handle(request: Request): Promise<Answer>;
  /** Serves the API on a connection until it is closed. */
  serve(connection: Duplex): Promise<void>;
  /** Ends the engine; containers go on, and the next engine finds them. */
  close(): void;
}

export const SOCKET = "/var/run/docker.sock";

/**
 * Starts an engine in a guest, finds what an earlier one left there, and listens on the guest's docker.sock.
 * @throws PlanError when the guest lacks what every container needs
 */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { guest, blobs, registry, random, epochMs, about } = options;
  const nowNs = () => BigInt(Math.round(epochMs() * 1000)) * 1000n;
  const events = createEvents(nowNs);
  const boxd = new Boxd(guest);
  const context: Context = { guest, boxd, events, nowNs, random };
  const images = new Images(context, blobs, registry);
  const networks = new Networks(context);
  const volumes = new Volumes(context);
  const containers = new Containers(context, { images, networks, volumes, remap: options.usernsRemap });
  const execs = new Execs(context);
  boxd.onexit = (exit) => {
    if (!execs.exited(exit)) void containers.exited(exit);
  };
  await boxd.take(rootPlan());
  await images.restore();
  await containers.restore();
  const parts: Parts = {
    context,
    containers,
    execs,
    images,
    networks,
    volumes,
    about,
    usernsRemap: options.usernsRemap,
  };
  const handle = router({
    ...systemRoutes(parts),
    ...containerRoutes(parts),
    ...execRoutes(parts),
    ...imageRoutes(parts),
    ...networkRoutes(parts),
    ...volumeRoutes(parts),
  });
  const serve = (connection: Duplex) => serveConnection(connection, handle);
  const listener = await guest.listen({ path: SOCKET }, (stream) => void serve(stream));
  return {
    handle,
    serve,
    close() {
      listener.close();
      containers.close();
      boxd.close();
    },
  };
}
