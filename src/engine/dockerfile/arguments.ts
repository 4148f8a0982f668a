/** What the parsers of the single instructions share. */
import type { Flags } from "./flag";
import type { Heredoc } from "./heredoc";
import { USAGE, type Instruction, type InstructionKind } from "./instruction";
import type { ProblemCode, Problems } from "./problem";
import type { Range } from "./source";
import { rangeOfSpan, splitJson, textOf, wordOf, type Span, type Word } from "./word";

/** A here-document and where its `<<EOF` stands in the logical line. */
export interface PlacedHeredoc {
  heredoc: Heredoc;
  span: Span;
}

/** What the parser of one instruction needs from that of the file. */
export interface InstructionContext {
  /** The escape character: a backslash, or a backtick by directive. */
  escape: string;
  problems: Problems;
  /** Reads the here-documents that these arguments open; their lines follow the instruction. */
  readHeredocs(args: Span): PlacedHeredoc[];
  /** Range and texts of the instruction that begins with `span`, up to the last line that was read. */
  frame(span: Span): { range: Range; original: string; source: string };
}

/** The arguments of one instruction, its flags taken off. */
export interface Arguments {
  kind: InstructionKind;
  keyword: Range;
  flags: Flags;
  /** Without blanks at its ends. */
  rest: Span;
  context: InstructionContext;
}

/** An instruction without its frame. */
export type Details<I> = I extends Instruction ? Omit<I, "range" | "original" | "source"> : never;

/** Says that `what` is missing, and how the instruction is written. */
export function missing({ kind, keyword, context }: Arguments, what: string): undefined {
  context.problems.error("missing-argument", keyword, `${kind} needs ${what}: ${USAGE[kind]}.`, {
    found: "the end of the line",
    expected: what,
  });
}

export function fail(
  { context }: Arguments,
  code: ProblemCode,
  word: Word,
  message: string,
  expected: string | undefined = undefined,
): undefined {
  context.problems.error(code, word.range, message, { found: word.text, expected });
}

const NEEDED: Partial<Record<InstructionKind, string>> = {
  WORKDIR: "a path",
  USER: "a user",
  STOPSIGNAL: "a signal",
  MAINTAINER: "a name",
};

/** All that follows, as one argument, blanks within it included. */
export function wholeRest(args: Arguments): Word | undefined {
  if (args.rest.start === args.rest.end) return missing(args, NEEDED[args.kind] ?? "an argument");
  return wordOf(args.rest);
}

/** The words of a JSON list; nothing if it is none, `refused` if it holds more than strings. */
export function parseJson(args: Pick<Arguments, "kind" | "rest" | "context">): Word[] | "refused" | undefined {
  const json = splitJson(args.rest);
  if (json.kind === "words") return json.words;
  if (json.kind === "not-json") return undefined;
  const message = `The list of ${args.kind} may hold strings only: put each item in double quotes.`;
  args.context.problems.error("bad-json", rangeOfSpan(args.rest), message, {
    found: textOf(args.rest),
    expected: '["string", "string"]',
  });
  return "refused";
}
