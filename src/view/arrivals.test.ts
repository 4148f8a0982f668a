import { expect, test } from "vitest";
import { Arrivals } from "./arrivals";

test("what came is marked for two seconds, however many pictures follow", () => {
  const arrivals = new Arrivals();
  expect([...arrivals.note("a", ["one"], 0)]).toEqual([]);
  expect([...arrivals.note("a", ["one", "two"], 1e9)]).toEqual(["two"]);
  expect([...arrivals.note("a", ["one", "two"], 1.1e9)]).toEqual(["two"]);
  expect([...arrivals.note("a", ["one", "two", "three"], 2.9e9)]).toEqual(["two", "three"]);
  expect([...arrivals.note("a", ["one", "two", "three"], 3.1e9)]).toEqual(["three"]);
  expect([...arrivals.note("a", ["one", "two"], 3.2e9)]).toEqual([]);
});

test("another list has no arrivals, and a flood of them no marks", () => {
  const arrivals = new Arrivals();
  arrivals.note("a", ["one"], 0);
  expect([...arrivals.note("b", ["one", "two"], 1)]).toEqual([]);
  expect(
    arrivals.note(
      "b",
      Array.from({ length: 50 }, (_, at) => String(at)),
      2,
    ).size,
  ).toBe(0);
});
