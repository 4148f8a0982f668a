/** The text of every lesson: what it refers to is there, its words are spelt alike, its steps can be tested. */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { choose } from "../../src/node/lesson/choice";
import { problemsOf } from "../../src/node/lesson/lint";

test("no lesson has a problem", () => {
  expect(problemsOf(choose(fileURLToPath(new URL("../../lessons/", import.meta.url)), []))).toEqual([]);
});
