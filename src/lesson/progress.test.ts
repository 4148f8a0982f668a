import { expect, test } from "vitest";
import type { Lesson, LessonProgress } from "../protocol/lesson";
import { adapt, exportProgress, importProgress, record } from "./progress";

const progress = (more: Partial<LessonProgress> = {}): LessonProgress => ({
  lesson: "01-bubble",
  version: 1,
  step: "two",
  passed: ["one"],
  finished: false,
  changedAt: 1000,
  ...more,
});

test("what was exported can be imported", () => {
  const book = record(record({}, progress()), progress({ lesson: "02-names" }));
  expect(importProgress({}, exportProgress(book))).toEqual({ ok: true, book });
});

test("importing keeps the later position and everything passed", () => {
  const mine = record({}, progress({ changedAt: 2000, step: "three", passed: ["two"] }));
  const result = importProgress(mine, exportProgress(record({}, progress({ finished: true }))));
  expect(result).toMatchObject({
    book: { "01-bubble": { step: "three", passed: ["two", "one"], finished: true, changedAt: 2000 } },
  });
});

test.each([
  ["not JSON", "{", "is not JSON"],
  ["something else", '{"a":1}', "no exported progress"],
  [
    "a wrong type inside",
    exportProgress({ a: progress({ passed: [1] as unknown as string[] }) }),
    "lessons.0.passed.0",
  ],
  ["too much", " ".repeat(2_000_000), "too large"],
])("a file that is %s is refused by name, and changes nothing", (_, text, message) => {
  const result = importProgress({}, text);
  expect(result.ok).toBe(false);
  expect(!result.ok && result.message).toContain(message);
  expect(!result.ok && result.message).toContain("Nothing was changed.");
});

test("a lesson named like a part of every object is a lesson", () => {
  const text = exportProgress({ x: progress({ lesson: "__proto__" }) });
  const result = importProgress({}, text);
  expect(result.ok && Object.keys(result.book)).toEqual(["__proto__"]);
  expect(({} as Record<string, unknown>).passed).toBeUndefined();
});

const lesson = (version: number, ...ids: string[]): Lesson => ({
  id: "01-bubble",
  version,
  title: "",
  summary: "",
  minutes: 1,
  steps: ids.map((id) => ({ id, title: id, blocks: [], hints: [], solve: [] })),
});

test("progress of the same version applies as it is", () => {
  const mine = progress();
  expect(adapt(mine, lesson(1, "one", "two"))).toEqual({ progress: mine });
});

test("progress of another version is kept where the steps still exist, and it is said", () => {
  const { progress: adapted, notice } = adapt(
    progress({ passed: ["one", "gone"], step: "gone", finished: true }),
    lesson(2, "zero", "one", "three"),
  );
  expect(adapted).toMatchObject({ version: 2, passed: ["one"], step: "zero", finished: false });
  expect(notice).toContain("1 of 2");
});
