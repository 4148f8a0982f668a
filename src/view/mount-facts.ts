import type { ObjectRef } from "../protocol/evidence";
import type { Mount } from "../protocol/mount";
import type { KernelView } from "../protocol/view";
import { propagation } from "./mount-tree";
import { markLabel } from "./namespace-mark";
import type { FactRow, ObjectDescription } from "./object-description";

/** One fact of an object: its label, the name by which its evidence is asked for, and the value as text. */
export interface FactText {
  label: string;
  /** Name in the kernel's table of facts of the kind; absent for what is derived from several facts. */
  fact?: string;
  /** May hold names from the guest: escape before showing. */
  value: string;
}

/** What is known about a mount, in the order of a line of mountinfo. */
export function mountFacts(view: KernelView, mount: Mount): FactText[] {
  const byId = (id: number) => view.mounts.find((one) => one.id === id && one.namespace === mount.namespace);
  const named = (id: number) => {
    const other = byId(id);
    return other ? `${id}, at ${other.path}` : String(id);
  };
  const same = view.mounts.filter((one) => one.superBlock === mount.superBlock && one !== mount).length;
  const facts: FactText[] = [
    { label: "mount id", fact: "id", value: String(mount.id) },
    { label: "mounted on", fact: "parentId", value: mount.parentId === mount.id ? "nothing" : named(mount.parentId) },
    { label: "namespace", fact: "namespace", value: markLabel({ kind: "mnt", inum: mount.namespace }) },
    { label: "mount point", fact: "path", value: mount.path },
    { label: "root in it", fact: "root", value: mount.root },
    { label: "type", fact: "type", value: mount.type },
    { label: "source", fact: "source", value: mount.source },
    { label: "device", fact: "device", value: same ? `${mount.device}, mounted ${same + 1} times` : mount.device },
    { label: "options", fact: "options", value: mount.options.join(",") },
    { label: "filesystem", fact: "superOptions", value: mount.superOptions.join(",") },
    { label: "propagation", value: propagation(mount) },
    { label: "peer group", fact: "shared", value: mount.shared === undefined ? "none" : String(mount.shared) },
    { label: "receives from", fact: "master", value: mount.master === undefined ? "none" : `group ${mount.master}` },
    { label: "bindable", fact: "unbindable", value: mount.unbindable ? "no: unbindable" : "yes" },
    { label: "hidden by", fact: "hiddenBy", value: mount.hiddenBy === undefined ? "nothing" : named(mount.hiddenBy) },
  ];
  if (mount.holds !== undefined) {
    const held = view.namespaces.find(({ inum }) => inum === mount.holds);
    facts.push({
      label: "keeps alive",
      fact: "holds",
      value: held ? `${markLabel(held)}, ${held.inum}` : `namespace ${mount.holds}`,
    });
  }
  return facts;
}

/** Rows of facts that are text alone. */
export function textRows(ref: ObjectRef, facts: readonly FactText[]): FactRow[] {
  return facts.map(({ label, fact, value }) => ({
    label,
    value,
    mono: true,
    ...(fact !== undefined && { fact: { ...ref, fact } }),
  }));
}

export function describeMount(view: KernelView, ref: ObjectRef): ObjectDescription | undefined {
  const mount = view.mounts.find(({ address }) => address === ref.address);
  if (!mount) return undefined;
  return {
    identity: `mount:${mount.address}:${mount.id}`,
    number: String(mount.id),
    title: mount.path,
    meaning: "A mount: a filesystem, or a directory of one, at a place in the tree of one mount namespace.",
    rows: textRows(ref, mountFacts(view, mount)),
  };
}
