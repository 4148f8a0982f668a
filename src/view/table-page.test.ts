import { expect, test } from "vitest";
import { PAGE_ROWS, pageOf } from "./table-page";

const rows = Array.from({ length: PAGE_ROWS + 1 }, (_, index) => index);

test("a page holds its share of the rows, the last one what is left", () => {
  expect(pageOf(rows, 0)).toEqual({ page: 0, rows: rows.slice(0, PAGE_ROWS) });
  expect(pageOf(rows, 1)).toEqual({ page: 1, rows: [PAGE_ROWS] });
});

test("when the table becomes shorter than what was turned to, its last page shows", () => {
  expect(pageOf(rows.slice(0, 3), 1)).toEqual({ page: 0, rows: [0, 1, 2] });
  expect(pageOf([], 4)).toEqual({ page: 0, rows: [] });
});
