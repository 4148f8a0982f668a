import type { SightRow, SightSection } from "./host-inside";

/** A line of the comparison: a section's head, or an object. Heights are fixed, so that only what is in sight exists. */
export type SideLine = { key: string; top: number; height: number; section: SightSection; row?: SightRow };

export interface SidesMeasures {
  headPx: number;
  rowPx: number;
}

export function layOutSides(
  sections: readonly SightSection[],
  { headPx, rowPx }: SidesMeasures,
): { lines: SideLine[]; height: number } {
  const lines: SideLine[] = [];
  let top = 0;
  const add = (key: string, height: number, section: SightSection, row?: SightRow) => {
    lines.push({ key, top, height, section, row });
    top += height;
  };
  for (const section of sections) {
    add(section.kind, headPx, section);
    const keys = new Set<string>();
    for (const row of section.rows) {
      // A damaged picture may name an object twice.
      let key = `${section.kind}/${row.key}`;
      while (keys.has(key)) key += "+";
      keys.add(key);
      add(key, rowPx, section, row);
    }
  }
  return { lines, height: top };
}
