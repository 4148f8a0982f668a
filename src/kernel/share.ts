/** Structural sharing between pictures: what did not change is the very same object, so that a comparison is an identity. */
import { SECTIONS, type KernelView, type Section } from "../protocol/view";

export type Listed<S extends Section> = KernelView[S][number];

/**
 * Identity of an object among those of its section. Addresses alone do not do: the kernel gives the memory of what is gone
 * to what comes next.
 */
export const IDENTITY: { readonly [S in Section]: (object: Listed<S>) => string | number } = {
  tasks: ({ address, startTimeNs }) => `${address}:${startTimeNs}`,
  namespaces: ({ address, inum }) => `${address}:${inum}`,
  cgroups: ({ address, id }) => `${address}:${id}`,
  mounts: ({ address, id }) => `${address}:${id}`,
  overlays: ({ address, device }) => `${address}:${device}`,
  layers: ({ address }) => address,
  devices: ({ address }) => address,
  routes: ({ address }) => address,
  sockets: ({ address, inode }) => `${address}:${inode}`,
};

/** `after`, with every object and every section that equals `before`'s replaced by it. */
export function share(before: KernelView, after: KernelView): KernelView {
  const shared: KernelView = { ...after };
  for (const section of SECTIONS) shareSection(before, shared, section);
  if (equal(before.problems, after.problems)) shared.problems = before.problems;
  if (equal(before.omitted, after.omitted)) shared.omitted = before.omitted;
  return shared;
}

function shareSection<S extends Section>(before: KernelView, after: KernelView, section: S): void {
  const olds = before[section] as Listed<S>[];
  const news = after[section] as Listed<S>[];
  if (olds === news) return;
  const identity = IDENTITY[section] as (object: Listed<S>) => string | number;
  let byIdentity: Map<string | number, Listed<S>> | undefined;
  let same = olds.length === news.length;
  const result = news.map((one, index) => {
    // Mostly nothing was added before it, so the old one has the same place.
    let old: Listed<S> | undefined = olds[index];
    if (old === one) return one;
    const key = identity(one);
    if (!old || identity(old) !== key) {
      byIdentity ??= new Map(olds.map((other) => [identity(other), other]));
      old = byIdentity.get(key);
      same = false;
    }
    if (old && equal(old, one)) return old;
    same = false;
    return one;
  });
  (after as Record<Section, unknown>)[section] = same ? olds : result;
}

/** Equality of plain data: what `structuredClone` copies. */
function equal(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one)) {
    if (!Array.isArray(other) || one.length !== other.length) return false;
    for (let i = 0; i < one.length; i++) if (!equal(one[i], other[i])) return false;
    return true;
  }
  const a = one as Record<string, unknown>;
  const b = other as Record<string, unknown>;
  for (const key in a) if (!equal(a[key], b[key])) return false;
  for (const key in b) if (!(key in a)) return false;
  return true;
}
