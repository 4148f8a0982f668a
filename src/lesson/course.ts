import type { Course, Term } from "../protocol/lesson";
import { readYaml } from "./front-matter";
import { inlineHtml } from "./markdown";
import type { LessonProblem } from "./problem";
import { courseSchema, glossarySchema } from "./schema";

/** Reads `glossary.yaml`. `wrong` are spellings that a lesson's text shall not have, each with the right one. */
export function parseGlossary(
  text: string,
): { ok: true; terms: Term[]; wrong: Map<string, string> } | { ok: false; problems: LessonProblem[] } {
  const read = readYaml({ file: "glossary.yaml", text, line: 1 }, glossarySchema);
  if (!read.ok) return read;
  const entries = Object.entries(read.value);
  const terms = entries.map(([id, { term, says }]): Term => ({ id, term, html: inlineHtml(says) }));
  const wrong = new Map(entries.flatMap(([, { term, not }]) => not.map((spelling) => [spelling, term])));
  return { ok: true, terms, wrong };
}

/** Reads `course.yaml`: each lesson that there is (`ids`) has one place, after those that it builds on. */
export function parseCourse(
  text: string,
  { ids, glossary }: { ids: readonly string[]; glossary: Term[] },
): { ok: true; course: Course } | { ok: false; problems: LessonProblem[] } {
  const file = "course.yaml";
  const read = readYaml({ file, text, line: 1 }, courseSchema);
  if (!read.ok) return read;
  const problems: LessonProblem[] = [];
  const before = new Set<string>();
  for (const { lesson, after } of read.value.parts.flatMap(({ lessons }) => lessons)) {
    if (!ids.includes(lesson)) problems.push({ file, message: `there is no lesson ${lesson}` });
    if (before.has(lesson)) problems.push({ file, message: `${lesson} is there twice` });
    for (const earlier of after) {
      if (!before.has(earlier))
        problems.push({ file, message: `${lesson} builds on ${earlier}, which is not before it` });
    }
    before.add(lesson);
  }
  for (const id of ids) if (!before.has(id)) problems.push({ file, message: `${id} has no place in the course` });
  return problems.length > 0 ? { ok: false, problems } : { ok: true, course: { ...read.value, glossary } };
}
