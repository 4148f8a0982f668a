import { marked, type Token } from "marked";
import type { Lesson, Step } from "../protocol/lesson";
import { splitFrontMatter } from "./front-matter";
import { references } from "./markdown";
import type { LessonFiles } from "./parse";
import type { LessonProblem } from "./problem";

/** What a lesson's text may refer to, and how its words are spelt. */
export interface Surroundings {
  /** Ids of the terms of the glossary. */
  terms: ReadonlySet<string>;
  /** Wrong spellings, each with the right one. */
  misspelt: ReadonlyMap<string, string>;
  /** Ids of the steps of every lesson there is, by its id. */
  steps: ReadonlyMap<string, readonly string[]>;
}

/** Wrong answers that a checked step should list, on average. */
const WRONG_ANSWERS = 3;

const MANUAL = /^man:[A-Za-z0-9_.+-]+\([1-9]\)$/;

/** What a lesson that can be read should do better: dead references, wrong spellings, steps that cannot be tested. */
export function lint(files: LessonFiles, lesson: Lesson, around: Surroundings): LessonProblem[] {
  const problems: LessonProblem[] = [];
  for (const file of Object.keys(files).sort()) {
    const step = lesson.steps.find(({ id }) => file.endsWith(".md") && file.slice(3, -3) === id);
    if (step) problems.push(...lintStep(file, files[file], step, around));
  }
  const checked = lesson.steps.filter(({ check }) => check);
  const wrong = checked.reduce((sum, step) => sum + (step.wrong?.length ?? 0), 0);
  if (checked.length > 0 && wrong < WRONG_ANSWERS * checked.length) {
    const message = `${wrong} wrong answers for ${checked.length} checked steps; list ${WRONG_ANSWERS} a step on average`;
    problems.push({ file: "lesson.yaml", message });
  }
  return problems;
}

function lintStep(file: string, text: string, step: Step, around: Surroundings): LessonProblem[] {
  const split = splitFrontMatter(file, text);
  if (!("yaml" in split)) return [split];
  const { body, bodyLine } = split;
  const used = references({ file, text: body, line: bodyLine });
  const problems: LessonProblem[] = [];
  for (const { to, name, line } of used) {
    const message = deadReference(to, name, around);
    if (message) problems.push({ file, line, message });
  }
  for (const name of Object.keys(step.looks ?? {})) {
    if (!used.some((each) => each.to === "look" && each.name === name))
      problems.push({ file, line: 1, field: `looks.${name}`, message: `nothing in the text points to look:${name}` });
  }
  if (!step.check && step.blocks.some(({ kind }) => kind === "command"))
    problems.push({ file, line: 1, field: "check", message: "is missing, though the step has commands" });
  (step.check?.nearMisses ?? []).forEach((_, index) => {
    if (!step.wrong?.some(({ nearMiss }) => nearMiss === index + 1))
      problems.push({ file, line: 1, field: "wrong", message: `no wrong answer brings up near-miss ${index + 1}` });
  });
  for (const { word, line } of words(body, bodyLine)) {
    for (const [wrong, right] of around.misspelt) {
      if (word.includes(wrong)) problems.push({ file, line, message: `"${wrong}" is written "${right}"` });
    }
  }
  return problems;
}

function deadReference(to: string, name: string, { terms, steps }: Surroundings): string | undefined {
  if (to === "term") return terms.has(name) ? undefined : `there is no term ${name} in the glossary`;
  if (to === "man") return MANUAL.test(name) ? undefined : `${name} is no manual page; write <man:NAME(SECTION)>`;
  if (to !== "link") return undefined;
  if (/^(https?:\/\/|mailto:)/i.test(name)) return undefined;
  if (!name.startsWith("#")) return `${name} leads nowhere; a link begins with https:, http:, mailto:, man: or #`;
  const fields = new URLSearchParams(name.slice(1));
  const lesson = fields.get("lesson");
  const known = lesson === null ? undefined : steps.get(lesson);
  if (!known) return `${name}: there is no such lesson`;
  const step = fields.get("step");
  return step === null || known.includes(step) ? undefined : `${name}: the lesson has no step ${step}`;
}

/** The text that is prose, without code, with the line of the file that its paragraph begins on. */
function* words(body: string, bodyLine: number): Generator<{ word: string; line: number }> {
  let line = bodyLine;
  for (const token of marked.lexer(body)) {
    const texts: string[] = [];
    marked.walkTokens([token], (each: Token) => {
      if (each.type === "text" && !("tokens" in each && each.tokens)) texts.push(each.text as string);
    });
    for (const word of texts) yield { word, line };
    line += token.raw.split("\n").length - 1;
  }
}
