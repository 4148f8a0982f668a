/** Mounts. */
import type { MountMatch } from "../../protocol/match";
import type { Mount } from "../../protocol/mount";
import type { Scene } from "../scene";
import { matchesTask } from "./task";
import { hasAll, isText } from "./value";

export function matchesMount(match: MountMatch, mount: Mount, scene: Scene): boolean {
  if (match.path !== undefined && !isText(mount.path, match.path)) return false;
  if (match.type !== undefined && mount.type !== match.type) return false;
  if (match.source !== undefined && !isText(mount.source, match.source)) return false;
  if (match.root !== undefined && !isText(mount.root, match.root)) return false;
  if (match.options && !hasAll([...mount.options, ...mount.superOptions], match.options)) return false;
  if (match.propagation !== undefined && !propagates(mount, match.propagation)) return false;
  if (match.hidden !== undefined && (mount.hiddenBy !== undefined) !== match.hidden) return false;
  if (match.madeInStep !== undefined && scene.isNew("mounts", mount) !== match.madeInStep) return false;
  if (match.host !== undefined && (mount.namespace === scene.host.mnt) !== match.host) return false;
  const { of, on, peer, sameFilesystemAs } = match;
  if (of && !scene.processes.some((task) => task.namespaces.mnt === mount.namespace && matchesTask(of, task, scene))) {
    return false;
  }
  if (on) {
    const below = scene.mounts.get(mount.parentId);
    if (!below || below === mount || !matchesMount(on, below, scene)) return false;
  }
  const other = (wanted: MountMatch, related: (one: Mount) => boolean) =>
    scene.view.mounts.some((one) => one !== mount && related(one) && matchesMount(wanted, one, scene));
  if (peer && !other(peer, ({ shared }) => shared !== undefined && shared === mount.shared)) return false;
  if (sameFilesystemAs && !other(sameFilesystemAs, ({ superBlock }) => superBlock === mount.superBlock)) return false;
  return !(match.not && matchesMount(match.not, mount, scene));
}

/** As `findmnt -o PROPAGATION` words it; one that both receives and shares is both. */
function propagates({ shared, master, unbindable }: Mount, wanted: MountMatch["propagation"]): boolean {
  if (wanted === "shared") return shared !== undefined;
  if (wanted === "slave") return master !== undefined;
  if (wanted === "unbindable") return unbindable;
  return shared === undefined && master === undefined && !unbindable;
}
