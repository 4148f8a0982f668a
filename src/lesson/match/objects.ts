/** Objects of each kind in a picture, and how they are matched and named. */
import type { ObjectRef } from "../../protocol/evidence";
import type { MatchedKind, ObjectMatches } from "../../protocol/match";
import type { Scene } from "../scene";
import { matchesCgroup } from "./cgroup";
import { matchesMount } from "./mount";
import { matchesNamespace } from "./namespace";
import { matchesDevice, matchesRoute, matchesSocket } from "./network";
import { matchesFile, matchesOverlay, type LayerFile } from "./overlay";
import { matchesTask } from "./task";

interface Kind<M, T> {
  of(scene: Scene): Iterable<T>;
  matches(match: M, object: T, scene: Scene): boolean;
  ref(object: T): ObjectRef;
}

/** Keeps a kind's own types together, and gives them up where all kinds are in one table. */
function kind<M, T>(kind: Kind<M, T>): Kind<M, unknown> {
  return kind as Kind<M, unknown>;
}

const addressed =
  <O extends Exclude<ObjectRef["object"], "namespace">>(object: O) =>
  ({ address }: { address: number }): ObjectRef => ({ object, address });

function* layerFiles({ view }: Scene): Generator<LayerFile, void, undefined> {
  for (const layer of view.layers) for (const entry of layer.entries) yield { layer, entry };
}

export const KINDS: { readonly [K in MatchedKind]: Kind<ObjectMatches[K], unknown> } = {
  task: kind({ of: ({ processes }) => processes, matches: matchesTask, ref: addressed("task") }),
  namespace: kind({
    of: ({ view }) => view.namespaces,
    matches: matchesNamespace,
    ref: ({ kind, address }) => ({ object: "namespace", kind, address }),
  }),
  mount: kind({ of: ({ view }) => view.mounts, matches: matchesMount, ref: addressed("mount") }),
  overlay: kind({ of: ({ view }) => view.overlays, matches: matchesOverlay, ref: addressed("overlay") }),
  file: kind({
    of: layerFiles,
    matches: matchesFile,
    ref: ({ entry }) => ({ object: "file", address: entry.inode }),
  }),
  cgroup: kind({ of: ({ view }) => view.cgroups, matches: matchesCgroup, ref: addressed("cgroup") }),
  device: kind({ of: ({ view }) => view.devices, matches: matchesDevice, ref: addressed("device") }),
  route: kind({ of: ({ view }) => view.routes, matches: matchesRoute, ref: addressed("route") }),
  socket: kind({ of: ({ view }) => view.sockets, matches: matchesSocket, ref: addressed("socket") }),
};

export const MATCHED_KINDS = Object.keys(KINDS) as MatchedKind[];

/** Objects of one kind that match. */
export function matching<K extends MatchedKind>(name: K, match: ObjectMatches[K], scene: Scene): ObjectRef[] {
  const { of, matches, ref } = KINDS[name];
  const found: ObjectRef[] = [];
  for (const object of of(scene)) if (matches(match, object, scene)) found.push(ref(object));
  return found;
}
