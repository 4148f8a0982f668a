/** A line that both texts have, or only the one or the other. */
export interface DiffLine {
  sign: " " | "-" | "+";
  text: string;
}

/** Lines that are added and removed before a difference is no longer searched for the shortest one. */
export const EDIT_LIMIT = 1000;

/**
 * The lines of two texts as one list, by the shortest edit (E. Myers, "An O(ND) Difference Algorithm", 1986). Texts
 * that differ by more than `editLimit` lines are shown as one replaced by the other, between what they begin and end with.
 */
export function diffLines(before: readonly string[], after: readonly string[], editLimit = EDIT_LIMIT): DiffLine[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  const room = Math.min(before.length, after.length) - start;
  while (end < room && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  const line = (sign: DiffLine["sign"]) => (text: string) => ({ sign, text });
  const removed = before.slice(start, before.length - end);
  const added = after.slice(start, after.length - end);
  return [
    ...before.slice(0, start).map(line(" ")),
    ...(shortestEdit(removed, added, editLimit) ?? [...removed.map(line("-")), ...added.map(line("+"))]),
    ...before.slice(before.length - end).map(line(" ")),
  ];
}

/** How far into `before` each diagonal reaches, that of number `-offset` first. */
interface Reach {
  x: Int32Array;
  offset: number;
}

function shortestEdit(before: readonly string[], after: readonly string[], limit: number): DiffLine[] | undefined {
  const most = Math.min(limit, before.length + after.length);
  const reach: Reach = { x: new Int32Array(2 * most + 3), offset: most + 1 };
  // The reach before each round of one edit more, to walk back by.
  const history: Reach[] = [];
  for (let d = 0; d <= most; d++) {
    const { offset } = reach;
    history.push({ x: reach.x.slice(offset - d - 1, offset + d + 2), offset: d + 1 });
    for (let k = -d; k <= d; k += 2) {
      let x = comesDown(reach, k, d) ? reach.x[offset + k + 1] : reach.x[offset + k - 1] + 1;
      while (x < before.length && x - k < after.length && before[x] === after[x - k]) x++;
      reach.x[offset + k] = x;
      if (x >= before.length && x - k >= after.length) return walkBack(history, before, after);
    }
  }
  return undefined;
}

/** Whether the furthest way to diagonal `k` comes by an added line. */
function comesDown({ x, offset }: Reach, k: number, d: number): boolean {
  return k === -d || (k !== d && x[offset + k - 1] < x[offset + k + 1]);
}

function walkBack(history: readonly Reach[], before: readonly string[], after: readonly string[]): DiffLine[] {
  const lines: DiffLine[] = [];
  let x = before.length;
  let y = after.length;
  for (let d = history.length - 1; d >= 0; d--) {
    const k = x - y;
    const down = comesDown(history[d], k, d);
    const from = down ? k + 1 : k - 1;
    const fromX = d === 0 ? 0 : history[d].x[history[d].offset + from];
    const fromY = d === 0 ? 0 : fromX - from;
    // Where the edit ends and the equal lines behind it begin.
    const cornerX = d === 0 || down ? fromX : fromX + 1;
    while (x > cornerX) {
      x--;
      lines.push({ sign: " ", text: before[x] });
    }
    if (d > 0) lines.push(down ? { sign: "+", text: after[fromY] } : { sign: "-", text: before[fromX] });
    x = fromX;
    y = fromY;
  }
  return lines.reverse();
}

/** A stretch of a difference: its lines, or how many equal ones are left out. */
export type DiffPart = DiffLine | { skipped: number };

/** Leaves out equal lines that are further than `context` from a difference. */
export function foldEqual(lines: readonly DiffLine[], context = 3): DiffPart[] {
  const near = new Uint8Array(lines.length);
  for (const [index, { sign }] of lines.entries()) {
    if (sign !== " ") near.fill(1, Math.max(0, index - context), index + context + 1);
  }
  const parts: DiffPart[] = [];
  for (const [index, line] of lines.entries()) {
    const last = parts.at(-1);
    if (near[index]) parts.push(line);
    else if (last && "skipped" in last) last.skipped++;
    else parts.push({ skipped: 1 });
  }
  return parts;
}
