/** Rows of a table that exist at a time. */
export const PAGE_ROWS = 200;

/** One page of a table. */
export interface TablePage<T> {
  /** Its number, from 0. */
  page: number;
  rows: T[];
}

/** The page of `rows` that was turned to, or the last one when the table has become shorter. */
export function pageOf<T>(rows: readonly T[], turnedTo: number): TablePage<T> {
  const page = Math.min(turnedTo, Math.max(0, Math.ceil(rows.length / PAGE_ROWS) - 1));
  return { page, rows: rows.slice(page * PAGE_ROWS, (page + 1) * PAGE_ROWS) };
}
