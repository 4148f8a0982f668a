import { LineCounter, parseDocument, type Document } from "yaml";
import * as v from "valibot";
import type { LessonProblem } from "./problem";

/** A YAML text inside a file, with the line it begins on, so that problems name the line the author sees. */
export interface YamlSource {
  file: string;
  text: string;
  /** Line of the file that the YAML begins on, from 1. */
  line: number;
}

/** Aliases may be used this often: enough for an author, too few for a bomb. */
const MAX_ALIASES = 20;
const MAX_DEPTH = 32;

/** A step's file: the YAML between two `---` lines, and the Markdown after them. */
export interface FrontMatter {
  yaml: YamlSource;
  body: string;
  /** Line of the file that the body begins on. */
  bodyLine: number;
}

export function splitFrontMatter(file: string, text: string): FrontMatter | LessonProblem {
  const match = /^---[ \t]*\r?\n([\s\S]*?)^---[ \t]*(?:\r?\n|$)/m.exec(text);
  if (!match || match.index !== 0) {
    return { file, line: 1, message: "the file must begin with a line ---, then YAML, then a line --- again" };
  }
  return {
    yaml: { file, text: match[1], line: 2 },
    body: text.slice(match[0].length),
    bodyLine: match[0].split("\n").length,
  };
}

/** Reads YAML and validates it; every problem names file, line and field. */
export function readYaml<Schema extends v.GenericSchema>(
  source: YamlSource,
  schema: Schema,
): { ok: true; value: v.InferOutput<Schema> } | { ok: false; problems: LessonProblem[] } {
  const counter = new LineCounter();
  let data: unknown;
  let document: Document.Parsed;
  try {
    document = parseDocument(source.text, { lineCounter: counter, prettyErrors: false });
    if (document.errors.length > 0) {
      return {
        ok: false,
        problems: document.errors.slice(0, 10).map((error) => ({
          file: source.file,
          line: source.line + counter.linePos(error.pos[0]).line - 1,
          message: `YAML: ${error.message}`,
        })),
      };
    }
    data = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    // Too many aliases, or nested so deeply that the stack ran out.
    const message = error instanceof RangeError ? "nested too deeply" : (error as Error).message;
    return { ok: false, problems: [{ file: source.file, line: source.line, message: `YAML: ${message}` }] };
  }
  if (depth(data) > MAX_DEPTH) {
    return { ok: false, problems: [{ file: source.file, line: source.line, message: "YAML: nested too deeply" }] };
  }
  const result = v.safeParse(schema, data);
  if (result.success) return { ok: true, value: result.output };
  return {
    ok: false,
    problems: result.issues.slice(0, 20).map((issue) => {
      const keys = (issue.path ?? []).map((item) => item.key as string | number);
      return { file: source.file, line: lineOf(keys), field: fieldName(keys), message: describe(issue) };
    }),
  };

  function lineOf(keys: (string | number)[]): number {
    // A field that is missing has no place of its own: its parent's is shown.
    for (let length = keys.length; length > 0; length -= 1) {
      const node = document.getIn(keys.slice(0, length), true) as { range?: [number, number, number] } | undefined;
      if (node?.range) return source.line + counter.linePos(node.range[0]).line - 1;
    }
    return source.line;
  }
}

function fieldName(keys: (string | number)[]): string | undefined {
  if (keys.length === 0) return undefined;
  return keys.map((key, index) => (typeof key === "number" ? `[${key}]` : `${index > 0 ? "." : ""}${key}`)).join("");
}

function describe(issue: v.BaseIssue<unknown>): string {
  if (issue.kind === "validation" || issue.type === "custom") return issue.message;
  if (issue.type === "strict_object" && issue.expected === "never") return "there is no such field";
  if (issue.received === "undefined") return "is missing";
  return `expected ${issue.expected}, found ${issue.received}`;
}

function depth(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depth));
}
