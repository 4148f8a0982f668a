/** Pictures across the worker's boundary: only what differs from the one before travels. */
import type { Listed } from "../kernel/share";
import { SECTIONS, type KernelView, type Section } from "../protocol/view";

/** A section's objects in terms of the ones before. */
export interface SectionDelta<T> {
  /** Places of the objects that stay, in the list before; a run of consecutive ones is `[first, count]`. */
  kept: [first: number, count: number][];
  /** New and changed objects, each with its place in the new list, in rising order. */
  placed: [index: number, object: T][];
}

export type ViewDelta = Omit<KernelView, Section> & { [S in Section]?: SectionDelta<Listed<S>> };

/** What turns `before` into `after`. Both must share what did not change (`share`): objects are compared by identity. */
export function delta(before: KernelView | undefined, after: KernelView): ViewDelta {
  const found = { ...after } as unknown as ViewDelta;
  for (const section of SECTIONS) {
    if (before && before[section] === after[section]) delete found[section];
    else (found as Record<Section, unknown>)[section] = sectionDelta<unknown>(before?.[section] ?? [], after[section]);
  }
  return found;
}

function sectionDelta<T>(before: readonly T[], after: readonly T[]): SectionDelta<T> {
  const places = new Map(before.map((object, index) => [object, index]));
  const found: SectionDelta<T> = { kept: [], placed: [] };
  after.forEach((object, index) => {
    const place = places.get(object);
    if (place === undefined) {
      found.placed.push([index, object]);
      return;
    }
    const run = found.kept.at(-1);
    if (run && run[0] + run[1] === place) run[1]++;
    else found.kept.push([place, 1]);
  });
  return found;
}

/** The picture that `change` was made for; objects that stayed are the very same as in `before`. */
export function applyDelta(before: KernelView | undefined, change: ViewDelta): KernelView {
  const view = { ...change } as unknown as KernelView;
  for (const section of SECTIONS) {
    const made = change[section];
    (view as unknown as Record<Section, unknown>)[section] = made
      ? applySection<unknown>(before?.[section] ?? [], made as SectionDelta<unknown>)
      : before![section];
  }
  return view;
}

function applySection<T>(before: readonly T[], { kept, placed }: SectionDelta<T>): T[] {
  const after: T[] = [];
  let next = 0;
  const place = () => {
    while (next < placed.length && placed[next][0] === after.length) after.push(placed[next++][1]);
  };
  for (const [first, count] of kept) {
    for (let index = first; index < first + count; index++) {
      place();
      after.push(before[index]);
    }
  }
  place();
  return after;
}
