import * as v from "valibot";
import type { LessonProgress, LessonSummary } from "../protocol/lesson";

/** Progress of every lesson begun, by lesson id. */
export type ProgressBook = Record<string, LessonProgress>;

const FORMAT = "glassbox-progress";
const MAX_LESSONS = 1000;
/** Characters an imported file may have. */
const MAX_FILE_SIZE = 1_000_000;

const name = v.pipe(v.string(), v.nonEmpty(), v.maxLength(200));

const lessonProgress: v.GenericSchema<LessonProgress> = v.object({
  lesson: name,
  version: v.pipe(v.number(), v.integer(), v.minValue(1)),
  step: name,
  passed: v.pipe(v.array(name), v.maxLength(200)),
  finished: v.boolean(),
  changedAt: v.pipe(v.number(), v.finite(), v.minValue(0)),
});

const progressFile = v.object({
  format: v.literal(FORMAT),
  version: v.literal(1),
  lessons: v.pipe(v.array(lessonProgress), v.maxLength(MAX_LESSONS)),
});

/** The book with this progress in it. */
export function record(book: ProgressBook, progress: LessonProgress): ProgressBook {
  return { ...book, [progress.lesson]: progress };
}

/** The book as a file to keep. */
export function exportProgress(book: ProgressBook): string {
  return `${JSON.stringify({ format: FORMAT, version: 1, lessons: Object.values(book) }, null, 2)}\n`;
}

/**
 * Reads a file that `exportProgress` made, which may have come from anywhere, and adds it to a book.
 * Of a lesson that both know, the later position is kept, and every step that either passed.
 */
export function importProgress(
  book: ProgressBook,
  text: string,
): { ok: true; book: ProgressBook } | { ok: false; message: string } {
  const kept = "Nothing was changed.";
  if (text.length > MAX_FILE_SIZE) return { ok: false, message: `The file is too large to be progress. ${kept}` };
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return { ok: false, message: `The file is not JSON, so it is no exported progress. ${kept}` };
  }
  const result = v.safeParse(progressFile, data);
  if (!result.success) {
    const where = v.getDotPath(result.issues[0]);
    return { ok: false, message: `The file is no exported progress${where ? ` (${where})` : ""}. ${kept}` };
  }
  return { ok: true, book: result.output.lessons.reduce(merge, book) };
}

function merge(book: ProgressBook, incoming: LessonProgress): ProgressBook {
  const present = Object.hasOwn(book, incoming.lesson) ? book[incoming.lesson] : undefined;
  if (!present) return record(book, incoming);
  const later = incoming.changedAt > present.changedAt ? incoming : present;
  return record(book, {
    ...later,
    passed: [...new Set([...present.passed, ...incoming.passed])],
    finished: present.finished || incoming.finished,
  });
}

/**
 * Progress as it applies to the lesson there is now. Steps are known by id, so what was passed in another version counts
 * where the step still exists; `notice` says so to the learner.
 */
export function adapt(
  progress: LessonProgress,
  lesson: Pick<LessonSummary, "version" | "steps">,
): { progress: LessonProgress; notice?: string } {
  if (progress.version === lesson.version) return { progress };
  const ids = new Set(lesson.steps.map((step) => step.id));
  const passed = progress.passed.filter((id) => ids.has(id));
  const open = lesson.steps.find((step) => !passed.includes(step.id));
  return {
    progress: {
      ...progress,
      version: lesson.version,
      passed,
      step: ids.has(progress.step) ? progress.step : (open ?? lesson.steps[0]).id,
      finished: progress.finished && open === undefined,
    },
    notice: `This lesson has changed since you were here (version ${progress.version}, now ${lesson.version}). Of the steps you passed, ${passed.length} of ${progress.passed.length} are still there and stay passed.`,
  };
}
