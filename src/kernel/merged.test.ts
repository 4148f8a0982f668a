import { expect, test } from "vitest";
import type { Layer, LayerEntry } from "../protocol/mount";
import { mergeLayers, type MergedEntry, wastedBytes } from "./merged";

let lastInode = 0;

type Line = string | [path: string, more: Partial<LayerEntry>];

/** `etc/` is a directory, `!name` a whiteout, `etc/*` an opaque directory, all else a file of as many bytes as its path is long. */
function layer(...lines: Line[]): Layer {
  const entries = lines.map((line): LayerEntry => {
    const [text, more] = typeof line === "string" ? [line, {}] : line;
    const opaque = text.endsWith("/*");
    const directory = opaque || text.endsWith("/");
    const whiteout = text.startsWith("!");
    const path = text.replace(/^!|\/\*?$/g, "");
    const inode = ++lastInode * 8;
    const mode = whiteout ? 0o020000 : directory ? 0o040755 : 0o100644;
    const sizeBytes = directory || whiteout ? 0 : path.length;
    const times = { uid: 0, gid: 0, mtimeNs: 0, links: 1 };
    return { path, inode, ino: lastInode, mode, sizeBytes, whiteout, opaque, ...times, ...more };
  });
  return { address: ++lastInode * 8, type: "tmpfs", complete: true, entries, omitted: 0 };
}

/** `path=layers` of what shows, in order. */
function shown(merged: MergedEntry[]): string {
  return merged.flatMap(({ path, visible, layers }) => (visible ? `${path}=${layers.join("+")}` : [])).join(" ");
}

/** `path=layer:by` of what does not. */
function hidden(merged: MergedEntry[]): string {
  return merged.flatMap(({ path, hidden }) => hidden.map(({ layer, by }) => `${path}=${layer}:${by}`)).join(" ");
}

test("directories merge, and a name shows from the topmost layer that has it", () => {
  const merged = mergeLayers([layer("a/", "a/top"), layer("a/", "a/both", "b"), layer("a/", "a/both", "c")]);
  expect(shown(merged)).toBe("a=0+1+2 a/both=1 a/top=0 b=1 c=2");
  expect(hidden(merged)).toBe("a/both=2:file");
});

test("a whiteout hides what is below, and shows as what it is", () => {
  const merged = mergeLayers([layer("!gone", "!never"), layer("gone/", "gone/x"), layer("gone/", "gone/y")]);
  expect(shown(merged)).toBe("");
  expect(hidden(merged)).toBe("gone=1:whiteout gone=2:whiteout gone/x=1:whiteout gone/y=2:whiteout");
  const [gone, x] = merged;
  expect(gone).toMatchObject({ visible: false, layer: 0, layers: [], entry: { whiteout: true } });
  expect(x).toMatchObject({ path: "gone/x", visible: false, layer: 1, layers: [], entry: { whiteout: false } });
  expect(merged.at(-1)).toMatchObject({ path: "never", visible: false, hidden: [] });
});

test("a whiteout in the middle lets the layers above it show", () => {
  const merged = mergeLayers([layer("d/", "d/top"), layer("!d"), layer("d/", "d/low")]);
  expect(shown(merged)).toBe("d=0 d/top=0");
  expect(hidden(merged)).toBe("d=1:file d=2:whiteout d/low=2:whiteout");
});

test("an opaque directory shows its own content alone", () => {
  const merged = mergeLayers([layer("d/"), layer("d/*", "d/same", "d/new"), layer("d/", "d/same", "d/old")]);
  expect(shown(merged)).toBe("d=0+1 d/new=1 d/same=1");
  expect(hidden(merged)).toBe("d=2:opaque d/old=2:opaque d/same=2:opaque");
});

test("a file covers a directory, and a directory a file", () => {
  const merged = mergeLayers([layer("x", "y/", "y/new"), layer("x/", "x/in", "y"), layer("y/", "y/low")]);
  expect(shown(merged)).toBe("x=0 y=0 y/new=0");
  expect(hidden(merged)).toBe("x=1:file x/in=1:file y=1:file y=2:file y/low=2:file");
});

test("only layers that contribute the directory are asked for what is in it", () => {
  const merged = mergeLayers([layer("d/"), layer("d/", "!d/s"), layer("d/", "d/s/", "d/s/f")]);
  expect(shown(merged)).toBe("d=0+1+2");
  expect(hidden(merged)).toBe("d/s=2:whiteout d/s/f=2:whiteout");
});

test("a file of the topmost layer that a layer below has too is a copy", () => {
  const copied = (upper: Layer, ...lowers: Layer[]) =>
    mergeLayers([upper, ...lowers]).flatMap(({ path, copiedUp }) => (copiedUp ? path : []));
  expect(copied(layer("f", "new"), layer("f"))).toEqual(["f"]);
  expect(copied(layer(["f", { origin: true }], ["g", { origin: false }]), layer("f", "g"))).toEqual(["f"]);
  // A directory, something in the place of a directory, and something in the place of what is gone already.
  expect(copied(layer("d/", "x"), layer("d/", "x/"))).toEqual([]);
  expect(copied(layer("f"), layer("!f"), layer("f"))).toEqual([]);
  expect(copied(layer(), layer("f"), layer("f"))).toEqual([]);
});

test("a redirected directory shows what had another name, and only if redirects are followed", () => {
  const layers = [
    layer("!old", ["new/", { redirect: "/old" }], "new/top", "dir/", ["dir/b/", { redirect: "a" }], "!dir/a"),
    layer("old/", "old/x", "new/", "new/other", "dir/", "dir/a/", "dir/a/y"),
    layer("old/", "old/z"),
  ];
  const merged = mergeLayers(layers, { followRedirects: true });
  expect(shown(merged)).toBe("dir=0+1 dir/b=0+1 dir/b/y=1 new=0+1+2 new/top=0 new/x=1 new/z=2");
  expect(hidden(merged)).toBe(
    "dir/a=1:whiteout dir/a/y=1:whiteout new=1:opaque new/other=1:opaque " +
      "old=1:whiteout old=2:whiteout old/x=1:whiteout old/z=2:whiteout",
  );
  expect(shown(mergeLayers(layers))).toBe("dir=0+1 dir/b=0 new=0+1 new/other=1 new/top=0");
});

test("a redirect below a redirect counts for the layers below it", () => {
  const layers = [
    layer(["c/", { redirect: "/b" }]),
    layer(["b/", { redirect: "/p/a" }], "b/1"),
    layer("p/*", "p/a/", "p/a/2", "b/", "b/no"),
    layer("p/", "p/a/", "p/a/3"),
  ];
  const merged = mergeLayers(layers, { followRedirects: true });
  expect(merged.flatMap(({ path, visible }) => (visible && path.startsWith("c") ? path : []))).toEqual([
    "c",
    "c/1",
    "c/2",
  ]);
});

test("wasted are the bytes of files that nothing shows any more, each file once", () => {
  const [twice, half] = [
    { inode: 1, sizeBytes: 100 },
    { inode: 2, sizeBytes: 50 },
  ];
  const layers = [
    layer("!gone", "f", "!h2"),
    layer("gone/", ["gone/a", twice], ["gone/b", twice], "f", ["h1", half], ["h2", half]),
    layer("f", "free"),
  ];
  expect(wastedBytes(layers, mergeLayers(layers))).toEqual([0, 101, 1]);
});

test("names come in order, a directory before what is in it, and hostile ones are names like others", () => {
  const merged = mergeLayers([layer("b/", "b/c", "__proto__/", "__proto__/x"), layer("a\n", "constructor", "b-")]);
  expect(merged.map(({ path }) => path)).toEqual(["__proto__", "__proto__/x", "a\n", "b", "b/c", "b-", "constructor"]);
});

test("what a bound left out is left out", () => {
  expect(shown(mergeLayers([layer("lost/x", "y")]))).toBe("y=0");
  expect(mergeLayers([])).toEqual([]);
});
