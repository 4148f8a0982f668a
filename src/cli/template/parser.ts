import { TemplateError, lineOf, tokenize } from "./lexer";
import type { Token } from "./lexer";

/** What a command's words are. `at` is the offset in the template, `text` the source. */
export type Operand = { at: number; text: string } & (
  | { kind: "dot" }
  | { kind: "nil" }
  | { kind: "constant"; value: string | number | boolean }
  | { kind: "field"; names: string[] }
  | { kind: "variable"; name: string; names: string[] }
  | { kind: "function"; name: string }
  | { kind: "pipeline"; pipeline: Pipeline; names: string[] }
);

export interface Pipeline {
  /** Variables that get the value: one, or two in `range`. */
  variables: string[];
  /** Whether they are new, `:=`, or set again, `=`. */
  declares: boolean;
  /** Each the words of a command; a command's value is the last argument of the next. */
  commands: Operand[][];
}

export type Node =
  | { kind: "text"; text: string }
  | { kind: "print"; pipeline: Pipeline }
  | ({ kind: "if" } & Branch)
  | ({ kind: "with" } & Branch)
  | ({ kind: "range" } & Branch)
  | { kind: "break" }
  | { kind: "continue" };

/** What `if`, `with` and `range` have in common. */
export interface Branch {
  pipeline: Pipeline;
  body: Node[];
  otherwise: Node[];
}

const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r", a: "\x07", b: "\b", f: "\f", v: "\v" };

const unquote = (text: string): string =>
  text.startsWith("`")
    ? text.slice(1, -1)
    : text.slice(1, -1).replace(/\\(x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-7]{3}|.)/g, (_, escape: string) => {
        if (/^[xuU]./.test(escape)) return String.fromCodePoint(Number.parseInt(escape.slice(1), 16));
        if (/^[0-7]{3}$/.test(escape)) return String.fromCharCode(Number.parseInt(escape, 8));
        return ESCAPES[escape] ?? escape;
      });

/** Actions within actions. */
const MAX_DEPTH = 100;

/** Reads a template. `functions` are the names that may be called. Throws TemplateError. */
export const parseTemplate = (template: string, functions: ReadonlySet<string>): Node[] => {
  const pieces = tokenize(template);
  let next = 0;
  const scope: string[] = ["$"];

  const fail = (at: number, text: string): TemplateError =>
    new TemplateError(`template: :${lineOf(template, at)}: ${text}`);

  const pipelineOf = (tokens: Token[], where: string, actionAt: number): Pipeline => {
    let at = 0;
    const peek = (ahead = 0): Token | undefined => tokens[at + ahead];
    const skip = (): void => {
      while (peek()?.kind === "space") at++;
    };
    const chain = (): string[] => {
      const names: string[] = [];
      while (peek()?.kind === "field") names.push(tokens[at++].text.slice(1));
      return names;
    };
    const operand = (depth: number): Operand => {
      const token = tokens[at++];
      const from = token.at;
      const whole = (): string => template.slice(from, tokens[at - 1].at + tokens[at - 1].text.length);
      const named = <T extends object>(rest: T): T & { at: number; text: string } => ({
        ...rest,
        at: from,
        text: whole(),
      });
      switch (token.kind) {
        case ".":
          return named({ kind: "dot" as const });
        case "field": {
          at--;
          return named({ kind: "field" as const, names: chain() });
        }
        case "variable": {
          if (!scope.includes(token.text)) throw fail(from, `undefined variable ${JSON.stringify(token.text)}`);
          return named({ kind: "variable" as const, name: token.text, names: chain() });
        }
        case "string":
          return named({ kind: "constant" as const, value: unquote(token.text) });
        case "char":
          return named({ kind: "constant" as const, value: unquote(token.text).codePointAt(0) ?? 0 });
        case "number":
          return named({ kind: "constant" as const, value: Number(token.text.replaceAll("_", "")) });
        case "word":
          if (token.text === "true" || token.text === "false")
            return named({ kind: "constant" as const, value: token.text === "true" });
          if (token.text === "nil") return named({ kind: "nil" as const });
          if (!functions.has(token.text)) throw fail(from, `function ${JSON.stringify(token.text)} not defined`);
          return named({ kind: "function" as const, name: token.text });
        case "(": {
          const pipeline = commands(depth + 1);
          if (peek()?.kind !== ")") throw fail(from, "unclosed left paren");
          at++;
          return named({ kind: "pipeline" as const, pipeline, names: chain() });
        }
        default:
          throw fail(from, `unexpected ${JSON.stringify(token.text)} in operand`);
      }
    };
    const commands = (depth: number): Pipeline => {
      if (depth > MAX_DEPTH) throw fail(actionAt, "max expression depth exceeded");
      const list: Operand[][] = [];
      for (;;) {
        const words: Operand[] = [];
        for (;;) {
          skip();
          const token = peek();
          if (!token || token.kind === "|" || token.kind === ")") break;
          words.push(operand(depth));
          const after = peek();
          if (after && after.kind !== "space" && after.kind !== "|" && after.kind !== ")")
            throw fail(after.at, `unexpected ${JSON.stringify(after.text)} in operand`);
        }
        if (words.length === 0)
          throw fail(
            peek()?.at ?? actionAt,
            list.length === 0 ? `missing value for ${where}` : `missing value for ${where}`,
          );
        list.push(words);
        if (peek()?.kind !== "|") return { variables: [], declares: false, commands: list };
        at++;
      }
    };

    skip();
    const variables: string[] = [];
    let declares = false;
    const start = at;
    if (peek()?.kind === "variable") {
      variables.push(tokens[at++].text);
      skip();
      if (peek()?.kind === "," && where === "range") {
        at++;
        skip();
        if (peek()?.kind === "variable") variables.push(tokens[at++].text);
        skip();
      }
      const sign = peek()?.kind;
      if (sign === ":=" || sign === "=") {
        declares = sign === ":=";
        at++;
      } else {
        at = start;
        variables.length = 0;
      }
    }
    const { commands: list } = commands(0);
    const left = peek();
    if (left) throw fail(left.at, `unexpected ${JSON.stringify(left.text)} in ${where}`);
    if (declares) scope.push(...variables);
    return { variables, declares, commands: list };
  };

  const list = (depth: number, openedAt: number): { nodes: Node[]; end: Token[]; at: number } => {
    if (depth > MAX_DEPTH) throw fail(openedAt, "exceeded maximum template depth");
    const nodes: Node[] = [];
    while (next < pieces.length) {
      const piece = pieces[next++];
      if ("text" in piece) {
        nodes.push({ kind: "text", text: piece.text });
        continue;
      }
      const tokens = piece.tokens.slice(piece.tokens[0]?.kind === "space" ? 1 : 0);
      const word = tokens[0]?.kind === "word" ? tokens[0].text : "";
      if (word === "end" || word === "else") {
        if (depth === 0) throw fail(piece.at, `unexpected {{${word}}}`);
        return { nodes, end: tokens, at: piece.at };
      }
      if (word === "if" || word === "with" || word === "range")
        nodes.push(control(word, tokens.slice(1), depth, piece.at));
      else if (word === "break" || word === "continue") nodes.push({ kind: word });
      else if (word === "define" || word === "template" || word === "block")
        throw fail(piece.at, `{{${word}}} is not understood by this client`);
      else nodes.push({ kind: "print", pipeline: pipelineOf(tokens, "command", piece.at) });
    }
    if (depth > 0) throw fail(template.length, "unexpected EOF");
    return { nodes, end: [], at: template.length };
  };

  const control = (kind: "if" | "with" | "range", tokens: Token[], depth: number, at: number): Node => {
    const known = scope.length;
    const pipeline = pipelineOf(tokens, kind, at);
    const body = list(depth + 1, at);
    let otherwise: Node[] = [];
    if (body.end[0].text === "else") {
      const rest = body.end.slice(1).filter((token, index) => index > 0 || token.kind !== "space");
      if (rest[0]?.text === kind && kind !== "range") otherwise = [control(kind, rest.slice(1), depth + 1, body.at)];
      else {
        const closing = list(depth + 1, body.at);
        if (closing.end[0].text === "else") throw fail(closing.at, "expected end; found {{else}}");
        otherwise = closing.nodes;
      }
    }
    scope.length = known;
    return { kind, pipeline, body: body.nodes, otherwise };
  };

  return list(0, 0).nodes;
};
