import { expect, test } from "vitest";
import { baseName, cleanPath, encodePathStat, goFileMode, parseStat } from "./path-stat";

test("modes are Go's os.FileMode, as `docker cp` reads them", () => {
  // Go's io/fs: ModeDir 1<<31, ModeSymlink 1<<27, ModeDevice 1<<26, ModeNamedPipe 1<<25, ModeSetuid 1<<23, ModeCharDevice 1<<21, ModeSticky 1<<20.
  expect(goFileMode(0o100644)).toBe(420);
  expect(goFileMode(0o040755)).toBe(2147484141);
  expect(goFileMode(0o120777)).toBe(134218239);
  expect(goFileMode(0o041777)).toBe(2148532735);
  expect(goFileMode(0o104755)).toBe(8389101);
  expect(goFileMode(0o020666)).toBe(69206454);
  expect(goFileMode(0o010644)).toBe(33554852);
});

test("paths lose what means nothing and keep what says that a directory is meant", () => {
  expect(["a", "/a//b", "/a/../../b", "/a/./b/", "/a/.", "/", ".", "/..", "/a/b/.."].map(cleanPath)).toEqual([
    "/a",
    "/a/b",
    "/b",
    "/a/b/",
    "/a/.",
    "/",
    "/",
    "/",
    "/a",
  ]);
  expect(["/", "/etc", "/etc/", "/etc/."].map(baseName)).toEqual(["/", "etc", "etc", "."]);
});

test("stat(1) of busybox is understood, and what it does not print is not made up", () => {
  expect(parseStat("81a4 3 2026-11-24 01:15:52.397000000 +0000\n", "/f", "")).toEqual({
    name: "f",
    size: 3,
    mode: 420,
    mtime: "2026-11-24T01:15:52.397000000Z",
    linkTarget: "",
  });
  expect(parseStat("", "/f", "")).toBeUndefined();
});

test("the header is base64 of JSON, with names in UTF-8", () => {
  const stat = { name: "ü", size: 0, mode: 420, mtime: "2026-01-01T00:00:00Z", linkTarget: "" };
  expect(JSON.parse(Buffer.from(encodePathStat(stat), "base64").toString("utf8"))).toEqual(stat);
});
