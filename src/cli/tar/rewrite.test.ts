/** Held against GNU tar, which writes what is read and reads what is written. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readAll } from "../api";
import { isArchive, rewriteTar, streamOf, tarOfFile } from "./rewrite";
import type { RewriteOptions } from "./rewrite";

const place = mkdtempSync(join(tmpdir(), "glassbox-tar-"));
afterAll(() => rmSync(place, { recursive: true }));

const sh = (line: string, input?: Uint8Array): Buffer => spawnSync("sh", ["-c", line], { cwd: place, input }).stdout;
const long = `${"d".repeat(90)}/${"n".repeat(120)}`;
sh(
  `mkdir -p tree/sub tree/${long.split("/")[0]}; echo one > tree/one; echo ü > tree/sub/ü; echo long > tree/${long}; ln -s ../one tree/sub/link; ln tree/one tree/hard; truncate -s 1000000 tree/big`,
);

const rewritten = (archive: Uint8Array, options: RewriteOptions, chunkBytes = 700): Promise<Uint8Array> => {
  async function* chunks() {
    for (let at = 0; at < archive.length; at += chunkBytes) yield archive.subarray(at, at + chunkBytes);
  }
  return readAll(streamOf(rewriteTar(streamOf(chunks()), options)));
};

const list = (archive: Uint8Array): string[] =>
  sh("tar -tvf - --numeric-owner --full-time --quoting-style=literal", archive).toString().trim().split("\n");

test.each(["gnu", "pax", "ustar"])("a %s archive that keeps its names stays what it is", async (format) => {
  // ustar has no place for such long names.
  const without = format === "ustar" ? "--exclude='dddd*'" : "";
  const archive = sh(`tar --format=${format} ${without} -C tree -c .`);
  const same = await rewritten(archive, { rename: ({ name }) => name });
  const plain = (lines: string[]): string[] =>
    lines.map((line) => line.replace(/ \.\//g, " ").replace(/link to \.\//, "link to "));
  expect(plain(list(same)).slice(1)).toEqual(plain(list(archive)).slice(1));
  rmSync(join(place, "out"), { recursive: true, force: true });
  sh("mkdir out; tar -C out -x", same);
  expect(sh(`diff -r tree out ${format === "ustar" ? `-x '${"d".repeat(90)}'` : ""} && echo same`).toString()).toBe(
    "same\n",
  );
});

test("entries are left out with their contents, and hard links follow a new name", async () => {
  const archive = sh("tar -C tree -c one hard big sub");
  const changed = await rewritten(archive, { rename: ({ name }) => (name === "big" ? undefined : `new/${name}`) });
  const names = list(changed).map((line) => line.replace(/^.*\d\d:\d\d:\d\d /, ""));
  expect(names.sort()).toEqual(
    ["new/one", "new/hard link to new/one", "new/sub/", "new/sub/link -> ../one", "new/sub/ü"].sort(),
  );
});

test("owners become root", async () => {
  const archive = sh("tar --format=pax --owner=somebody:1234567890 --group=them:77 -C tree -c one");
  const changed = await rewritten(archive, { rename: ({ name }) => name, rootOwner: true });
  expect(list(changed)[0]).toMatch(/^\S+ 0\/0 /);
});

test("a new name may be long", async () => {
  const archive = sh("tar -C tree -c one");
  const changed = await rewritten(archive, { rename: () => `${"a/".repeat(150)}ö` });
  expect(sh("tar -tf - --quoting-style=literal", changed).toString()).toBe(`${"a/".repeat(150)}ö\n`);
});

test("an archive that ends too early, or is none, is refused", async () => {
  const archive = sh("tar -C tree -c big");
  await expect(rewritten(archive.subarray(0, 5000), { rename: ({ name }) => name })).rejects.toThrow(
    "ends in the middle of an entry",
  );
  await expect(rewritten(new Uint8Array(600).fill(120), { rename: ({ name }) => name })).rejects.toThrow(
    /no readable size|in the middle/,
  );
});

test("a tar of one file is one, and is known as an archive", () => {
  const archive = tarOfFile("Dockerfile", new TextEncoder().encode("FROM x\n"));
  expect(sh("tar -xOf - Dockerfile", archive).toString()).toBe("FROM x\n");
  expect(isArchive(archive)).toBe(true);
  expect(isArchive(new Uint8Array(sh("tar -cz tree/one")))).toBe(true);
  expect(isArchive(new TextEncoder().encode(`FROM x\n${"#".repeat(600)}`))).toBe(false);
});
