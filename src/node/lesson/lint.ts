import { join } from "node:path";
import { parseArgs } from "node:util";
import { lint } from "../../lesson/lint";
import { describeProblem } from "../../lesson/problem";
import type { Command } from "../command";
import { choose, COURSE_OPTIONS, type Choice } from "./choice";
import { lessonFiles, lessonFolders, lessonId } from "./read-course";

/** Every problem of the chosen lessons, a line each: `02-name/03-step.md:7: …`. */
export function problemsOf({ directory, course, lessons, misspelt, chosen }: Choice): string[] {
  const around = {
    terms: new Set(course.glossary.map(({ id }) => id)),
    misspelt,
    steps: new Map(lessons.map(({ id, steps }) => [id, steps.map((step) => step.id)])),
  };
  return lessonFolders(directory).flatMap((folder) => {
    const lesson = chosen.find(({ id }) => id === lessonId(folder));
    if (!lesson) return [];
    return lint(lessonFiles(join(directory, folder)), lesson, around).map(
      (problem) => `${folder}/${describeProblem(problem)}`,
    );
  });
}

/** `glassbox lesson lint [NAME…]` */
export const lintCommand: Command = async (args) => {
  const { values, positionals } = parseArgs({ args, options: COURSE_OPTIONS, allowPositionals: true });
  const choice = choose(values.course, positionals);
  const problems = problemsOf(choice);
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  const count = choice.chosen.length === 1 ? "1 lesson" : `${choice.chosen.length} lessons`;
  process.stdout.write(problems.length === 0 ? `${count}, no problems\n` : `${count}, problems: ${problems.length}\n`);
  return problems.length === 0 ? 0 : 1;
};
