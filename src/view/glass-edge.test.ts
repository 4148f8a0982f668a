import { expect, test } from "vitest";
import { edgeSegment, outlineLength } from "./glass-edge";

const sum = (dashes: string) => dashes.split(" ").reduce((total, dash) => total + Number(dash), 0);

test("the outline is the sides without the corners, and one circle", () => {
  expect(outlineLength(100, 50, 0)).toBe(300);
  expect(outlineLength(20, 20, 10)).toBeCloseTo(2 * Math.PI * 10);
});

test("every segment's dashes go round the outline exactly once", () => {
  for (const length of [90, 300, 1234.5, 8000]) {
    for (const open of [true, false]) {
      for (let i = 0; i < 8; i++) expect(sum(edgeSegment(length, i, 8, open).dashArray)).toBeCloseTo(length);
    }
  }
});

test("a wall is one stroke, an open side is many, and neither reaches the next segment", () => {
  const wall = edgeSegment(800, 2, 8, false).dashArray.split(" ").map(Number);
  expect(wall).toEqual([95, 705]);
  const side = edgeSegment(800, 2, 8, true).dashArray.split(" ").map(Number);
  expect(side.length).toBeGreaterThan(8);
  expect(sum(side.slice(0, -1).join(" "))).toBeLessThan(100);
});
