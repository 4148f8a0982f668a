/** The course: the lessons built into the page, read and made harmless in the browser. */
import DOMPurify from "dompurify";
import { parseLesson, type LessonFiles } from "../lesson/parse";
import { SANITISE_OPTIONS } from "../lesson/markdown";
import { describeProblem } from "../lesson/problem";
import type { Lesson } from "../protocol/lesson";

const FILES = import.meta.glob<string>("../../lessons/*/*.{md,yaml}", {
  query: "?raw",
  import: "default",
  eager: true,
});

/** Names of folders and the files in them: `01-a-process-in-a-bubble` -> `lesson.yaml` -> text. */
function folders(): Map<string, LessonFiles> {
  const found = new Map<string, LessonFiles>();
  for (const [path, text] of Object.entries(FILES)) {
    const [folder, name] = path.split("/").slice(-2);
    found.set(folder, { ...found.get(folder), [name]: text });
  }
  return found;
}

/** Every lesson that can be read, in order, and a sentence for each that cannot. */
export async function loadLessons(): Promise<{ lessons: Lesson[]; problems: string[] }> {
  const lessons: Lesson[] = [];
  const problems: string[] = [];
  for (const [folder, files] of [...folders()].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const read = parseLesson(files, { id: folder, sanitise: (html) => DOMPurify.sanitize(html, SANITISE_OPTIONS) });
    if (read.ok) lessons.push(read.lesson);
    else problems.push(...read.problems.map((problem) => `${folder}/${describeProblem(problem)}`));
  }
  return { lessons, problems };
}
