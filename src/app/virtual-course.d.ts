/** The course and its lessons in order, read when the page is built (`scripts/course.ts`). */
declare module "virtual:course" {
  export const course: import("../protocol/lesson").Course;
  export const lessons: import("../protocol/lesson").LessonSummary[];
  /** Fetches a lesson, by its id. */
  export const load: Record<string, () => Promise<{ lesson: import("../protocol/lesson").Lesson }>>;
}
