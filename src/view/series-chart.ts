/** Where a series and its limits are drawn: guest time to the right, values upwards. */

export interface Scale {
  fromNs: number;
  toNs: number;
  /** Value at the top. */
  top: number;
  width: number;
  height: number;
}

export interface Point {
  atNs: number;
  value: number;
  /** Highest since the point before. */
  peak?: number;
}

export interface Mark {
  atNs: number;
  untilNs: number;
  count: number;
}

export interface PlacedMark extends Mark {
  x: number;
  /** Where it ends; equal to `x` for an instant. */
  untilX: number;
}

const round = (px: number) => Math.round(px * 10) / 10;

export const xOf = ({ fromNs, toNs, width }: Scale, atNs: number): number =>
  round(((Math.min(Math.max(atNs, fromNs), toNs) - fromNs) / (toNs - fromNs || 1)) * width);

export const yOf = ({ top, height }: Scale, value: number): number =>
  round(height - (Math.min(Math.max(value, 0), top) / (top || 1)) * height);

/** The points that show: those in time, and the one before, which holds up to the left edge. */
export function inTime<T extends { atNs: number }>(points: readonly T[], fromNs: number): readonly T[] {
  const first = points.findIndex(({ atNs }) => atNs >= fromNs);
  if (first <= 0) return first < 0 ? points.slice(-1) : points;
  return points.slice(first - 1);
}

/** A quantity: each value holds until the next, the last one to the right edge. */
export function levelPath(points: readonly Point[], scale: Scale): string {
  let path = "";
  for (const { atNs, value, peak } of points) {
    path += `${path ? "H" : "M"}${xOf(scale, atNs)}${path ? "" : ` ${yOf(scale, value)}`}`;
    if (peak !== undefined && peak > value) path += `V${yOf(scale, peak)}`;
    path += `V${yOf(scale, value)}`;
  }
  return path && `${path}H${scale.width}`;
}

/**
 * A rate: each value is that of the time since the point before. Nothing happens after the last, unless that is not older than
 * `freshNs`: then the next is on its way.
 */
export function ratePath(points: readonly Point[], scale: Scale, freshNs = 0): string {
  if (!points.length) return "";
  let path = `M${xOf(scale, points[0].atNs)} ${scale.height}`;
  for (let index = 1; index < points.length; index++) {
    const { atNs, value } = points[index];
    path += `V${yOf(scale, value)}H${xOf(scale, atNs)}`;
  }
  const end = points[points.length - 1];
  if (scale.toNs - end.atNs <= freshNs) return `${path}H${scale.width}`;
  return `${path}V${scale.height}H${scale.width}`;
}

/** The same closed to the ground, to be filled. */
export function areaPath(path: string, { height, width }: Scale): string {
  const start = /^M([\d.]+)/.exec(path);
  return start ? `${path}H${width}V${height}H${start[1]}Z` : "";
}

/**
 * The last point of each stretch of `gapNs`, and the ends of longer silences: a rate over less than that says more about when
 * the kernel counts than about what ran.
 */
export function spaced<T extends { atNs: number }>(points: readonly T[], gapNs: number): T[] {
  const kept: T[] = [];
  points.forEach((point, index) => {
    const next = points[index + 1];
    const last = kept.at(-1);
    const ends = !next || Math.floor(point.atNs / gapNs) !== Math.floor(next.atNs / gapNs);
    if (!last || ends || point.atNs - last.atNs > 2 * gapNs) kept.push(point);
  });
  // The last stretch has only begun: it is taken together with the one before.
  if (kept.length > 2 && kept.at(-1)!.atNs - kept.at(-2)!.atNs < gapNs) {
    if (kept.at(-2)!.atNs - kept.at(-3)!.atNs <= 2 * gapNs) kept.splice(-2, 1);
  }
  return kept;
}

/**
 * Parts of the time that a counter of microseconds grew between points, for `ratePath`. The kernel counts in lumps, but there
 * is one CPU: none is more than the whole.
 */
export function sharesOf<T extends { atNs: number }>(points: readonly T[], counterUs: (point: T) => number): Point[] {
  return points.map((point, index) => {
    const before = points[index - 1];
    const forNs = before ? point.atNs - before.atNs : 0;
    const grownNs = before ? Math.max(0, counterUs(point) - counterUs(before)) * 1000 : 0;
    return { atNs: point.atNs, value: forNs > 0 ? Math.min(1, grownNs / forNs) : 0 };
  });
}

/** Marks in time; those nearer to the one before than `gapPx` are one with it. */
export function placeMarks(marks: readonly Mark[], scale: Scale, gapPx: number): PlacedMark[] {
  const placed: PlacedMark[] = [];
  for (const mark of marks) {
    if (mark.untilNs < scale.fromNs) continue;
    const x = xOf(scale, mark.atNs);
    const untilX = xOf(scale, mark.untilNs);
    const last = placed.at(-1);
    if (last && x - last.untilX < gapPx) {
      last.untilX = Math.max(last.untilX, untilX);
      last.untilNs = Math.max(last.untilNs, mark.untilNs);
      last.count += mark.count;
    } else placed.push({ ...mark, x, untilX });
  }
  return placed;
}

/**
 * The value at the top of a chart. A limit is in sight unless what is used is lost against it: beyond `ratio` times the
 * highest value the chart shows the values, and says that the limit is above.
 */
export function chartTop(highest: number, limits: readonly number[], least: number, ratio = 24): number {
  const shown = limits.filter((limit) => limit <= Math.max(highest, least) * ratio);
  return Math.max(highest, least, ...shown) * 1.15;
}
