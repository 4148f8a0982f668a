/** Here-documents, as RUN, COPY and ADD take them (docs.docker.com/reference/dockerfile/#here-documents). */
import type { Range } from "./source";
import { isSpace, rangeOfSpan, textOf, type Span } from "./word";

/** `<<EOF` and the lines that follow it. */
export interface Heredoc {
  /** The closing line; for COPY and ADD also the file's name. */
  name: string;
  /** Whether variables in it are put in: not so when any part of the name is quoted. */
  expand: boolean;
  /** `<<-`: tabs at the start of its lines are dropped, before the closing line too. */
  stripTabs: boolean;
  /** The number in `3<<EOF`; 0 when there is none. */
  fileDescriptor: number;
  /** The text, without those tabs. */
  content: string;
  /** The text as it stands in the Dockerfile. */
  raw: string;
  /** Where `<<EOF` stands. */
  range: Range;
}

/** `<<EOF` alone: its lines are still to be read. */
export interface HeredocStart extends Omit<Heredoc, "content" | "raw"> {
  span: Span;
}

/**
 * The here-documents that an instruction opens. Docker's rules are a little narrower than a shell's: `<<` has to begin
 * its word (after a number at most), and the name is all that stands up to the next blank.
 */
export function findHeredocs(args: Span): HeredocStart[] {
  const { line, end } = args;
  const starts: HeredocStart[] = [];
  let wordStart = -1;
  const endWord = (at: number): void => {
    const start = wordStart < 0 ? undefined : heredocStart({ line, start: wordStart, end: at });
    if (start) starts.push(start);
    wordStart = -1;
  };
  for (let i = args.start; i < end; i++) {
    const char = line.text[i];
    if (isSpace(char)) {
      endWord(i);
      continue;
    }
    if (wordStart < 0) wordStart = i;
    if (char === "\\") {
      i++;
    } else if (char === "'" || char === '"') {
      const close = closingQuote(line.text, i, end);
      // Docker sees no here-document in a line whose quotes do not match.
      if (close < 0) return [];
      i = close;
    } else if (char === "<" && line.text[i + 1] === "<" && i + 1 < end) {
      i++;
      while (i + 1 < end && isSpace(line.text[i + 1])) i++;
    }
  }
  endWord(end);
  return starts;
}

function closingQuote(text: string, open: number, end: number): number {
  for (let i = open + 1; i < end; i++) {
    if (text[i] === "\\" && text[open] === '"') i++;
    else if (text[i] === text[open]) return i;
  }
  return -1;
}

const START = /^(\d*)<<(-?)/;

function heredocStart(span: Span): HeredocStart | undefined {
  const match = START.exec(textOf(span));
  if (!match) return undefined;
  const [opening, fileDescriptor, dash] = match;
  const written = textOf(span).slice(opening.length).trimStart();
  const { name, quoted } = unquote(written);
  if (name === "" || written.includes("<")) return undefined;
  return {
    name,
    expand: !quoted,
    stripTabs: dash === "-",
    fileDescriptor: Number(fileDescriptor || "0"),
    range: rangeOfSpan(span),
    span,
  };
}

/** The name without quotes and escapes, which a shell would drop too. */
function unquote(written: string): { name: string; quoted: boolean } {
  let name = "";
  let quote = "";
  let quoted = false;
  for (let i = 0; i < written.length; i++) {
    const char = written[i];
    if (char === quote) {
      quote = "";
    } else if (quote === "" && (char === "'" || char === '"')) {
      quote = char;
      quoted = true;
    } else if (char === "\\" && (quote === "" || (quote === '"' && /["$\\]/.test(written[i + 1] ?? "")))) {
      name += written[++i] ?? "";
    } else {
      name += char;
    }
  }
  return { name, quoted };
}

/** Whether a line closes the here-document. */
export function closes({ name, stripTabs }: HeredocStart, line: string): boolean {
  return (stripTabs ? line.replace(/^\t+/, "") : line) === name;
}

/** The here-document with the text that was read for it. */
export function heredocOf(start: HeredocStart, raw: string): Heredoc {
  const { name, expand, stripTabs, fileDescriptor, range } = start;
  return {
    name,
    expand,
    stripTabs,
    fileDescriptor,
    content: stripTabs ? raw.replace(/^\t+/gm, "") : raw,
    raw,
    range,
  };
}
