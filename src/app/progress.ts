/** Lesson progress between visits. */
import { adapt, record, type ProgressBook } from "../lesson/progress";
import type { Lesson, LessonProgress } from "../protocol/lesson";
import type { Keep } from "./storage";

const BOOK = "progress";

/**
 * Progress made in this lesson, as it applies to the lesson's present version, with a notice when that has changed.
 * Unreadable progress counts as none.
 */
export async function progressOf(
  keep: Keep,
  lesson: Lesson,
): Promise<{ progress: LessonProgress; notice?: string } | undefined> {
  const book = await keep.get<ProgressBook>(BOOK).catch(() => undefined);
  return book && Object.hasOwn(book, lesson.id) ? adapt(book[lesson.id], lesson) : undefined;
}

/** Rejects when there is no room. */
export async function storeProgress(keep: Keep, progress: LessonProgress): Promise<void> {
  const book = (await keep.get<ProgressBook>(BOOK).catch(() => undefined)) ?? {};
  await keep.set({ [BOOK]: record(book, progress) });
}
