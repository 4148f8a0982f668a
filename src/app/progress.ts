/** Lesson progress between visits. */
import type { ProgressBook } from "../lesson/progress";
import type { Keep } from "./storage";

const BOOK = "progress";

/** What was passed in each lesson; unreadable progress counts as none. */
export async function loadBook(keep: Keep): Promise<ProgressBook> {
  return (await keep.get<ProgressBook>(BOOK).catch(() => undefined)) ?? {};
}

/** Rejects when there is no room. */
export const storeBook = (keep: Keep, book: ProgressBook) => keep.set({ [BOOK]: book });
