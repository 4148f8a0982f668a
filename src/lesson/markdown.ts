import { Marked, type Token, type Tokens } from "marked";
import { BOX_KINDS, type Answer, type Block, type BoxKind } from "../protocol/lesson";
import { readYaml } from "./front-matter";
import type { LessonProblem } from "./problem";
import { quizSchema, untypable } from "./schema";

const LINK = /^(https?:|mailto:|#)/i;
const MANUAL = /^man:([A-Za-z0-9_.+-]+)\(([1-9])\)$/;
const REFERENCE = /^(look|term):([a-z0-9][a-z0-9-]*)$/;
const BOX = new RegExp(`^\\[!(${BOX_KINDS.join("|")})\\][ \\t]*(?:\\n|$)`, "i");
const RUN = /^(?:sh|console)\s+\{\s*run(?:\s+terminal=([0-9]+))?\s*\}$/;

const marked = new Marked({
  gfm: true,
  renderer: {
    html({ text }) {
      return escapeHtml(text);
    },
    link({ href, title, tokens }) {
      const text = this.parser.parseInline(tokens);
      const manual = MANUAL.exec(href);
      const reference = REFERENCE.exec(href);
      // Names alone come out, so there is nothing to escape; the page knows what to do when it is pressed.
      if (reference) return `<button type="button" data-${reference[1]}="${reference[2]}">${text}</button>`;
      const target = manual ? `https://man7.org/linux/man-pages/man${manual[2]}/${manual[1]}.${manual[2]}.html` : href;
      if (!LINK.test(target)) return text;
      const about = title ? ` title="${escapeHtml(title)}"` : "";
      const away = target.startsWith("#") ? "" : ' target="_blank" rel="noopener noreferrer"';
      return `<a href="${escapeHtml(target)}"${about}${away}>${text}</a>`;
    },
    // A picture from elsewhere would tell its server who reads: its text stands for it.
    image({ text }) {
      return escapeHtml(text);
    },
  },
});

export interface MarkdownSource {
  file: string;
  text: string;
  /** Line of the file that the text begins on, from 1. */
  line: number;
  /** Prefix of the ids of predictions. */
  id: string;
}

/** Markdown as harmless HTML, for texts that are not a step's. */
export function inlineHtml(text: string): string {
  return marked.parseInline(text) as string;
}

/** What a step's text refers to: `[this shell](look:shell)`, `[copied up](term:copy-up)`, `[unshare](<man:unshare(2)>)`. */
export interface Reference {
  to: "look" | "term" | "man" | "link";
  name: string;
  line: number;
}

/** Every reference in a text, with the line of the file that its paragraph begins on. */
export function references(source: Omit<MarkdownSource, "id">): Reference[] {
  const found: Reference[] = [];
  let { line } = source;
  for (const token of marked.lexer(source.text)) {
    marked.walkTokens([token], (each) => {
      if (each.type !== "link") return;
      const { href } = each as Tokens.Link;
      const [, to, name] = REFERENCE.exec(href) ?? [undefined, href.startsWith("man:") ? "man" : "link", href];
      found.push({ to: to as Reference["to"], name, line });
    });
    line += token.raw.split("\n").length - 1;
  }
  return found;
}

/**
 * Markdown as blocks: fenced `sh {run}` and `sh {run terminal=2}` become commands, fenced `quiz` a prediction, a quotation
 * that begins with `[!WHY]` or `[!DOCKER]` a box, the rest prose.
 * HTML in the text is shown as text, so what comes out is harmless wherever it came from. Links go to http, https, mail, a place in the page or `man:name(2)`.
 */
export function readMarkdown(source: MarkdownSource): { blocks: Block[]; problems: LessonProblem[] } {
  const blocks: Block[] = [];
  const problems: LessonProblem[] = [];
  let prose: Token[] = [];
  let { line } = source;
  let quizzes = 0;

  const endProse = (): void => {
    const html = marked.parser(prose).trim();
    if (html !== "") blocks.push({ kind: "prose", html });
    prose = [];
  };
  for (const token of marked.lexer(source.text)) {
    if (token.type === "code" && isSpecial(token as Tokens.Code)) {
      endProse();
      const { lang = "", text } = token as Tokens.Code;
      const block =
        lang.trim() === "quiz"
          ? readQuiz({ file: source.file, text, line: line + 1 }, `${source.id}/${(quizzes += 1)}`)
          : readCommand(lang.trim(), text);
      if (typeof block === "string") problems.push({ file: source.file, line, message: block });
      else if (Array.isArray(block)) problems.push(...block);
      else blocks.push(block);
    } else if (token.type === "blockquote" && BOX.test((token as Tokens.Blockquote).text)) {
      endProse();
      const { text } = token as Tokens.Blockquote;
      const box = BOX.exec(text)![1].toLowerCase() as BoxKind;
      blocks.push({ kind: "box", box, html: (marked.parse(text.replace(BOX, "")) as string).trim() });
    } else prose.push(token);
    line += token.raw.split("\n").length - 1;
  }
  endProse();
  return { blocks, problems };
}

function isSpecial({ lang = "" }: Tokens.Code): boolean {
  return lang.trim() === "quiz" || lang.includes("{");
}

function readCommand(info: string, text: string): Block | string {
  const match = RUN.exec(info);
  if (!match) return `"${info}" is no runnable block; write sh {run} or sh {run terminal=2}`;
  const terminal = Number(match[1] ?? 1);
  if (terminal < 1 || terminal > 3) return `there is no terminal ${terminal}; there are 1, 2 and 3`;
  return untypable(text) ?? { kind: "command", terminal, code: text };
}

function readQuiz(source: { file: string; text: string; line: number }, id: string): Block | LessonProblem[] {
  const read = readYaml(source, quizSchema);
  if (!read.ok) return read.problems;
  // An answer is a button itself.
  if (/\]\((look|term):/.test(source.text)) {
    return [{ file: source.file, line: source.line, message: "a prediction cannot refer to looks and terms" }];
  }
  const answers = read.value.answers.map(({ text, right, why }): Answer => ({
    html: inlineHtml(text),
    right,
    why: inlineHtml(why),
  }));
  return { kind: "quiz", id, html: inlineHtml(read.value.question), answers };
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (character) => entities[character]);
}
