/**
 * The course as a module of the page, `virtual:course`: lessons are read and checked when the page is built, so a mistake
 * stops the build, and no visitor's browser reads Markdown and YAML.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";
import { parseLesson } from "../src/lesson/parse";
import { describeProblem } from "../src/lesson/problem";
import type { Lesson } from "../src/protocol/lesson";

/** Every lesson below `directory`, in the order of their folders' names. @throws Error that lists what cannot be read */
export function readCourse(directory: string): Lesson[] {
  const lessons: Lesson[] = [];
  const problems: string[] = [];
  for (const folder of foldersOf(directory)) {
    const path = join(directory, folder);
    const texts = readdirSync(path).map((name) => [name, readFileSync(join(path, name), "utf8")] as const);
    const read = parseLesson(Object.fromEntries(texts), { id: folder });
    if (read.ok) lessons.push(read.lesson);
    else problems.push(...read.problems.map((problem) => `${folder}/${describeProblem(problem)}`));
  }
  if (problems.length > 0) throw new Error(`Part of the course cannot be read:\n${problems.join("\n")}`);
  return lessons;
}

/** Lets the page `import("virtual:course")`. */
export function course(directory: string): Plugin {
  const ID = "\0virtual:course";
  return {
    name: "glassbox:course",
    resolveId: (id) => (id === "virtual:course" ? ID : undefined),
    load(id) {
      if (id !== ID) return undefined;
      for (const folder of foldersOf(directory)) {
        for (const name of readdirSync(join(directory, folder))) this.addWatchFile(join(directory, folder, name));
      }
      return `export const lessons = JSON.parse(${JSON.stringify(JSON.stringify(readCourse(directory)))});`;
    },
  };
}

function foldersOf(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}
