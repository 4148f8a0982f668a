/** A row of a forest of anything, in px from the top left. All rows are of one height. */
export interface Row<T> {
  key: string;
  item: T;
  top: number;
  height: number;
  left: number;
  /** For `aria-level`, `aria-posinset` and `aria-setsize`. */
  level: number;
  position: number;
  setSize: number;
  parentKey?: string;
  /** Undefined for a leaf. */
  open?: boolean;
}

/** The line from a parent down to its last child. */
export interface RowRail {
  key: string;
  left: number;
  top: number;
  height: number;
}

export interface RowLayout<T> {
  rows: Row<T>[];
  rails: RowRail[];
  height: number;
}

export interface RowMeasures {
  rowPx: number;
  /** How far a child stands in from its parent. */
  stepPx: number;
  /** Space around the whole. */
  gapPx: number;
}

export interface Forested<T> {
  roots: readonly T[];
  children(item: T): readonly T[];
  /** Unique in the forest. */
  key(item: T): string;
  isOpen(item: T): boolean;
}

/** Deeper children no longer move in: a chain of directories must not leave the screen. */
export const MAX_STEPS = 12;

/** Lays out the rows that are not folded away. `forest` must not lead back to itself. */
export function layRows<T>(forest: Forested<T>, { rowPx, stepPx, gapPx }: RowMeasures): RowLayout<T> {
  const rows: Row<T>[] = [];
  const rails: RowRail[] = [];
  interface Frame {
    siblings: readonly T[];
    next: number;
    parent?: Row<T>;
    /** Top of the last child drawn. */
    last: number;
  }
  const stack: Frame[] = [{ siblings: forest.roots, next: 0, last: 0 }];
  while (stack.length) {
    const frame = stack[stack.length - 1];
    const { parent } = frame;
    if (frame.next === frame.siblings.length) {
      stack.pop();
      if (parent) {
        const from = parent.top + rowPx - 4;
        rails.push({ key: parent.key, left: parent.left + 10, top: from, height: frame.last + rowPx / 2 - from });
      }
      continue;
    }
    const item = frame.siblings[frame.next++];
    const level = stack.length;
    const children = forest.children(item);
    const row: Row<T> = {
      key: forest.key(item),
      item,
      top: gapPx + rows.length * rowPx,
      height: rowPx,
      left: gapPx + Math.min(level - 1, MAX_STEPS) * stepPx,
      level,
      position: frame.next,
      setSize: frame.siblings.length,
      parentKey: parent?.key,
      open: children.length ? forest.isOpen(item) : undefined,
    };
    rows.push(row);
    frame.last = row.top;
    if (row.open) stack.push({ siblings: children, next: 0, parent: row, last: 0 });
  }
  return { rows, rails, height: rows.length * rowPx + 2 * gapPx };
}
