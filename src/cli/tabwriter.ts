/** How columns are laid out, as in Go's text/tabwriter: a column is at least `minWidth` wide and ends with `padding` spaces. */
export interface TabLayout {
  minWidth: number;
  padding: number;
}

/** Docker's tables. */
export const TABLE_LAYOUT: TabLayout = { minWidth: 10, padding: 3 };

const width = (text: string): number => Array.from(text).length;

/**
 * Aligns tab-separated cells. A column is a run of neighbouring lines that have a cell, ended by a tab, at that place; what
 * follows a line's last tab belongs to no column and is not padded.
 */
export const alignColumns = (text: string, layout: TabLayout = TABLE_LAYOUT): string => {
  const lines = text.split("\n").map((line) => line.split("\t"));
  const out = lines.map(() => "");
  const format = (from: number, to: number, column: number): void => {
    let line = from;
    while (line < to) {
      // The last cell of a line is not ended by a tab.
      if (lines[line].length - 1 <= column) {
        out[line] += lines[line][column] ?? "";
        line++;
        continue;
      }
      let end = line;
      let columnWidth = layout.minWidth;
      for (; end < to && lines[end].length - 1 > column; end++)
        columnWidth = Math.max(columnWidth, width(lines[end][column]) + layout.padding);
      for (let row = line; row < end; row++) {
        const cell = lines[row][column];
        out[row] += cell + " ".repeat(columnWidth - width(cell));
      }
      format(line, end, column + 1);
      line = end;
    }
  };
  format(0, lines.length, 0);
  return out.join("\n");
};
