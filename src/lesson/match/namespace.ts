/** Namespaces. */
import type { NamespaceMatch } from "../../protocol/match";
import type { Namespace } from "../../protocol/namespace";
import type { Scene } from "../scene";
import { matchesTask, namespaceOf } from "./task";
import { isNumber, isText } from "./value";

const NS_PER_S = 1e9;

export function matchesNamespace(match: NamespaceMatch, namespace: Namespace, scene: Scene): boolean {
  const { kind, inum } = namespace;
  if (match.kind !== undefined && kind !== match.kind) return false;
  if (match.host !== undefined && namespace.initial !== match.host) return false;
  if (match.madeInStep !== undefined && scene.isNew("namespaces", namespace) !== match.madeInStep) return false;
  if (match.level !== undefined && !isNumber(namespace.level, match.level)) return false;
  if (match.hostname !== undefined && !isText(namespace.uts?.nodename, match.hostname)) return false;
  if (match.cgroupRoot !== undefined && !isText(namespace.cgroupRoot, match.cgroupRoot)) return false;
  if (match.heldBy !== undefined && !namespace.holders.some(({ by }) => by === match.heldBy)) return false;
  if (match.uidMap && !hasRange(namespace, match.uidMap)) return false;
  if (match.ipc && !hasObject(namespace, match.ipc)) return false;
  const { timeOffsets } = namespace;
  const { monotonicSeconds, boottimeSeconds } = match;
  if (monotonicSeconds !== undefined && !isNumber(seconds(timeOffsets?.monotonicNs), monotonicSeconds)) return false;
  if (boottimeSeconds !== undefined && !isNumber(seconds(timeOffsets?.boottimeNs), boottimeSeconds)) return false;
  const inside = (one: Scene["processes"][number]) => namespaceOf(one, kind) === inum;
  if (match.empty !== undefined && !scene.processes.some(inside) !== match.empty) return false;
  const { member, owner } = match;
  if (member && !scene.processes.some((task) => inside(task) && matchesTask(member, task, scene))) return false;
  if (owner) {
    const found = scene.view.namespaces.find((one) => one.kind === "user" && one.inum === namespace.owner);
    if (!found || !matchesNamespace(owner, found, scene)) return false;
  }
  return !(match.not && matchesNamespace(match.not, namespace, scene));
}

function seconds(nanoseconds: number | undefined): number | undefined {
  return nanoseconds === undefined ? undefined : nanoseconds / NS_PER_S;
}

function hasRange({ uidMap = [] }: Namespace, match: NonNullable<NamespaceMatch["uidMap"]>): boolean {
  return uidMap.some(
    ({ first, hostFirst, count }) =>
      first === (match.first ?? first) &&
      hostFirst === (match.hostFirst ?? hostFirst) &&
      isNumber(count, match.count ?? count),
  );
}

function hasObject({ ipc = [] }: Namespace, match: NonNullable<NamespaceMatch["ipc"]>): boolean {
  return ipc.some(
    ({ kind, key, name, size }) =>
      kind === (match.kind ?? kind) &&
      key === (match.key ?? key) &&
      name === (match.name ?? name) &&
      isNumber(size, match.sizeBytes ?? size),
  );
}
