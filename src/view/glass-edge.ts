/** The edge of a pane of glass: a rounded rectangle cut into one segment per namespace kind. */

export interface EdgeSegment {
  dashArray: string;
  dashOffset: number;
}

/** Length of the outline of a `width` by `height` rectangle with rounded corners, in px. */
export const outlineLength = (width: number, height: number, radius: number) =>
  2 * (width + height) - 8 * radius + 2 * Math.PI * radius;

/**
 * Dashes that draw segment `index` of `count` and nothing else: one stroke for a wall, short strokes for an open side.
 * SVG starts a rectangle's outline after its top left corner and goes clockwise.
 */
export function edgeSegment(length: number, index: number, count: number, open: boolean, gapPx = 5): EdgeSegment {
  const share = length / count;
  const drawn = Math.max(0, share - gapPx);
  if (!open) return { dashArray: `${drawn} ${length - drawn}`, dashOffset: -index * share };
  const dashPx = 4;
  const strokes = Math.max(1, Math.floor((drawn + dashPx) / (2 * dashPx)));
  const pattern = Array.from({ length: strokes }, () => `${dashPx} ${dashPx}`).join(" ");
  // The last gap runs on to the end of the outline.
  const dashArray = `${pattern.slice(0, pattern.lastIndexOf(" "))} ${length - (2 * strokes - 1) * dashPx}`;
  return { dashArray, dashOffset: -index * share };
}
