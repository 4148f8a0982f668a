import { tick, untrack } from "svelte";
import { inWindow } from "./tree-layout";

/** How much is drawn beyond the edges of what is seen. */
const OVERSCAN_PX = 200;
/** Space left between a row that was scrolled to and the edge. */
const EDGE_PX = 8;

/** A row of a tree, in px from the tree's top. */
interface TreeRow {
  key: string;
  top: number;
  height: number;
  /** Row that the arrow key to the left leads to. */
  parentKey?: string;
  /** Undefined for a leaf. */
  open?: boolean;
}

interface Tree<Row> {
  /** What is not folded away, from the top. */
  rows: () => readonly Row[];
  /** Key of the row that Tab leads to as long as none has had the focus. */
  first?: () => string | undefined;
  onactivate: (row: Row) => void;
  /** Asked only of a row that is not so already. */
  ontoggle?: (row: Row, open: boolean) => void;
  /** Keys that do something else than in other trees. */
  moves?: (row: Row) => Record<string, () => void>;
}

/**
 * A tree of which only the rows in sight exist, with the keyboard of an ARIA tree. The component that draws it makes this
 * when it is made itself, binds `scroller` and `height` to the element that scrolls, passes its events on, and gives each
 * row its key as `data-key`.
 */
export class RowWindow<Row extends TreeRow> {
  scroller = $state<HTMLElement>();
  height = $state(0);
  #scrollTop = $state(0);
  #focusKey = $state<string>();
  #focusIndex = 0;
  #focused = false;
  readonly #tree: Tree<Row>;

  /** Where each row is in the list of rows. */
  readonly indexes: ReadonlyMap<string, number> = $derived.by(
    () => new Map(this.#tree.rows().map((row, index) => [row.key, index])),
  );
  /** The row that Tab leads to; it exists even when it is scrolled out of sight. */
  readonly tabRow: Row | undefined = $derived.by(() => {
    const rows = this.#tree.rows();
    const index = this.indexes.get(this.#focusKey ?? this.#tree.first?.() ?? "");
    return rows.at(index ?? Math.min(this.#focusIndex, rows.length - 1));
  });
  readonly shown: readonly Row[] = $derived.by(() => {
    const rows = this.inSight(this.#tree.rows());
    if (this.tabRow && !rows.includes(this.tabRow)) rows.push(this.tabRow);
    return rows;
  });

  constructor(tree: Tree<Row>) {
    this.#tree = tree;
    // A row that goes takes the focus with it: the row in its place gets it.
    $effect(() => {
      void this.#tree.rows();
      untrack(() => {
        if (this.#focused && document.activeElement === document.body) void this.focus(this.tabRow);
      });
    });
  }

  /** Those of `items`, drawn on the tree, that are in sight or near it. */
  inSight<Item extends { top: number; height: number }>(items: readonly Item[]): Item[] {
    return inWindow(items, this.#scrollTop - OVERSCAN_PX, this.#scrollTop + this.height + OVERSCAN_PX);
  }

  row(key: string | undefined): Row | undefined {
    const index = key === undefined ? undefined : this.indexes.get(key);
    return index === undefined ? undefined : this.#tree.rows()[index];
  }

  reveal({ top, height }: Row): void {
    if (!this.scroller) return;
    const { scrollTop } = this.scroller;
    if (top < scrollTop) this.scroller.scrollTop = top - EDGE_PX;
    else if (top + height > scrollTop + this.height) this.scroller.scrollTop = top + height - this.height + EDGE_PX;
  }

  async focus(row: Row | undefined): Promise<void> {
    if (!row || !this.scroller) return;
    this.#remember(row.key);
    this.reveal(row);
    await tick();
    this.scroller?.querySelector<HTMLElement>(`[data-key="${CSS.escape(row.key)}"]`)?.focus({ preventScroll: true });
  }

  readonly onscroll = (): void => {
    this.#scrollTop = this.scroller?.scrollTop ?? 0;
  };

  readonly onfocusin = ({ target }: FocusEvent): void => {
    this.#focused = true;
    // What stands in a row may have the focus without the row being the one that Tab leads to.
    const { key } = (target as HTMLElement).dataset;
    if (key !== undefined) this.#remember(key);
  };

  readonly onfocusout = ({ relatedTarget }: FocusEvent): void => {
    this.#focused = relatedTarget === null && !document.hasFocus();
  };

  readonly onkeydown = (event: KeyboardEvent): void => {
    const row = this.tabRow;
    if (event.ctrlKey || event.altKey || event.metaKey || !row) return;
    const { rows: read, onactivate, ontoggle, moves } = this.#tree;
    const rows = read();
    const at = this.indexes.get(row.key) ?? 0;
    const page = Math.max(1, Math.floor(this.height / row.height) - 1);
    const go = (to: Row | undefined) => void this.focus(to);
    const keys: Record<string, () => void> = {
      ArrowDown: () => go(rows[at + 1]),
      ArrowUp: () => go(rows[at - 1]),
      PageDown: () => go(rows[Math.min(at + page, rows.length - 1)]),
      PageUp: () => go(rows[Math.max(at - page, 0)]),
      Home: () => go(rows[0]),
      End: () => go(rows.at(-1)),
      ArrowRight: () => (row.open ? go(rows[at + 1]) : row.open === false && ontoggle?.(row, true)),
      ArrowLeft: () => (row.open ? ontoggle?.(row, false) : go(this.row(row.parentKey))),
      Enter: () => onactivate(row),
      " ": () => onactivate(row),
      ...moves?.(row),
    };
    const move = keys[event.key];
    if (!move) return;
    event.preventDefault();
    move();
  };

  #remember(key: string): void {
    this.#focusKey = key;
    this.#focusIndex = this.indexes.get(key) ?? 0;
  }
}
