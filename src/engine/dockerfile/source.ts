/** Places in a source text. */

/** Both from 1. A column counts UTF-16 code units, as editors and the language server protocol do. */
export interface Position {
  line: number;
  column: number;
}

/** `end` is the place behind the last character. */
export interface Range {
  start: Position;
  end: Position;
}

/** One line of the file. */
export interface SourceLine {
  /** From 1. */
  number: number;
  /** Without the end of the line. */
  text: string;
  /** With it: "\n", "\r\n", or nothing on the last line. */
  raw: string;
}

/** The lines of a file; a byte order mark is no part of the first. */
export function sourceLines(source: string): SourceLine[] {
  const raws = source.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  return raws.map((raw, index) => ({
    number: index + 1,
    text: raw.replace(/\r?\n$|\r$/, "").slice(index === 0 && raw.startsWith("\ufeff") ? 1 : 0),
    raw,
  }));
}

export function lineRange(line: SourceLine): Range {
  return {
    start: { line: line.number, column: 1 },
    end: { line: line.number, column: line.text.length + 1 },
  };
}

/**
 * The text of one instruction, with comments and line continuations taken out, and where each part of it came from.
 */
export interface LogicalLine {
  text: string;
  /** In order; each goes on until the next one's offset. */
  segments: { offset: number; position: Position }[];
}

/** Where the character at `offset` of the logical line stands in the file; one behind the last is allowed. */
export function positionAt({ segments }: LogicalLine, offset: number): Position {
  let low = 0;
  let high = segments.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (segments[middle].offset <= offset) low = middle;
    else high = middle - 1;
  }
  const segment = segments[low];
  return { line: segment.position.line, column: segment.position.column + offset - segment.offset };
}

/** Where the text between two offsets stands in the file. An empty text has an empty range. */
export function rangeOf(line: LogicalLine, start: number, end: number): Range {
  const from = positionAt(line, start);
  if (end <= start) return { start: from, end: from };
  const last = positionAt(line, end - 1);
  return { start: from, end: { line: last.line, column: last.column + 1 } };
}
