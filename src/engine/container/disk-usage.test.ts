import { expect, test } from "vitest";
import { addSizes } from "./disk-usage";

test("files are added to the directory they are in, names of one file once, forged lines not at all", () => {
  const sizes = new Map([
    ["/a", 0],
    ["/b", 0],
  ]);
  const text = [
    "mark 1 10 100 /a/f",
    "mark 2 11 7 /a/one-name",
    "mark 2 11 7 /a/deep/other-name",
    "mark 1 12 30 /b/odd",
    "1 13 9999 /b/line-of-a-name",
    "mark 1 14 1 /elsewhere/f",
  ].join("\n");
  addSizes(text, "mark", sizes);
  expect(Object.fromEntries(sizes)).toEqual({ "/a": 107, "/b": 30 });
});
