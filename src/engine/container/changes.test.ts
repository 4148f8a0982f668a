import { expect, test } from "vitest";
import { changesOf, type Finding } from "./changes";

const lines = (...findings: string[]) =>
  changesOf(
    findings.map((line): Finding => {
      const [kind, path] = line.split(" ");
      return { kind: kind as Finding["kind"], path };
    }),
  ).map(({ Kind, Path }) => `${"CAD"[Kind]} ${Path}`);

test("what is above a change is changed, up to the root, which is not named", () => {
  expect(lines("directory /", "directory /a", "directory /a/b", "added /a/b/c")).toEqual([
    "C /a",
    "C /a/b",
    "A /a/b/c",
  ]);
  expect(lines("directory /", "deleted /usr/bin/x")).toEqual(["C /usr", "C /usr/bin", "D /usr/bin/x"]);
});

test("an added directory is named with all that is in it", () => {
  expect(lines("added /n", "added /n/m", "added /n/m/f")).toEqual(["A /n", "A /n/m", "A /n/m/f"]);
});

test("places that the engine made for its mounts are no change, and neither is the directory they are in", () => {
  expect(lines("directory /", "added /proc", "added /dev", "directory /etc", "added /etc/hosts")).toEqual([]);
  expect(lines("directory /etc", "added /etc/hosts", "modified /etc/passwd")).toEqual(["C /etc", "C /etc/passwd"]);
  // An image without /etc: Docker has it in the layer below the container's, so it is changed, not added.
  expect(lines("added /etc", "added /etc/hosts")).toEqual([]);
  expect(lines("added /etc", "added /etc/hosts", "added /etc/own")).toEqual(["C /etc", "A /etc/own"]);
});

test("a directory that the kernel copied up for nothing else was changed itself", () => {
  expect(lines("directory /", "directory /srv")).toEqual(["C /srv"]);
});
