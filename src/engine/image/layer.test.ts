import { expect, test } from "vitest";
import { readAll } from "./bytes";
import { readLayer, writeLayer, type LayerInput } from "./layer";
import type { TarInput } from "./tar/entry";
import { readTar } from "./tar/reader";
import { writeTar } from "./tar/writer";

const changesOf = async (...entries: TarInput[]) => {
  const changes = [];
  for await (const { type, path } of readLayer(writeTar(entries))) changes.push([type, path]);
  return changes;
};

test("marks become changes of what they name", async () => {
  const changes = await changesOf(
    { path: "etc", type: "directory" },
    { path: "etc/.wh.motd", type: "file" },
    { path: "var/cache/.wh..wh..opq", type: "file" },
    { path: ".wh.gone", type: "file" },
    { path: ".wh..wh..opq", type: "file" },
    { path: "etc/hosts", type: "file" },
  );
  expect(changes).toEqual([
    ["directory", "etc"],
    ["whiteout", "etc/motd"],
    ["opaque", "var/cache"],
    ["whiteout", "gone"],
    ["opaque", ""],
    ["file", "etc/hosts"],
  ]);
});

test("AUFS's own files are passed over", async () => {
  expect(await changesOf({ path: ".wh..wh.plnk", type: "directory" }, { path: "a", type: "file" })).toEqual([
    ["file", "a"],
  ]);
});

test.each([".wh.", "a/.wh..", "a/.wh..."])(
  "the mark %s, which removes no file of its folder, is refused",
  async (path) => {
    await expect(changesOf({ path, type: "file" })).rejects.toMatchObject({ code: "path-climbs", entry: path });
  },
);

test("an entry beneath a symbolic link of the layer is refused", async () => {
  await expect(
    changesOf({ path: "a", type: "symlink", linkname: "/etc" }, { path: "a/passwd", type: "file" }),
  ).rejects.toMatchObject({ code: "path-through-link", entry: "a/passwd" });
});

test("so is a hard link that goes through one", async () => {
  await expect(
    changesOf({ path: "a", type: "symlink", linkname: "/etc" }, { path: "b", type: "hardlink", linkname: "a/shadow" }),
  ).rejects.toMatchObject({ code: "path-through-link", entry: "b" });
});

test("a folder that took the place of a link is one", async () => {
  const changes = await changesOf(
    { path: "a", type: "symlink", linkname: "/etc" },
    { path: "a", type: "directory" },
    { path: "a/passwd", type: "file" },
  );
  expect(changes).toHaveLength(3);
});

test("changes that are written come back, as marks in the archive", async () => {
  const changes: LayerInput[] = [
    { path: "tmp", type: "directory", mode: 0o1777 },
    { path: "tmp", type: "opaque" },
    { path: "tmp/file", type: "file", content: new TextEncoder().encode("x") },
    { path: "etc/motd", type: "whiteout" },
  ];
  const read = [];
  for await (const { type, path } of readLayer(writeLayer(changes))) read.push({ type, path });
  expect(read).toEqual(changes.map(({ type, path }) => ({ type, path })));
  const names = [];
  for await (const { path } of readTar(writeLayer(changes))) names.push(path);
  expect(names).toEqual(["tmp", "tmp/.wh..wh..opq", "tmp/file", "etc/.wh.motd"]);
});

test("a file whose name would mean a removal cannot be written", async () => {
  await expect(readAll(writeLayer([{ path: "a/.wh.b", type: "file" }]), 1e6)).rejects.toMatchObject({
    code: "reserved-name",
  });
});

test("10,000 files are read", async () => {
  const files = Array.from({ length: 10_000 }, (_, n): LayerInput => ({
    path: `f${n}`,
    type: "file",
    content: Uint8Array.of(n & 255),
  }));
  let sum = 0;
  for await (const { content } of readLayer(writeLayer(files))) sum += (await readAll(content!, 1))[0];
  expect(sum).toBe(files.reduce((total, _, n) => total + (n & 255), 0));
});
