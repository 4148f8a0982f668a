import type { Block, Lesson, LessonStart, Step } from "../protocol/lesson";
import { readYaml, splitFrontMatter, type FrontMatter } from "./front-matter";
import { readMarkdown, references } from "./markdown";
import type { LessonProblem } from "./problem";
import { lessonSchema, LIMITS, stepSchema } from "./schema";

/** A lesson's folder: file name (no directories) -> text. */
export type LessonFiles = Record<string, string>;

export type Parsed = { ok: true; lesson: Lesson } | { ok: false; problems: LessonProblem[] };

export interface ParseOptions {
  /** What progress and links know it by: `a-process-in-a-bubble`. */
  id: string;
  /** Scripts of the states that lessons may start from, by name. */
  states?: Record<string, string>;
  /** Lessons that one may start after, by id: those before it in its course. */
  earlier?: ReadonlyMap<string, Lesson>;
}

const STEP_FILE = /^(\d\d)-([a-z0-9][a-z0-9-]*)\.md$/;

/**
 * Reads a lesson: `lesson.yaml` and a file `NN-name.md` for each step, in the order of their numbers.
 * A step's id is the name without the number, so a step may move without its progress being lost. All problems are listed.
 */
export function parseLesson(files: LessonFiles, { id, states = {}, earlier = new Map() }: ParseOptions): Parsed {
  const tooMuch = oversized(files);
  if (tooMuch.length > 0) return { ok: false, problems: tooMuch };

  const problems: LessonProblem[] = [];
  const text = files["lesson.yaml"];
  const head = text === undefined ? undefined : readYaml({ file: "lesson.yaml", text, line: 1 }, lessonSchema);
  if (!head) problems.push({ file: "lesson.yaml", message: "is missing" });
  else if (!head.ok) problems.push(...head.problems);

  const names = Object.keys(files)
    .filter((name) => STEP_FILE.test(name))
    .sort();
  if (names.length === 0) problems.push({ file: "01-first-step.md", message: "there is no step: no file NN-name.md" });
  if (names.length > LIMITS.steps)
    problems.push({ file: names[LIMITS.steps], message: `more than ${LIMITS.steps} steps` });
  for (const [earlier, later] of pairs(names)) {
    const same =
      earlier.slice(0, 2) === later.slice(0, 2) ? "number" : idOf(earlier) === idOf(later) ? "name" : undefined;
    if (same) problems.push({ file: later, message: `has the same ${same} as ${earlier}` });
  }

  const steps: Step[] = [];
  for (const name of names.slice(0, LIMITS.steps)) {
    const step = readStep(name, files[name]);
    if (Array.isArray(step)) problems.push(...step);
    else steps.push(step);
  }
  const start = head?.ok ? readStart(head.value.start) : undefined;
  if (typeof start === "string") problems.push({ file: "lesson.yaml", field: "start", message: start });
  if (problems.length > 0 || !head?.ok || typeof start === "string") return { ok: false, problems };
  return { ok: true, lesson: { ...head.value, id, start, steps } };

  /** Or why there is no such start. */
  function readStart(from: string | { after: string } | undefined): LessonStart | undefined | string {
    if (from === undefined) return undefined;
    if (typeof from === "string") {
      if (Object.hasOwn(states, from)) return { state: from, script: states[from] };
      return `there is no state ${from}; there are: ${Object.keys(states).join(", ") || "none"}`;
    }
    const lesson = earlier.get(from.after);
    if (lesson) return { after: lesson };
    return `there is no lesson ${from.after} before this one; there are: ${[...earlier.keys()].join(", ") || "none"}`;
  }
}

function oversized(files: LessonFiles): LessonProblem[] {
  const names = Object.keys(files);
  if (names.length > LIMITS.files) return [{ file: names[LIMITS.files], message: `more than ${LIMITS.files} files` }];
  return names
    .filter((name) => files[name].length > LIMITS.fileSize)
    .map((file) => ({ file, message: `longer than ${LIMITS.fileSize} characters` }));
}

function idOf(name: string): string {
  return STEP_FILE.exec(name)![2];
}

function pairs(names: string[]): [string, string][] {
  return names.flatMap((later, index) => names.slice(0, index).map((earlier): [string, string] => [earlier, later]));
}

function readStep(file: string, text: string): Step | LessonProblem[] {
  const split = splitFrontMatter(file, text);
  if (!("yaml" in split)) return [split];
  const id = idOf(file);
  const front = readYaml(split.yaml, stepSchema);
  const { blocks, problems } = readMarkdown({ file, text: split.body, line: split.bodyLine, id });
  if (!front.ok) return [...front.problems, ...problems];
  if (problems.length > 0) return problems;
  const { solve = commandsOf(blocks), ...fields } = front.value;
  const missing = missingLooks(file, split, fields.looks);
  if (missing.length > 0) return missing;
  return { id, ...fields, blocks, solve };
}

function missingLooks(file: string, { body, bodyLine }: FrontMatter, looks: Step["looks"] = {}): LessonProblem[] {
  return references({ file, text: body, line: bodyLine })
    .filter(({ to, name }) => to === "look" && !Object.hasOwn(looks, name))
    .map(({ name, line }) => ({ file, line, message: `look:${name} is not among the step's looks` }));
}

/** What the step's own blocks would type, for a step that does not say how it is solved. */
function commandsOf(blocks: Block[]): Step["solve"] {
  return blocks.flatMap((block) => (block.kind === "command" ? [{ terminal: block.terminal, code: block.code }] : []));
}
