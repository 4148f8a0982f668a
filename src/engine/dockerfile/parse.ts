/**
 * The text of a Dockerfile to its instructions. Nothing is thrown: whatever is wrong is in `problems`, and what could be
 * read is there all the same.
 *
 * Format: docs.docker.com/reference/dockerfile; where that is silent, what moby/buildkit's parser does.
 */
import { FILE_CHARS_MAX, HEREDOCS_MAX, INSTRUCTION_CHARS_MAX, INSTRUCTIONS_MAX } from "./bounds";
import { checkLateDirective, ESCAPE_DEFAULT, escapeOf, parseDirectives, type Directive } from "./directive";
import { closes, findHeredocs, heredocOf, type Heredoc, type HeredocStart } from "./heredoc";
import type { Instruction } from "./instruction";
import type { InstructionContext, PlacedHeredoc } from "./arguments";
import { parseInstruction } from "./parse-instruction";
import { Problems, type Problem } from "./problem";
import { lineRange, positionAt, rangeOf, sourceLines, type LogicalLine, type Range, type SourceLine } from "./source";
import { isSpace, splitKeyword, textOf, trimSpan, type Span } from "./word";

/** What a Dockerfile says, in its order. */
export interface Dockerfile {
  directives: Directive[];
  /** A backslash, or a backtick by directive. */
  escape: string;
  comments: Comment[];
  instructions: Instruction[];
}

export interface Comment {
  /** Without the "#" and the blanks around. */
  text: string;
  range: Range;
}

export interface ParsedDockerfile {
  dockerfile: Dockerfile;
  /** In the order of the file. With an error among them the Dockerfile must not be built. */
  problems: Problem[];
  /** Whether every FROM could be read, without which stages cannot be told apart. */
  stagesKnown: boolean;
}

const START: Range = { start: { line: 1, column: 1 }, end: { line: 1, column: 1 } };

export function parseDockerfile(text: string): ParsedDockerfile {
  const problems = new Problems();
  const dockerfile: Dockerfile = { directives: [], escape: ESCAPE_DEFAULT, comments: [], instructions: [] };
  if (text.length > FILE_CHARS_MAX) {
    const message = `A Dockerfile may have ${FILE_CHARS_MAX} characters; this one has ${text.length}.`;
    problems.error("too-large", START, message);
    return { dockerfile, problems: problems.list(), stagesKnown: false };
  }
  const lines = sourceLines(text);
  dockerfile.directives = parseDirectives(lines, problems);
  dockerfile.escape = escapeOf(dockerfile.directives);
  const stagesKnown = readInstructions(new LineReader(lines), dockerfile, problems);
  return { dockerfile, problems: problems.list(), stagesKnown };
}

/**
 * The instruction that an image keeps for those who build on it (`config.OnBuild`). Its ranges are those within the
 * expression.
 */
export function parseTrigger(expression: string): { instruction?: Instruction; problems: Problem[] } {
  const problems = new Problems();
  if (expression.length > FILE_CHARS_MAX) {
    problems.error("too-large", START, `A trigger may have ${FILE_CHARS_MAX} characters.`);
    return { problems: problems.list() };
  }
  const reader = new LineReader(sourceLines(expression));
  const first = readLogicalLine(reader, ESCAPE_DEFAULT, problems, () => undefined);
  const instruction = first && parseInstruction(wholeOf(first), contextOf(reader, ESCAPE_DEFAULT, problems));
  if (!first) problems.error("no-instructions", START, "This trigger holds no instruction.");
  if (readLogicalLine(reader, ESCAPE_DEFAULT, problems, () => undefined)) {
    problems.error("bad-argument", START, "A trigger is one instruction, not several.");
  }
  return { instruction, problems: problems.list() };
}

/** Goes through the lines of a file once. */
class LineReader {
  readonly lines: SourceLine[];
  /** Index of the line that `next` gives. */
  at = 0;

  constructor(lines: SourceLine[]) {
    this.lines = lines;
  }

  next(): SourceLine | undefined {
    return this.lines[this.at++];
  }

  /** The last line that was given. */
  get last(): SourceLine {
    return this.lines[Math.min(this.at, this.lines.length) - 1];
  }
}

/** @returns whether every FROM could be read. */
function readInstructions(reader: LineReader, dockerfile: Dockerfile, problems: Problems): boolean {
  const { escape, comments, instructions, directives } = dockerfile;
  const context = contextOf(reader, escape, problems);
  const addComment = (line: SourceLine): void => {
    const range = lineRange(line);
    if (line.number <= directives.length) return;
    checkLateDirective(line, problems);
    comments.push({ text: line.text.trim().slice(1).trim(), range });
  };
  let froms = 0;
  let count = 0;
  for (;;) {
    const line = readLogicalLine(reader, escape, problems, addComment);
    if (!line) break;
    if (++count > INSTRUCTIONS_MAX) {
      problems.error("too-large", rangeOf(line, 0, 1), `A Dockerfile may have ${INSTRUCTIONS_MAX} instructions.`);
      break;
    }
    const span = trimSpan(wholeOf(line));
    const keyword = textOf(splitKeyword(span).keyword).toUpperCase();
    if (keyword === "FROM") froms++;
    const instruction = parseInstruction(span, context);
    if (instruction) instructions.push(instruction);
    if (instruction && froms === 0 && keyword !== "ARG") {
      const message = `${keyword} stands before the first FROM, where only ARG may stand. Begin with FROM and an image.`;
      problems.error("no-stage", instruction.range, message, { found: keyword, expected: "FROM or ARG" });
    }
  }
  const end = reader.lines.length === 0 ? START : lineRange(reader.last);
  if (count === 0) {
    problems.error("no-instructions", end, "The file has no instructions. Begin with FROM and an image.", {
      found: "the end of the file",
      expected: "FROM",
    });
  } else if (froms === 0 && problems.errors === 0) {
    problems.error("no-stage", end, "The file has no FROM, so there is nothing to build. Add FROM and an image.", {
      found: "the end of the file",
      expected: "FROM",
    });
  }
  return froms === instructions.filter(({ kind }) => kind === "FROM").length;
}

const wholeOf = (line: LogicalLine): Span => ({ line, start: 0, end: line.text.length });

const isComment = (text: string): boolean => /^\s*#/.test(text);

/** The next instruction, its continuation lines joined; nothing at the end of the file. */
function readLogicalLine(
  reader: LineReader,
  escape: string,
  problems: Problems,
  onComment: (line: SourceLine) => void,
): LogicalLine | undefined {
  const logical: LogicalLine = { text: "", segments: [] };
  let emptyLine: SourceLine | undefined;
  for (let line = reader.next(); line; line = reader.next()) {
    // Between two lines of an instruction, comments and empty lines count for nothing.
    if (isComment(line.text)) {
      onComment(line);
      continue;
    }
    const { text, continues } = splitContinuation(line.text, escape);
    const begun = logical.segments.length > 0;
    if (leadingSpace(line.text) === line.text.length) {
      if (begun) emptyLine ??= line;
      continue;
    }
    // Blanks at the start of an instruction are dropped; at the start of its further lines they are part of it.
    const skipped = logical.text === "" ? leadingSpace(text) : 0;
    const offset = logical.text.length;
    logical.segments.push({ offset, position: { line: line.number, column: skipped + 1 } });
    logical.text += text.slice(skipped);
    if (!continues) break;
  }
  if (logical.segments.length === 0) return undefined;
  if (emptyLine) {
    const message =
      "Docker will refuse empty lines within an instruction one day. Delete the line, or begin it with #.";
    problems.warning("empty-continuation", lineRange(emptyLine), message);
  }
  if (logical.text.length > INSTRUCTION_CHARS_MAX) {
    const message = `An instruction may have ${INSTRUCTION_CHARS_MAX} characters; this one has ${logical.text.length}.`;
    problems.error("too-large", rangeOf(logical, 0, 1), message);
    return readLogicalLine(reader, escape, problems, onComment);
  }
  // A lone escape character, and nothing after it.
  if (logical.text.trim() === "") return readLogicalLine(reader, escape, problems, onComment);
  return logical;
}

function leadingSpace(text: string): number {
  let length = 0;
  while (length < text.length && isSpace(text[length])) length++;
  return length;
}

/** A line goes on when it ends with one escape character, blanks after it or not. Two of them are an escaped one. */
function splitContinuation(text: string, escape: string): { text: string; continues: boolean } {
  let end = text.length;
  while (end > 0 && (text[end - 1] === " " || text[end - 1] === "\t")) end--;
  const continues = text[end - 1] === escape && text[end - 2] !== escape;
  return continues ? { text: text.slice(0, end - 1), continues } : { text, continues };
}

function contextOf(reader: LineReader, escape: string, problems: Problems): InstructionContext {
  return {
    escape,
    problems,
    readHeredocs: (args) => readHeredocs(reader, args, problems),
    frame: (span) => frame(reader, span),
  };
}

function frame(reader: LineReader, span: Span): { range: Range; original: string; source: string } {
  const start = positionAt(span.line, span.start);
  const last = reader.last;
  const lines = reader.lines.slice(start.line - 1, last.number).map(({ raw }) => raw);
  lines[0] = lines[0].replace(/^\ufeff/, "").slice(start.column - 1);
  return {
    range: { start, end: { line: last.number, column: last.text.length + 1 } },
    original: textOf(span),
    source: lines.join("").replace(/\r?\n$/, ""),
  };
}

function readHeredocs(reader: LineReader, args: Span, problems: Problems): PlacedHeredoc[] {
  const starts = findHeredocs(args);
  if (starts.length > HEREDOCS_MAX) {
    const message = `An instruction may open ${HEREDOCS_MAX} here-documents; this one opens ${starts.length}.`;
    problems.error("too-large", starts[HEREDOCS_MAX].range, message);
    return [];
  }
  return starts.map((start) => ({ heredoc: readHeredoc(reader, start, problems), span: start.span }));
}

function readHeredoc(reader: LineReader, start: HeredocStart, problems: Problems): Heredoc {
  const body: string[] = [];
  for (let line = reader.next(); line; line = reader.next()) {
    if (closes(start, line.text)) return heredocOf(start, body.join(""));
    body.push(line.raw);
  }
  const message = `The here-document ${start.name} is not closed: a line with ${start.name} alone is missing after it.`;
  problems.error("bad-heredoc", start.range, message, {
    found: "the end of the file",
    expected: start.name,
  });
  return heredocOf(start, body.join(""));
}
