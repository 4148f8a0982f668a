import { expect, test } from "vitest";
import { goDuration } from "./probe";

test("durations as Go prints them", () => {
  expect([1e6, 250e6, 1e9, 1.5e9, 30e9, 60e9, 90e9, 3600e9, 3723e9].map(goDuration)).toEqual([
    "1ms",
    "250ms",
    "1s",
    "1.5s",
    "30s",
    "1m0s",
    "1m30s",
    "1h0m0s",
    "1h2m3s",
  ]);
});
