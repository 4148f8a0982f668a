import { expect, test } from "vitest";
import { changesOf, compareNames, parseNames, type Finding } from "./changes";

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

/** Names with a slash at their end are directories, with a `%` devices. */
const names = (...list: string[]) =>
  new Map(
    list.map((name) => [
      name.replace(/[/%]$/, ""),
      name.endsWith("/") ? ("directory" as const) : name.endsWith("%") ? ("character" as const) : ("other" as const),
    ]),
  );
const found = (...trees: [upper: string[], image: string[], joined: string[]]) => {
  const [upper, image, joined] = trees.map((tree) => names(...tree));
  return changesOf(compareNames(upper, image, joined)).map(({ Kind, Path }) => `${"CAD"[Kind]} ${Path}`);
};

test("a whiteout is what is gone, a device is there; an opaque directory hides all that the image had in it", () => {
  expect(found(["/a%", "/null%"], ["/a"], ["/null%"])).toEqual(["D /a", "A /null"]);
  expect(found(["/d/", "/d/new"], ["/d/", "/d/x", "/d/y"], ["/d/", "/d/new"])).toEqual([
    "C /d",
    "A /d/new",
    "D /d/x",
    "D /d/y",
  ]);
});

test("in a directory that took the place of a link nothing is from the image", () => {
  // The image has /l -> /elsewhere: what is found at /l/f is at /elsewhere/f.
  expect(found(["/l/", "/l/f"], ["/l", "/l/f", "/l/g"], ["/l/", "/l/f"])).toEqual(["C /l", "A /l/f"]);
});

test("lists are told apart, names that hold newlines and repeat each other too", () => {
  const text = "./d\0./d\0./d\0./d/a\nb\0\0./d\0./d/c\0./d/c\0\0";
  expect(parseNames(text).map((list) => [...list])).toEqual([
    [
      ["/d", "directory"],
      ["/d/a\nb", "other"],
    ],
    [
      ["/d", "other"],
      ["/d/c", "character"],
    ],
    [],
  ]);
});
