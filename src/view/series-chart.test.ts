import { expect, test } from "vitest";
import {
  areaPath,
  chartTop,
  inTime,
  levelPath,
  placeMarks,
  ratePath,
  sharesOf,
  type Scale,
  spaced,
} from "./series-chart";

const scale: Scale = { fromNs: 0, toNs: 100, top: 10, width: 200, height: 50 };

test("a quantity holds until it changes, and to the right edge", () => {
  expect(
    levelPath(
      [
        { atNs: 0, value: 0 },
        { atNs: 50, value: 10 },
      ],
      scale,
    ),
  ).toBe("M0 50V50H100V0H200");
});

test("a peak between two points is drawn", () => {
  expect(levelPath([{ atNs: 50, value: 5, peak: 10 }], scale)).toBe("M100 25V0V25H200");
});

test("a rate belongs to the time before its point, and is nothing after the last", () => {
  const points = sharesOf(
    [
      { atNs: 0, usedUs: 0 },
      { atNs: 25, usedUs: 0.0125 },
      { atNs: 50, usedUs: 0.0125 },
      { atNs: 75, usedUs: 7 },
    ],
    ({ usedUs }) => usedUs,
  );
  expect(points.map(({ value }) => value)).toEqual([0, 0.5, 0, 1]);
  expect(ratePath(points.slice(0, 3), { ...scale, top: 1 })).toBe("M0 50V25H50V50H100V50H200");
});

test("rates are taken over stretches, a silence and what ended it apart", () => {
  const at = (points: number[]) =>
    spaced(
      points.map((atNs) => ({ atNs })),
      10,
    ).map(({ atNs }) => atNs);
  expect(at([0, 3, 6, 9, 12, 15, 18, 21])).toEqual([0, 9, 21]);
  expect(at([0, 9, 12, 18, 20, 29])).toEqual([0, 9, 18, 29]);
  expect(at([0, 71, 73])).toEqual([0, 71, 73]);
  expect(at([])).toEqual([]);
});

test("an area is closed to the ground where its line begins", () => {
  expect(areaPath("M20 10H200", scale)).toBe("M20 10H200H200V50H20Z");
  expect(areaPath("", scale)).toBe("");
});

test("the value from before the left edge holds up to it", () => {
  const points = [10, 20, 30].map((atNs) => ({ atNs, value: 1 }));
  expect(inTime(points, 25).map(({ atNs }) => atNs)).toEqual([20, 30]);
  expect(inTime(points, 99).map(({ atNs }) => atNs)).toEqual([30]);
  expect(inTime([], 5)).toEqual([]);
});

test("marks that lie on each other are one, and those that are too old are none", () => {
  const at = (atNs: number, count = 1) => ({ atNs, untilNs: atNs, count });
  const placed = placeMarks([at(-5), at(10), at(12, 3), at(60)], scale, 10);
  expect(placed.map(({ x, untilX, count }) => [x, untilX, count])).toEqual([
    [20, 24, 4],
    [120, 120, 1],
  ]);
});

test("a limit is in sight unless it dwarfs what is used", () => {
  expect(chartTop(10, [20], 1)).toBeCloseTo(23);
  expect(chartTop(10, [2000], 1)).toBeCloseTo(11.5);
  expect(chartTop(0, [], 1)).toBeCloseTo(1.15);
});
