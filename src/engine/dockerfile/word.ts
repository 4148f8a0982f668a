/** How Docker cuts the arguments of an instruction into words. Variables stay as they are; `variable.ts` puts them in. */
import { rangeOf, type LogicalLine, type Range } from "./source";

/** One argument as it stands in the Dockerfile: with its quotes, escapes and variables. */
export interface Word {
  text: string;
  range: Range;
}

/** Part of a logical line, from one offset to another. */
export interface Span {
  line: LogicalLine;
  start: number;
  end: number;
}

// Go's unicode.IsSpace.
const SPACE = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

export const isSpace = (char: string): boolean => SPACE.test(char);

export const textOf = ({ line, start, end }: Span): string => line.text.slice(start, end);

export const rangeOfSpan = ({ line, start, end }: Span): Range => rangeOf(line, start, end);

export const wordOf = (span: Span): Word => ({ text: textOf(span), range: rangeOfSpan(span) });

/** The span without the blanks at its ends. */
export function trimSpan({ line, start, end }: Span): Span {
  while (start < end && isSpace(line.text[start])) start++;
  while (end > start && isSpace(line.text[end - 1])) end--;
  return { line, start, end };
}

/** The keyword ends at the first blank. */
export function splitKeyword(span: Span): { keyword: Span; args: Span } {
  const { line, start, end } = span;
  const length = textOf(span).search(/[\t\v\f\r ]/);
  const keywordEnd = length < 0 ? end : start + length;
  return { keyword: { line, start, end: keywordEnd }, args: { line, start: keywordEnd, end } };
}

/** Words between blanks, whatever quotes they hold: the arguments of FROM, COPY, ADD, EXPOSE and VOLUME. */
export function splitAtBlanks({ line, start, end }: Span): Span[] {
  const spans: Span[] = [];
  for (const match of line.text.slice(start, end).matchAll(/[^\t\v\f\r ]+/g)) {
    spans.push({ line, start: start + match.index, end: start + match.index + match[0].length });
  }
  return spans;
}

/** Words as a shell sees them, blanks in quotes or behind the escape character kept: the arguments of ENV, LABEL and ARG. */
export function splitQuoted({ line, start, end }: Span, escape: string): Span[] {
  const spans: Span[] = [];
  let wordStart = -1;
  let quote = "";
  for (let i = start; i < end; i++) {
    const char = line.text[i];
    if (wordStart < 0) {
      if (isSpace(char)) continue;
      wordStart = i;
    }
    if (char === escape && quote !== "'") {
      i++;
    } else if (quote !== "") {
      if (char === quote) quote = "";
    } else if (char === "'" || char === '"') {
      quote = char;
    } else if (isSpace(char)) {
      spans.push({ line, start: wordStart, end: i });
      wordStart = -1;
    }
  }
  if (wordStart < 0) return spans;
  // An escape character that is the last of all escapes nothing, and Docker drops it.
  const last =
    quote !== "'" && line.text[end - 1] === escape && isEscaping(line.text, wordStart, end - 1, escape) ? end - 1 : end;
  if (last > wordStart) spans.push({ line, start: wordStart, end: last });
  return spans;
}

function isEscaping(text: string, start: number, at: number, escape: string): boolean {
  let run = 0;
  while (at - run - 1 >= start && text[at - run - 1] === escape) run++;
  return run % 2 === 0;
}

/** What an argument list in brackets turned out to be. */
export type JsonWords =
  | { kind: "words"; words: Word[] }
  /** Not JSON at all: Docker takes it as a shell would. */
  | { kind: "not-json" }
  /** JSON, but not of strings alone, which Docker refuses. */
  | { kind: "not-strings" };

const JSON_STRING = /"(?:[^"\\]|\\.)*"/g;
// Go, too, puts the replacement character for half a character.
const LONE_SURROGATE = /\p{Surrogate}/gu;

/** The exec form, `["program", "argument"]`. */
export function splitJson(span: Span): JsonWords {
  const text = textOf(span);
  if (!text.startsWith("[")) return { kind: "not-json" };
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return { kind: "not-json" };
  }
  if (!Array.isArray(list) || !list.every((item) => typeof item === "string")) return { kind: "not-strings" };
  const literals = [...text.matchAll(JSON_STRING)];
  return {
    kind: "words",
    words: list.map((item: string, index) => {
      const start = span.start + literals[index].index;
      return {
        text: item.replace(LONE_SURROGATE, "\ufffd"),
        range: rangeOf(span.line, start, start + literals[index][0].length),
      };
    }),
  };
}

/** Whether somebody who wrote this meant the exec form: `['sh']`, `["a" "b"]`, `[sh, -c]`, but not `[ -f x ] && y`. */
export function looksLikeJson(text: string): boolean {
  if (/^\[\s*["'“”]/.test(text)) return true;
  return text.startsWith("[") && text.indexOf("]") === text.length - 1 && text.includes(",");
}
