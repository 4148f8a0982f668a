import type { KernelView, Section } from "../protocol/view";

/**
 * Pictures to compare. A section that a look had no time to finish is taken to be as it was when a look finished it last:
 * what is not seen is not gone, and what is seen again is not new.
 */
export class Comparison {
  #view: KernelView | undefined;
  /** Sections that no look has finished so far. */
  #never: readonly Section[] = [];

  /** The last picture, with every section as it was last finished. */
  get view(): KernelView | undefined {
    return this.#view;
  }

  /** Takes the next picture. What differs between the two that it gives has happened; before the first there is none. */
  next(view: KernelView): { before?: KernelView; after: KernelView } {
    const last = this.#view;
    const unfinished: readonly Section[] = view.unfinished;
    if (!last) {
      this.#never = unfinished;
      return { after: (this.#view = view) };
    }
    const after = withSections(view, unfinished, last);
    const firstSeen = this.#never.filter((section) => !unfinished.includes(section));
    this.#never = this.#never.filter((section) => unfinished.includes(section));
    this.#view = after;
    return { before: withSections(last, firstSeen, after), after };
  }
}

function withSections(view: KernelView, sections: readonly Section[], from: KernelView): KernelView {
  if (sections.length === 0) return view;
  return { ...view, ...Object.fromEntries(sections.map((section) => [section, from[section]])) };
}
