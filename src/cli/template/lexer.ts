/** A mistake in a template, or one that showed while it ran; worded as Go's text/template words it. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}

export type TokenKind =
  "field" | "variable" | "word" | "string" | "number" | "char" | "|" | "(" | ")" | ":=" | "=" | "," | "." | "space";

export interface Token {
  kind: TokenKind;
  text: string;
  /** Offset in the template. */
  at: number;
}

/** Text, or what stands between `{{` and `}}`. */
export type Piece = { text: string } | { tokens: Token[]; at: number };

const RULES: [TokenKind, RegExp][] = [
  ["space", /[ \t\r\n]+/y],
  ["string", /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y],
  ["char", /'(?:[^'\\\n]|\\.)+'/y],
  ["number", /[-+]?(?:0[xX][\da-fA-F_]+|\d[\d_]*(?:\.\d*)?(?:[eE][-+]?\d+)?)/y],
  ["variable", /\$[\p{L}\p{N}_]*/uy],
  ["field", /\.[\p{L}_][\p{L}\p{N}_]*/uy],
  ["word", /[\p{L}_][\p{L}\p{N}_]*/uy],
  [":=", /:=/y],
  ["=", /=/y],
  ["|", /\|/y],
  ["(", /\(/y],
  [")", /\)/y],
  [",", /,/y],
  [".", /\./y],
];

export const lineOf = (template: string, at: number): number => template.slice(0, at).split("\n").length;

const failAt = (template: string, at: number, text: string): TemplateError =>
  new TemplateError(`template: :${lineOf(template, at)}: ${text}`);

const isMark = (template: string, at: number): boolean => /[ \t\r\n]/.test(template[at] ?? "");

/** Splits a template into text and actions; `{{-` and `-}}` have taken the white space beside them. */
export const tokenize = (template: string): Piece[] => {
  const pieces: Piece[] = [];
  let at = 0;
  let trim = false;
  for (;;) {
    const open = template.indexOf("{{", at);
    let text = template.slice(at, open < 0 ? undefined : open);
    if (trim) text = text.trimStart();
    if (open < 0) {
      if (text !== "") pieces.push({ text });
      return pieces;
    }
    at = open + 2;
    if (template[at] === "-" && isMark(template, at + 1)) {
      text = text.trimEnd();
      at += 2;
    }
    if (text !== "") pieces.push({ text });
    const comment = /[ \t\r\n]*\/\*[\s\S]*?\*\//y;
    comment.lastIndex = at;
    const commented = comment.exec(template);
    if (commented) at += commented[0].length;
    const tokens: Token[] = [];
    for (;;) {
      if (template.startsWith("}}", at)) {
        at += 2;
        trim = false;
        break;
      }
      if (isMark(template, at) && template.startsWith("-}}", at + 1)) {
        at += 4;
        trim = true;
        break;
      }
      if (at >= template.length) throw failAt(template, template.length, "unclosed action");
      const start = at;
      for (const [kind, rule] of RULES) {
        rule.lastIndex = at;
        const found = rule.exec(template);
        if (!found) continue;
        at += found[0].length;
        tokens.push({ kind, text: found[0], at: start });
        break;
      }
      if (at !== start) continue;
      if (template[at] === '"') throw failAt(template, at, "unterminated quoted string");
      if (template[at] === "`") throw failAt(template, at, "unterminated raw quoted string");
      const code = template.codePointAt(at) ?? 0;
      const hex = code.toString(16).toUpperCase().padStart(4, "0");
      throw failAt(template, at, `bad character U+${hex} '${String.fromCodePoint(code)}'`);
    }
    if (!commented) pieces.push({ tokens, at: open });
  }
};
