import { expect, test } from "vitest";
import type { Health } from "../../protocol/docker";
import { afterProbe, checkHealth, mergeHealth, nextProbeNs, probeCommand } from "./health-config";

const SECOND = 1e9;
const answer = (ExitCode: number) => ({ Start: "", End: "", ExitCode, Output: "" });
const starting: Health = { Status: "starting", FailingStreak: 0, Log: [] };

/** What a container is after probes that ended with these codes, one a second. */
const after = (codes: number[], config = {}) =>
  codes.reduce((health, code, index) => afterProbe(health, answer(code), config, (index + 1) * SECOND), starting);

test("one success makes it healthy, three failures in a row unhealthy", () => {
  expect(after([0])).toMatchObject({ Status: "healthy", FailingStreak: 0 });
  expect(after([0, 1, 1])).toMatchObject({ Status: "healthy", FailingStreak: 2 });
  expect(after([0, 1, 1, 1])).toMatchObject({ Status: "unhealthy", FailingStreak: 3 });
  expect(after([1, 1, 1, 0])).toMatchObject({ Status: "healthy", FailingStreak: 0 });
  expect(after([1], { Retries: 1 }).Status).toBe("unhealthy");
});

test("while it starts a failure counts for nothing; a success ends the start", () => {
  expect(after([1, 1, 1, 1], { StartPeriod: 10 * SECOND })).toMatchObject({ Status: "starting", FailingStreak: 0 });
  expect(after([0, 1, 1, 1], { StartPeriod: 10 * SECOND }).Status).toBe("unhealthy");
  expect(after([1, 1, 1, 1], { StartPeriod: 2 * SECOND }).Status).toBe("unhealthy");
});

test("the last five answers are kept", () => {
  expect(after([1, 2, 3, 4, 5, 6, 7]).Log?.map(({ ExitCode }) => ExitCode)).toEqual([3, 4, 5, 6, 7]);
});

test("probes come more often while it starts", () => {
  const config = { Interval: 60 * SECOND, StartPeriod: 30 * SECOND, StartInterval: 2 * SECOND };
  expect(nextProbeNs(config, "starting", SECOND)).toBe(2 * SECOND);
  expect(nextProbeNs(config, "starting", 31 * SECOND)).toBe(60 * SECOND);
  expect(nextProbeNs(config, "healthy", SECOND)).toBe(60 * SECOND);
  expect(nextProbeNs({}, "healthy", SECOND)).toBe(30 * SECOND);
});

test("the program of a probe", () => {
  expect(probeCommand({ Test: ["CMD", "a", "b"] }, null)).toEqual(["a", "b"]);
  expect(probeCommand({ Test: ["CMD-SHELL", "a | b"] }, undefined)).toEqual(["/bin/sh", "-c", "a | b"]);
  expect(probeCommand({ Test: ["CMD-SHELL", "a"] }, ["/bin/ash", "-ec"])).toEqual(["/bin/ash", "-ec", "a"]);
  for (const none of [undefined, {}, { Test: ["NONE"] }, { Test: [] }])
    expect(probeCommand(none, null)).toBeUndefined();
});

test("what was not asked for is as the image says", () => {
  const image = { Test: ["CMD", "probe"], Interval: SECOND, Retries: 5 };
  expect(mergeHealth({ Interval: 2 * SECOND }, image)).toMatchObject({
    Test: ["CMD", "probe"],
    Interval: 2 * SECOND,
    Retries: 5,
  });
  expect(mergeHealth({ Test: ["NONE"] }, image)?.Test).toEqual(["NONE"]);
  expect(mergeHealth(undefined, image)).toBe(image);
});

test("what cannot be meant is refused", () => {
  expect(() => checkHealth({ Timeout: 5 })).toThrow("Timeout in Healthcheck cannot be less than 1ms");
  expect(() => checkHealth({ Retries: -1 })).toThrow("Retries in Healthcheck cannot be negative");
});
