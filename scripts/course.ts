/**
 * The course as a module of the page, `virtual:course`: lessons are read and checked when the page is built, so a mistake
 * stops the build, and no visitor's browser reads Markdown and YAML. Each lesson is a chunk of its own.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";
import type { Lesson, LessonSummary } from "../src/protocol/lesson";
import { readCourse, type ReadCourse } from "../src/node/lesson/read-course";

/** Lets the page `import("virtual:course")`. */
export function course(directory: string): Plugin {
  const COURSE = "virtual:course";
  const LESSON = "virtual:lesson/";
  let read: ReadCourse | undefined;
  return {
    name: "glassbox:course",
    resolveId: (id) => (id === COURSE || id.startsWith(LESSON) ? `\0${id}` : undefined),
    buildStart: () => void (read = undefined),
    watchChange: () => void (read = undefined),
    configureServer: ({ watcher }) => void watcher.add(directory),
    // An author sees what they write without losing the machine: the page takes over the lesson as it is now.
    hotUpdate({ file, server }) {
      if (!file.startsWith(directory)) return undefined;
      read = undefined;
      try {
        read = readCourse(directory);
        server.ws.send("glassbox:lessons", read.lessons);
      } catch (error) {
        server.ws.send({ type: "error", err: { message: (error as Error).message, stack: "" } });
      }
      return [];
    },
    load(id) {
      if (!id.startsWith(`\0${COURSE}`) && !id.startsWith(`\0${LESSON}`)) return undefined;
      for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
        if (entry.isFile()) this.addWatchFile(join(entry.parentPath, entry.name));
      }
      const { course, lessons } = (read ??= readCourse(directory));
      if (id !== `\0${COURSE}`) {
        const lesson = lessons.find((each) => id === `\0${LESSON}${each.id}`);
        return `export const lesson = ${parsed(lesson)};`;
      }
      const loaders = lessons.map(
        (each) => `${JSON.stringify(each.id)}: () => import(${JSON.stringify(LESSON + each.id)})`,
      );
      return [
        `export const course = ${parsed(course)};`,
        `export const lessons = ${parsed(lessons.map(summary))};`,
        `export const load = { ${loaders.join(", ")} };`,
      ].join("\n");
    },
  };
}

/** A value as code that the browser reads faster than a literal. */
function parsed(value: unknown): string {
  return `JSON.parse(${JSON.stringify(JSON.stringify(value))})`;
}

function summary({ id, title, summary, version, minutes, steps }: Lesson): LessonSummary {
  return { id, title, summary, version, minutes, steps: steps.map((step) => ({ id: step.id, title: step.title })) };
}
