/** A course as it lies in a folder: `course.yaml`, `glossary.yaml`, `states/NAME.sh` and a folder `NN-name/` for each lesson. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseCourse, parseGlossary } from "../../lesson/course";
import { parseLesson, type LessonFiles } from "../../lesson/parse";
import { describeProblem } from "../../lesson/problem";
import type { Course, Lesson } from "../../protocol/lesson";

export interface ReadCourse {
  course: Course;
  /** In the order of the course. */
  lessons: Lesson[];
  /** Spellings that a lesson's text shall not have, each with the right one. */
  misspelt: Map<string, string>;
}

/** `course.yaml`, `glossary.yaml` and every lesson below `directory`. @throws Error that lists what cannot be read */
export function readCourse(directory: string): ReadCourse {
  const problems: string[] = [];
  const states = readStates(directory);
  const lessons: Lesson[] = [];
  for (const folder of lessonFolders(directory)) {
    const earlier = new Map(lessons.map((lesson) => [lesson.id, lesson]));
    const read = parseLesson(lessonFiles(join(directory, folder)), { id: lessonId(folder), states, earlier });
    if (read.ok) lessons.push(read.lesson);
    else problems.push(...read.problems.map((problem) => `${folder}/${describeProblem(problem)}`));
  }
  const glossary = parseGlossary(readFileSync(join(directory, "glossary.yaml"), "utf8"));
  if (!glossary.ok) problems.push(...glossary.problems.map(describeProblem));
  const course = parseCourse(readFileSync(join(directory, "course.yaml"), "utf8"), {
    // A lesson that cannot be read has its place all the same.
    ids: lessonFolders(directory).map(lessonId),
    glossary: glossary.ok ? glossary.terms : [],
  });
  if (!course.ok) problems.push(...course.problems.map(describeProblem));
  if (problems.length > 0 || !course.ok || !glossary.ok)
    throw new Error(`Part of the course cannot be read:\n${problems.join("\n")}`);
  const order = course.course.parts.flatMap((part) => part.lessons.map(({ lesson }) => lesson));
  lessons.sort((a, b) => order.indexOf(a.id) - order.indexOf(b.id));
  return { course: course.course, lessons, misspelt: glossary.wrong };
}

/** The name without its number: a lesson may move without its progress and its links being lost. */
export function lessonId(folder: string): string {
  return folder.replace(/^\d\d-/, "");
}

/** Folders of lessons below `directory`, in the order of their numbers. */
export function lessonFolders(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /^\d\d-/.test(entry.name))
    .map(({ name }) => name)
    .sort();
}

/** The files of a lesson, as `parseLesson` takes them. */
export function lessonFiles(folder: string): LessonFiles {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

/** `states/NAME.sh`, by name. */
export function readStates(directory: string): Record<string, string> {
  const folder = join(directory, "states");
  if (!existsSync(folder)) return {};
  const names = readdirSync(folder).filter((name) => name.endsWith(".sh"));
  return Object.fromEntries(names.map((name) => [name.slice(0, -3), readFileSync(join(folder, name), "utf8")]));
}
