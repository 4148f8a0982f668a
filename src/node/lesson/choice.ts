import { resolve } from "node:path";
import type { ParseArgsConfig } from "node:util";
import type { Lesson } from "../../protocol/lesson";
import { UsageError } from "../command";
import { readCourse, type ReadCourse } from "./read-course";

/** Options of every command that works on a course. */
export const COURSE_OPTIONS = { course: { type: "string", default: "lessons" } } satisfies ParseArgsConfig["options"];

export interface Choice extends ReadCourse {
  /** Absolute path of the course's folder. */
  directory: string;
  chosen: Lesson[];
}

/** The lessons called by name, with or without their number; all of them without a name. */
export function choose(course: string, names: string[]): Choice {
  const directory = resolve(course);
  const read = readCourse(directory);
  const chosen = names.map((name) => {
    const id = name.replace(/^\d\d-/, "").replace(/\/$/, "");
    const lesson = read.lessons.find((each) => each.id === id);
    if (!lesson)
      throw new UsageError(`there is no lesson ${name}; there are: ${read.lessons.map((each) => each.id).join(", ")}`);
    return lesson;
  });
  return { ...read, directory, chosen: names.length > 0 ? chosen : read.lessons };
}
