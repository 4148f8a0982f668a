/** The lessons in order, read when the page is built (`scripts/course.ts`). */
declare module "virtual:course" {
  export const lessons: import("../protocol/lesson").Lesson[];
}
