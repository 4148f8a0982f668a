import type { Forest, Node, PaneNode } from "./forest";

/**
 * Where everything of the process tree is drawn, in px from the top left. Rows have fixed heights, so only those in
 * the window need to exist: three thousand tasks cost what thirty do.
 */
export interface TreeLayout {
  rows: Row[];
  panes: PaneBox[];
  rails: Rail[];
  height: number;
}

export interface Row {
  key: string;
  node: Node | { type: "kernel"; count: number };
  top: number;
  height: number;
  left: number;
  /** Distance from the right edge. */
  right: number;
  /** For `aria-level`, `aria-posinset` and `aria-setsize`. */
  level: number;
  position: number;
  setSize: number;
  /** Row that the arrow key to the left leads to. */
  parentKey?: string;
  /** Directly in a pane: its outline stands for the line to a parent. */
  inPane: boolean;
  /** Undefined for a leaf. */
  open?: boolean;
}

/** The outline of a pane of glass. */
export interface PaneBox {
  pane: PaneNode;
  top: number;
  height: number;
  left: number;
  right: number;
}

/** The line from a parent down to its last child. */
export interface Rail {
  key: string;
  left: number;
  top: number;
  height: number;
}

export interface TreeMeasures {
  /** Height of a task. */
  rowPx: number;
  /** Height of a pane's head. */
  headPx(pane: PaneNode): number;
  /** How far a child stands in from its parent. */
  stepPx: number;
  /** Space around a pane. */
  gapPx: number;
}

/** Deeper children no longer move in: a chain of forks must not leave the screen. */
export const MAX_STEPS = 16;

/** Key of the row that folds the kernel's threads. */
export const KERNEL_ROW = "kernel";

/**
 * Lays out `forest` with the rows in `closed` (by key) folded. `kernelOpen` only sets the state of the kernel
 * threads' row: their nodes are in the forest or not.
 */
export function layTree(
  forest: Forest,
  closed: ReadonlySet<string>,
  kernelOpen: boolean,
  { rowPx, headPx, stepPx, gapPx }: TreeMeasures,
): TreeLayout {
  const rows: Row[] = [];
  const panes: PaneBox[] = [];
  const rails: Rail[] = [];
  let top = gapPx;

  interface Frame {
    siblings: Node[];
    next: number;
    depth: number;
    /** How many panes are around. */
    glass: number;
    level: number;
    parent?: Row;
    /** Set while the frame's parent is a pane: closed when the frame ends. */
    box?: PaneBox;
    /** Middle of the last child drawn, where the rail ends. */
    lastMiddle: number;
  }
  const leftOf = (depth: number) => gapPx + Math.min(depth, MAX_STEPS) * stepPx;

  const stack: Frame[] = [{ siblings: forest.roots, next: 0, depth: 0, glass: 0, level: 1, lastMiddle: 0 }];
  while (stack.length) {
    const frame = stack[stack.length - 1];
    if (frame.next === frame.siblings.length) {
      stack.pop();
      if (frame.box) {
        top += gapPx;
        frame.box.height = top - frame.box.top;
        top += gapPx;
      } else if (frame.parent && frame.lastMiddle) {
        const from = frame.parent.top + rowPx - 4;
        rails.push({
          key: frame.parent.key,
          left: leftOf(frame.depth - 1) + stepPx / 2,
          top: from,
          height: frame.lastMiddle - from,
        });
      }
      continue;
    }
    const node = frame.siblings[frame.next++];
    const isPane = node.type === "pane";
    if (isPane) top += gapPx;
    const key = node.key;
    const row: Row = {
      key,
      node,
      top,
      height: isPane ? headPx(node) : rowPx,
      left: leftOf(frame.depth),
      right: gapPx + frame.glass * gapPx,
      level: frame.level,
      position: frame.next,
      setSize: frame.siblings.length + (frame.level === 1 && forest.kernelThreadCount ? 1 : 0),
      parentKey: frame.parent?.key,
      inPane: frame.box !== undefined,
      open: node.children.length ? !closed.has(key) : undefined,
    };
    rows.push(row);
    frame.lastMiddle = top + row.height / 2;
    top += row.height;
    let box: PaneBox | undefined;
    if (isPane) {
      box = { pane: node, top: row.top, height: 0, left: row.left, right: row.right };
      panes.push(box);
    }
    if (row.open || box) {
      stack.push({
        siblings: row.open ? node.children : [],
        next: 0,
        depth: frame.depth + 1,
        glass: frame.glass + (box ? 1 : 0),
        level: frame.level + 1,
        parent: row,
        box,
        lastMiddle: 0,
      });
    }
  }
  if (forest.kernelThreadCount) {
    rows.push({
      key: KERNEL_ROW,
      node: { type: "kernel", count: forest.kernelThreadCount },
      top,
      height: rowPx,
      left: leftOf(0),
      right: gapPx,
      level: 1,
      position: forest.roots.length + 1,
      setSize: forest.roots.length + 1,
      inPane: false,
      open: kernelOpen,
    });
    top += rowPx;
  }
  return { rows, panes, rails, height: top + gapPx };
}

/** The items that overlap the window from `top` to `bottom`; `items` may be in any order. */
export function inWindow<T extends { top: number; height: number }>(
  items: readonly T[],
  top: number,
  bottom: number,
): T[] {
  return items.filter((item) => item.top < bottom && item.top + item.height > top);
}
