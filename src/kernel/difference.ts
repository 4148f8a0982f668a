/** Two lists of a section, compared by identity. */
import type { KernelView, Section } from "../protocol/view";
import { IDENTITY, type Listed } from "./share";

export interface Difference<T> {
  added: T[];
  removed: T[];
  /** The same object with other facts, before and after. */
  changed: [before: T, after: T][];
}

const NOTHING: Difference<never> = { added: [], removed: [], changed: [] };

/** Objects of a section that came, went, or changed; nothing is looked at when both pictures share the section. */
export function difference<S extends Section>(
  before: KernelView,
  after: KernelView,
  section: S,
): Difference<Listed<S>> {
  const olds = before[section] as Listed<S>[];
  const news = after[section] as Listed<S>[];
  if (olds === news) return NOTHING;
  const identity = IDENTITY[section] as (object: Listed<S>) => string | number;
  const found: Difference<Listed<S>> = { added: [], removed: [], changed: [] };
  // Mostly little changed somewhere, or something came at the end.
  let first = 0;
  while (first < olds.length && olds[first] === news[first]) first++;
  let oldEnd = olds.length;
  let newEnd = news.length;
  while (oldEnd > first && newEnd > first && olds[oldEnd - 1] === news[newEnd - 1]) {
    oldEnd--;
    newEnd--;
  }
  const shared = new Set(olds.slice(first, oldEnd));
  const rest = news.slice(first, newEnd).filter((one) => !shared.delete(one));
  // What is left of the old ones was changed or removed.
  const left = new Map([...shared].map((one) => [identity(one), one]));
  for (const one of rest) {
    const key = identity(one);
    const old = left.get(key);
    if (old === undefined) found.added.push(one);
    else found.changed.push([old, one]);
    left.delete(key);
  }
  found.removed.push(...left.values());
  return found;
}
