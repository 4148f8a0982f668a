import type { Cable } from "./rooms";

/** A cable as it is drawn, in px. */
export interface CableLine {
  cable: Cable;
  /** SVG path from the first end to the second. */
  path: string;
  top: number;
  height: number;
  /** Where the numbers of a cable that has room for them end: above it, or below where it comes from above. */
  label?: { left: number; top: number; below: boolean };
}

/** Where a cable ends: the edge of a room, at the middle of the device's row. */
export interface Plug {
  x: number;
  middle: number;
}

export interface CableSpace {
  /** Width of the space that cables have. */
  gutter: number;
  /** Left edge of the rooms on the right, where there are any: their own cables run on their left. */
  right?: number;
}

/** The least space that numbers fit into. */
const LABEL_PX = 120;
const LANE_PX = 9;
const LANES = 4;

/** Draws the cables whose ends have their places. */
export function layCables(cables: readonly Cable[], plugs: ReadonlyMap<number, Plug>, space: CableSpace): CableLine[] {
  const lines: CableLine[] = [];
  const brackets: Bracket[] = [];
  for (const cable of cables) {
    const from = plugs.get(cable.ends[0].address);
    const to = plugs.get(cable.ends[1].address);
    if (!from || !to) continue;
    if (from.x === to.x) brackets.push({ cable, from, to, side: from.x === space.right ? -1 : 1 });
    else lines.push(across(cable, from, to, space.gutter >= LABEL_PX));
  }
  return [...lines, ...besides(brackets)];
}

function across(cable: Cable, from: Plug, to: Plug, labelled: boolean): CableLine {
  const bend = (from.x + to.x) / 2;
  const [left, right] = from.x < to.x ? [from, to] : [to, from];
  return {
    cable,
    path: `M${from.x} ${from.middle}C${bend} ${from.middle} ${bend} ${to.middle} ${to.x} ${to.middle}`,
    top: Math.min(from.middle, to.middle) - 40,
    height: Math.abs(from.middle - to.middle) + 80,
    label: labelled ? { left: right.x - 14, top: right.middle, below: left.middle < right.middle } : undefined,
  };
}

/** A cable between two rooms of one column, or within one room: it runs beside them. */
interface Bracket {
  cable: Cable;
  from: Plug;
  to: Plug;
  /** 1 for the right side, -1 for the left. */
  side: 1 | -1;
}

/** Short brackets inside, long ones outside; when the lanes are full, the last one is shared. */
function besides(brackets: Bracket[]): CableLine[] {
  const length = ({ from, to }: Bracket) => Math.abs(to.middle - from.middle);
  brackets.sort((one, other) => length(one) - length(other));
  const taken = new Map<string, { top: number; bottom: number }[]>();
  return brackets.map(({ cable, from, to, side }) => {
    const top = Math.min(from.middle, to.middle);
    const bottom = Math.max(from.middle, to.middle);
    const stretches = (lane: number) => taken.get(`${side * (lane + 1)}`) ?? [];
    let lane = 0;
    while (lane < LANES - 1 && stretches(lane).some((one) => one.top <= bottom && top <= one.bottom)) lane++;
    taken.set(`${side * (lane + 1)}`, [...(lane < LANES - 1 ? stretches(lane) : []), { top, bottom }]);
    const out = from.x + side * (14 + lane * LANE_PX);
    const radius = Math.min(8, (bottom - top) / 2);
    const corner = out - side * radius;
    const turn = from.middle < to.middle ? radius : -radius;
    const path =
      `M${from.x} ${from.middle}H${corner}Q${out} ${from.middle} ${out} ${from.middle + turn}` +
      `V${to.middle - turn}Q${out} ${to.middle} ${corner} ${to.middle}H${to.x}`;
    return { cable, path, top: top - 10, height: bottom - top + 20 };
  });
}
