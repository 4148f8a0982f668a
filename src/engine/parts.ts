/** The engine's parts, put together: what serves its API, and what explains it without doing anything. */
import { routes as archiveRoutes } from "./api/archive";
import { routes as containerRoutes } from "./api/containers";
import { routes as diskUsageRoutes } from "./api/disk-usage";
import { routes as execRoutes } from "./api/exec";
import { routes as imageRoutes } from "./api/images";
import { routes as networkRoutes } from "./api/networks";
import type { Routes } from "./api/router";
import { routes as statsRoutes } from "./api/stats";
import { routes as systemRoutes } from "./api/system";
import { routes as volumeRoutes } from "./api/volumes";
import { Containers } from "./container/containers";
import { Execs } from "./container/execs";
import type { IdMap } from "./container/userns";
import { Views } from "./container/view";
import type { Context } from "./context";
import type { BlobStore } from "./image/blob-store";
import { Images } from "./image/images";
import { Networks } from "./network/networks";
import type { RegistryClient } from "./registry/client";
import { Volumes } from "./volume/volumes";

export interface Parts {
  context: Context;
  containers: Containers;
  execs: Execs;
  images: Images;
  networks: Networks;
  volumes: Volumes;
  views: Views;
  about: Sources["about"];
  usernsRemap?: IdMap;
}

/** What parts take from outside of the guest. */
export interface Sources {
  /** Where blobs of images are kept; outside the guest, since they never change. */
  blobs: BlobStore;
  /** The registry that a domain of image names means; `docker.io` is the page's own. Undefined when it cannot be reached. */
  registry(domain: string): RegistryClient | undefined;
  /** Every container gets a user namespace with this map, unless it opts out (`dockerd --userns-remap`). */
  usernsRemap?: IdMap;
  /** What the machine is, for `docker info`. */
  about(): { kernel: string; memoryBytes: number };
}

export function createParts(context: Context, { blobs, registry, about, usernsRemap }: Sources): Parts {
  const images = new Images(context, blobs, registry);
  const networks = new Networks(context);
  const volumes = new Volumes(context);
  const containers = new Containers(context, { images, networks, volumes, remap: usernsRemap });
  return {
    context,
    containers,
    execs: new Execs(context),
    images,
    networks,
    volumes,
    views: new Views(context, volumes),
    about,
    usernsRemap,
  };
}

/** Finds what an earlier engine left in the guest. */
export async function restoreParts({ images, networks, volumes, containers, views }: Parts): Promise<void> {
  await images.restore();
  await networks.restore();
  await volumes.restore();
  await containers.restore();
  await views.restore();
}

/** Docker's operations. */
export function operations(parts: Parts): Routes {
  return {
    ...systemRoutes(parts),
    ...containerRoutes(parts),
    ...execRoutes(parts),
    ...imageRoutes(parts),
    ...networkRoutes(parts),
    ...volumeRoutes(parts),
    ...archiveRoutes(parts),
    ...statsRoutes(parts),
    ...diskUsageRoutes(parts),
  };
}
