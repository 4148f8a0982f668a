/**
 * User namespaces of containers: root inside is an ordinary user outside. Docker has them for the whole engine (`dockerd
 * --userns-remap`), and `--userns=host` opts a container out of it. That `--userns=private` opts one container in, where the
 * engine remaps nobody, is an extension of this engine.
 */
import type { HostConfig } from "../../protocol/docker";
import type { IdRange, Plan } from "../../plan/step";
import { badParameter } from "../api/error";
import type { ContainerPaths } from "./paths";

/** How ids inside are ids outside. */
export interface IdMap {
  uids: IdRange;
  gids: IdRange;
}

const NETNS = "/run/netns";

/** As many as `/etc/subuid` usually gives a user, from where it usually begins. */
export const DEFAULT_REMAP: IdMap = {
  uids: { inside: 0, outside: 100_000, count: 65_536 },
  gids: { inside: 0, outside: 100_000, count: 65_536 },
};

/**
 * The map of a container's ids; undefined when its ids are the host's.
 * @param remap the engine's, when it remaps every container
 * @throws ApiError 400 for what does not go together, in Docker's words
 */
export function idMapOf(host: HostConfig, remap: IdMap | undefined): IdMap | undefined {
  const { UsernsMode = "", Privileged, NetworkMode, PidMode } = host;
  if (!["", "host", "private"].includes(UsernsMode)) throw badParameter(`invalid USER mode: ${UsernsMode}`);
  const map = UsernsMode === "host" ? undefined : UsernsMode === "private" ? (remap ?? DEFAULT_REMAP) : remap;
  if (!map) return undefined;
  if (Privileged)
    throw badParameter(
      "privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when running privileged mode",
    );
  if (NetworkMode === "host")
    throw badParameter("cannot share the host's network namespace when user namespaces are enabled");
  if (PidMode === "host") throw badParameter("cannot share the host PID namespace when user namespaces are enabled");
  return map;
}

/**
 * The namespace, and with it the network namespace that its root may administer, before anybody is in them. What the container
 * writes to, and the files that are mounted into it, belong to its root.
 */
export function usernsPlan({ uids, gids }: IdMap, paths: ContainerPaths): Plan {
  return [
    { kind: "touch", path: paths.userns, why: "A file to keep it by." },
    { kind: "mkdir", path: NETNS, parents: true, why: "Where network namespaces have their names." },
    { kind: "touch", path: `${NETNS}/${paths.netns}`, why: "A file to keep that by." },
    {
      kind: "usernsAdd",
      path: paths.userns,
      uids,
      gids,
      netns: paths.netns,
      why: `Whoever is root in it is user ${uids.outside} for the rest of the system: what escapes from the container is nobody.`,
    },
  ];
}

/** Takes away what may be left of it; the network namespace goes with the network. */
export function usernsUndo({ userns }: ContainerPaths): Plan {
  return [{ kind: "umount", target: userns, lazy: true, why: "Nobody is in the user namespace any more." }];
}

/** Gives a file of the engine's to a container's root. */
export function ownPlan({ uids, gids }: IdMap, files: readonly string[]): Plan {
  return files.map((path) => ({
    kind: "chown",
    path,
    uid: uids.outside,
    gid: gids.outside,
    why: "It belongs to root of the container.",
  }));
}

/**
 * The layers of an image as a container with a map sees them: mounts that say of each file that it belongs to whom it would
 * belong inside. The layers are neither copied nor changed, and other containers have them as they are.
 *
 * The overlay keeps mounts of its own of its layers (`fs/overlayfs/super.c`, `clone_private_mount`), so that these are taken
 * away again as soon as it is mounted: `unmount`.
 */
export function idmappedLayers(
  layers: readonly string[],
  paths: ContainerPaths,
  userns: string,
): { layers: string[]; mount: Plan; unmount: Plan } {
  const places = layers.map((_layer, index) => `${paths.lowers}/${index}`);
  return {
    layers: places,
    mount: [
      { kind: "mkdir", path: paths.lowers, why: "Places for the image's layers, with other owners." },
      ...places.flatMap((place, index): Plan => [
        { kind: "mkdir", path: place, why: "A place for the mount." },
        {
          kind: "mountIdmapped",
          source: layers[index],
          target: place,
          userns,
          why: "The layer, in which what is root's on disk is that of the container's root.",
        },
      ]),
    ],
    unmount: places.map((place) => ({
      kind: "umount",
      target: place,
      lazy: true,
      why: "The overlay has a mount of its own of it.",
    })),
  };
}
