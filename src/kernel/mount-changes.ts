/** Mounts made, moved, changed and gone. A new mount namespace starts with a copy of all: its birth says so. */
import type { Change, MountName } from "../protocol/change";
import type { Mount } from "../protocol/mount";
import type { KernelView } from "../protocol/view";
import { difference } from "./difference";

export function mountChanges(before: KernelView, after: KernelView): Change[] {
  const { added, removed, changed } = difference(before, after, "mounts");
  // A namespace is there a moment before its copies are.
  const lived = new Set(before.mounts.map(({ namespace }) => namespace));
  const lives = mountNamespaces(after);
  const found: Change[] = [];
  for (const mount of added) if (lived.has(mount.namespace)) found.push({ type: "mounted", mount: nameOf(mount) });
  const moved = new Map<number, [string, string]>();
  for (const [old, mount] of changed) {
    if (old.path !== mount.path) moved.set(mount.id, [old.path, mount.path]);
  }
  for (const [old, mount] of changed) {
    if (old.path !== mount.path && !wentAlong(mount, moved)) {
      found.push({ type: "mount-moved", mount: nameOf(mount), before: old.path });
    }
    const [was, is] = [settings(old), settings(mount)];
    if (was !== is) found.push({ type: "mount-changed", mount: nameOf(mount), before: was, after: is });
  }
  // From the innermost outwards, as they must have been unmounted.
  for (const mount of [...removed].reverse()) {
    if (lives.has(mount.namespace)) found.push({ type: "unmounted", mount: nameOf(mount) });
  }
  return found;
}

/** True when it only moved because the mount that it is on did. */
function wentAlong(mount: Mount, moved: ReadonlyMap<number, [string, string]>): boolean {
  const parent = mount.parentId === mount.id ? undefined : moved.get(mount.parentId);
  const own = moved.get(mount.id);
  if (!parent || !own) return false;
  const [from, to] = parent;
  return own[0].slice(from.length) === own[1].slice(to.length);
}

/** Options and propagation, written as in mountinfo. */
function settings({ options, superOptions, shared, master, unbindable }: Mount): string {
  const marks = [
    ...(shared === undefined ? [] : [`shared:${shared}`]),
    ...(master === undefined ? [] : [`master:${master}`]),
    ...(unbindable ? ["unbindable"] : []),
  ];
  return [options.join(","), superOptions.join(","), ...marks].filter(Boolean).join(" ");
}

function mountNamespaces({ namespaces }: KernelView): Set<number> {
  return new Set(namespaces.flatMap(({ kind, inum }) => (kind === "mnt" ? [inum] : [])));
}

const nameOf = ({ address, id, path, type, namespace }: Mount): MountName => ({
  address,
  id,
  path,
  fsType: type,
  namespace,
});
