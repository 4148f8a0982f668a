import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  linkSync,
  lstatSync,
  readFileSync,
  readlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { concat, readAll, streamOf, type ByteStream } from "../bytes";
import type { TarInput } from "./entry";
import { TarError } from "./error";
import { encodeBlock, type BlockFields } from "./header";
import { encodePax } from "./pax";
import { readTar, type TarReadOptions } from "./reader";
import { writeTar } from "./writer";

const folder = mkdtempSync(join(tmpdir(), "tar-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const utf8 = new TextEncoder();
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const tar = (...args: string[]) => execFileSync("tar", args, { cwd: folder, maxBuffer: 1 << 28 });

/** In pieces of odd sizes, so that no field is whole by chance. */
function inPieces(bytes: Uint8Array, size = 700): ByteStream {
  return streamOf(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size)),
  );
}

async function entriesOf(archive: Uint8Array, options?: TarReadOptions) {
  const entries = [];
  for await (const { content, ...header } of readTar(inPieces(archive), options)) {
    entries.push({ ...header, text: content ? text(await readAll(content, 1 << 26)) : undefined });
  }
  return entries;
}

const write = (...entries: TarInput[]) => readAll(writeTar(entries), 1 << 26);

async function errorOf(archive: Uint8Array, options?: TarReadOptions): Promise<TarError> {
  const error = await entriesOf(archive, options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TarError);
  return error as TarError;
}

/** An archive no honest tool would write: one header and what follows it. */
function raw(fields: Partial<BlockFields> & { path: string; link?: string }, content = "", ending = true): Uint8Array {
  const none = new Uint8Array(0);
  const block = encodeBlock({
    prefix: none,
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: content.length,
    mtime: 0,
    typeflag: "0",
    uname: none,
    gname: none,
    devmajor: 0,
    devminor: 0,
    ...fields,
    name: utf8.encode(fields.path),
    linkname: utf8.encode(fields.link ?? ""),
  });
  const body = new Uint8Array(Math.ceil(content.length / 512) * 512);
  body.set(utf8.encode(content));
  return concat([block, body, new Uint8Array(ending ? 1024 : 0)]);
}

const LONG = `${"d".repeat(120)}/${"e".repeat(130)}/${"f".repeat(140)}`;

mkdirSync(join(folder, "tree", LONG, ".."), { recursive: true });
writeFileSync(join(folder, "tree/hello"), "hello\n");
writeFileSync(join(folder, "tree/Főtanúsítvány ☃"), "snow");
writeFileSync(Buffer.concat([Buffer.from(join(folder, "tree/latin-")), Buffer.from([0xe9, 0xff])]), "é");
writeFileSync(join(folder, "tree", LONG), "far away");
writeFileSync(join(folder, "tree/empty"), "");
linkSync(join(folder, "tree/hello"), join(folder, "tree/hello-again"));
symlinkSync("hello", join(folder, "tree/link"));
symlinkSync("/" + "x".repeat(300), join(folder, "tree/long-link"));
execFileSync("mkfifo", [join(folder, "tree/pipe")]);
writeFileSync(join(folder, "tree/exactly-512"), "5".repeat(512));

test.each(["gnu", "posix"])("reads what GNU tar writes in the format %s", async (format) => {
  const archive = tar(
    "-cf-",
    `--format=${format}`,
    "--sort=name",
    "--owner=app:4000000",
    "--group=grüppe:7",
    "--mtime=@1234567890.5",
    "tree",
  );
  const entries = new Map((await entriesOf(archive)).map((entry) => [entry.path, entry]));
  expect([...entries.keys()]).toEqual(
    tar("-tf-", "--version").toString() &&
      [
        "tree",
        `tree/${"d".repeat(120)}`,
        `tree/${"d".repeat(120)}/${"e".repeat(130)}`,
        `tree/${LONG}`,
        "tree/empty",
        "tree/exactly-512",
        "tree/hello",
        "tree/hello-again",
        "tree/latin-\udce9\udcff",
        "tree/link",
        "tree/long-link",
        "tree/pipe",
        "tree/Főtanúsítvány ☃",
      ].sort(byBytes),
  );
  expect(entries.get("tree/hello")).toMatchObject({
    type: "file",
    text: "hello\n",
    uid: 4_000_000,
    uname: "app",
    gid: 7,
    gname: "grüppe",
  });
  expect(entries.get("tree/hello")!.mtime).toBe(1234567890);
  expect(entries.get("tree/hello")!.mtimeNsec).toBe(format === "posix" ? 500_000_000 : 0);
  expect(entries.get("tree/hello-again")).toMatchObject({ type: "hardlink", linkname: "tree/hello", size: 0 });
  expect(entries.get("tree/link")).toMatchObject({ type: "symlink", linkname: "hello" });
  expect(entries.get("tree/long-link")!.linkname).toBe("/" + "x".repeat(300));
  expect(entries.get("tree/pipe")!.type).toBe("fifo");
  expect(entries.get(`tree/${LONG}`)!.text).toBe("far away");
  expect(entries.get("tree/exactly-512")!.text).toHaveLength(512);
  expect(entries.get("tree/Főtanúsítvány ☃")!.text).toBe("snow");
});

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

test("reads devices and times before 1970", async () => {
  const archive = tar("-cf-", "--format=gnu", "--mtime=@-86400", "-C", "/dev", "null");
  const [entry] = await entriesOf(archive);
  expect(entry).toMatchObject({ path: "null", type: "character", device: [1, 3], mtime: -86400 });
});

test("a time before 1970 with a fraction counts its nanoseconds forward", async () => {
  const pax = text(encodePax(new Map([["mtime", utf8.encode("-1.25")]])));
  const archive = concat([raw({ path: "x", typeflag: "x" }, pax, false), raw({ path: "old" })]);
  expect((await entriesOf(archive))[0]).toMatchObject({ mtime: -2, mtimeNsec: 750_000_000 });
});

test("extended attributes come and go as bytes", async () => {
  const value = Uint8Array.from([1, 0, 0, 2, 0xff, 0x0a, 0x3d]);
  const archive = await write({ path: "ping", type: "file", xattrs: new Map([["security.capability", value]]) });
  expect((await entriesOf(archive))[0].xattrs).toEqual(new Map([["security.capability", value]]));
});

test("GNU tar gives a file the extended attributes we wrote", async () => {
  const archive = await write({
    path: "tagged",
    type: "file",
    xattrs: new Map([["user.note", utf8.encode("see-through")]]),
  });
  writeFileSync(join(folder, "tagged.tar"), archive);
  expect(tar("-tvvf", "tagged.tar", "--xattrs").toString()).toContain("x: 11 user.note");
});

test("a global header holds for what follows, until a local one takes it back", async () => {
  const records = (entries: Record<string, string>) =>
    text(encodePax(new Map(Object.entries(entries).map(([key, value]) => [key, utf8.encode(value)]))));
  const archive = concat([
    raw({ path: "g", typeflag: "g" }, records({ uname: "everybody", comment: "x" }), false),
    raw({ path: "first" }, "", false),
    raw({ path: "x", typeflag: "x" }, records({ uname: "" }), false),
    raw({ path: "second" }),
  ]);
  expect((await entriesOf(archive)).map(({ path, uname }) => [path, uname])).toEqual([
    ["first", "everybody"],
    ["second", ""],
  ]);
});

const ODD: TarInput[] = [
  { path: "", type: "directory", mode: 0o1777 },
  { path: "dir", type: "directory", mode: 0o2755, uid: 5, gid: 6, uname: "u", gname: "g", mtime: 1_000_000_000 },
  { path: LONG, type: "file", content: utf8.encode("deep") },
  { path: `${"p".repeat(90)}/${"n".repeat(90)}`, type: "file", content: utf8.encode("fits into ustar") },
  { path: "☃/naïve", type: "file", content: utf8.encode("snow"), mtime: 12, mtimeNsec: 345_000_000 },
  { path: "raw-\udcff", type: "file" },
  { path: `raw-\udcff-${"y".repeat(120)}`, type: "file" },
  { path: "big-owner", type: "file", uid: 2_097_152, gid: 4_294_967_294 },
  { path: "setuid", type: "file", mode: 0o4755, content: utf8.encode("#!") },
  { path: "again", type: "hardlink", linkname: "setuid" },
  { path: "sym", type: "symlink", linkname: "/" + "l".repeat(200) },
  { path: "null", type: "character", device: [1, 3], mode: 0o666 },
  { path: "disk", type: "block", device: [8, 17] },
  { path: "queue", type: "fifo" },
];

test("GNU tar lists what we write as we meant it", async () => {
  const listing = execFileSync("tar", ["-tvf-", "--numeric-owner", "--quoting-style=escape", "--full-time", "--utc"], {
    input: await write(...ODD),
    env: { ...process.env, LC_ALL: "C.UTF-8" },
  }).toString();
  const lines = listing
    .trim()
    .split("\n")
    .map((line) => line.replace(/ +/g, " "));
  expect(lines).toEqual([
    "drwxrwxrwt 0/0 0 1970-01-01 00:00:00 ./",
    "drwxr-sr-x 5/6 0 2001-09-09 01:46:40 dir/",
    `-rw-r--r-- 0/0 4 1970-01-01 00:00:00 ${LONG}`,
    `-rw-r--r-- 0/0 15 1970-01-01 00:00:00 ${"p".repeat(90)}/${"n".repeat(90)}`,
    "-rw-r--r-- 0/0 4 1970-01-01 00:00:12.345 ☃/naïve",
    "-rw-r--r-- 0/0 0 1970-01-01 00:00:00 raw-\\377",
    `-rw-r--r-- 0/0 0 1970-01-01 00:00:00 raw-\\377-${"y".repeat(120)}`,
    "-rw-r--r-- 2097152/4294967294 0 1970-01-01 00:00:00 big-owner",
    "-rwsr-xr-x 0/0 2 1970-01-01 00:00:00 setuid",
    "hrw-r--r-- 0/0 0 1970-01-01 00:00:00 again link to setuid",
    `lrwxrwxrwx 0/0 0 1970-01-01 00:00:00 sym -> /${"l".repeat(200)}`,
    "crw-rw-rw- 0/0 1,3 1970-01-01 00:00:00 null",
    "brw------- 0/0 8,17 1970-01-01 00:00:00 disk",
    "prw-r--r-- 0/0 0 1970-01-01 00:00:00 queue",
  ]);
});

test("GNU tar unpacks what we write", async () => {
  const target = mkdtempSync(join(folder, "out-"));
  execFileSync("tar", ["-xpf-", "-C", target], {
    input: await write(...ODD.filter(({ type }) => type !== "block" && type !== "character")),
  });
  expect(readFileSync(join(target, LONG), "utf8")).toBe("deep");
  expect(lstatSync(join(target, "again")).ino).toBe(lstatSync(join(target, "setuid")).ino);
  expect(lstatSync(join(target, "setuid")).mode & 0o7777).toBe(0o4755);
  expect(readlinkSync(join(target, "sym"))).toBe("/" + "l".repeat(200));
});

test("what we write, we read", async () => {
  const read = await entriesOf(await write(...ODD));
  expect(read.map(({ path }) => path)).toEqual(ODD.map(({ path }) => path));
  for (const [index, input] of ODD.entries()) {
    const header = { ...input };
    delete header.content;
    expect(read[index]).toMatchObject(header);
  }
});

test("equal entries give equal bytes", async () => {
  expect(await write(...ODD)).toEqual(await write(...ODD));
});

test("content that nobody reads is passed over", async () => {
  const archive = await write(
    { path: "a", type: "file", content: new Uint8Array(5000) },
    { path: "b", type: "file", content: utf8.encode("B") },
  );
  const seen: string[] = [];
  for await (const { path } of readTar(inPieces(archive))) seen.push(path);
  expect(seen).toEqual(["a", "b"]);
});

test("content is read in its entry's turn or not at all", async () => {
  const archive = await write(
    { path: "a", type: "file", content: utf8.encode("A") },
    { path: "b", type: "file", content: utf8.encode("B") },
  );
  const entries = readTar(inPieces(archive));
  const first = (await entries.next()).value!;
  await entries.next();
  await expect(readAll(first.content!, 10)).rejects.toThrow('entry "a": its content is read after');
});

test("the stream is read to its last byte, so that whoever measures it has all of it", async () => {
  const archive = concat([await write({ path: "a", type: "file" }), new Uint8Array(9000)]);
  let bytes = 0;
  const counted = inPieces(archive).pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, out) => ((bytes += chunk.length), out.enqueue(chunk)),
    }),
  );
  for (const entries = readTar(counted); !(await entries.next()).done;);
  expect(bytes).toBe(archive.length);
});

test("stopping early cancels the stream", async () => {
  const reason = await new Promise((resolve) => {
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(raw({ path: "a" }, "", false)),
      cancel: () => resolve("cancelled"),
    });
    void (async () => {
      const entries = readTar(stream);
      await entries.next();
      await entries.return();
    })();
  });
  expect(reason).toBe("cancelled");
});

test("an archive cut off anywhere but between two entries is an error, and never a shorter file", async () => {
  const archive = await write(
    { path: "a", type: "file", content: utf8.encode("x".repeat(700)) },
    { path: LONG, type: "file", content: utf8.encode("y") },
  );
  const endMark = archive.length - 1024;
  const betweenEntries = [0, 512 + 1024];
  for (let length = 0; length < endMark; length++) {
    if (length % 37 !== 0 && length % 512 !== 0) continue;
    if (betweenEntries.includes(length)) continue;
    expect((await errorOf(archive.subarray(0, length))).code, `cut at ${length}`).toBe("truncated");
  }
  expect(await entriesOf(archive.subarray(0, endMark))).toHaveLength(2);
});

test("a changed bit in a header is found", async () => {
  const archive = await write({ path: "a", type: "file" });
  archive[3] ^= 1;
  expect((await errorOf(archive)).code).toBe("bad-checksum");
});

test("a file that is no archive is named as such", async () => {
  expect((await errorOf(utf8.encode("Lorem ipsum ".repeat(100)))).message).toContain("this is no tar archive");
});

test.each<[string, Uint8Array, string]>([
  ["climbs", raw({ path: "a/../../etc/passwd" }), "path-climbs"],
  ["is absolute", raw({ path: "/etc/passwd" }), "path-absolute"],
  ["is a symbolic link out of the root", raw({ path: "a/b", typeflag: "2", link: "../../etc" }), "link-climbs"],
  ["is a hard link out of the root", raw({ path: "a", typeflag: "1", link: "../shadow" }), "path-climbs"],
  ["is an absolute hard link", raw({ path: "a", typeflag: "1", link: "/etc/shadow" }), "path-absolute"],
  ["is a link to nothing", raw({ path: "a", typeflag: "2" }), "bad-header"],
  ["is sparse", raw({ path: "a", typeflag: "S" }), "unsupported-type"],
  ["has an unknown type", raw({ path: "a", typeflag: "Z" }), "unsupported-type"],
  ["claims content that is not there", raw({ path: "a", size: 0o7777777777 }), "truncated"],
  ["claims more than the bound", raw({ path: "a", size: 0o77777777777 }), "too-large"],
])("an entry that %s is refused by name", async (_, archive, code) => {
  const error = await errorOf(archive);
  expect(error.code).toBe(code);
  expect(error.message).toContain(JSON.stringify(error.entry));
});

test("a sparse file in PAX form is refused, not taken for a short one", async () => {
  writeFileSync(join(folder, "hole"), "");
  execFileSync("truncate", ["-s", "1M", join(folder, "hole")]);
  expect((await errorOf(tar("-cf-", "--format=posix", "--sparse", "hole"))).message).toContain("--sparse");
  expect((await errorOf(tar("-cf-", "--format=gnu", "--sparse", "hole"))).message).toContain("--sparse");
});

test("names, headers and records have bounds", async () => {
  const pax = (key: string, value: string) => text(encodePax(new Map([[key, utf8.encode(value)]])));
  const after = (records: string) => concat([raw({ path: "x", typeflag: "x" }, records, false), raw({ path: "a" })]);
  expect((await errorOf(after(pax("path", "p".repeat(5000))))).code).toBe("path-too-long");
  expect((await errorOf(after(pax("path", "p\0q")))).code).toBe("bad-header");
  expect((await errorOf(after(pax("SCHILY.xattr.user.big", "v".repeat(70_000))))).code).toBe("too-large");
  expect((await errorOf(after(pax("size", "-5")))).code).toBe("bad-number");
  expect((await errorOf(after("99 path=x\n"))).code).toBe("bad-header");
  expect((await errorOf(after("nonsense"))).code).toBe("bad-header");
  expect((await errorOf(after("7 a=bc\nnonsense"))).code).toBe("bad-header");
  expect((await errorOf(raw({ path: "x", typeflag: "x", size: 1 << 21 }))).code).toBe("too-large");
  const headers = Array.from({ length: 20 }, () => raw({ path: "x", typeflag: "x" }, pax("comment", "again"), false));
  expect((await errorOf(concat(headers))).message).toContain("in a row");
});

test("there is a bound on entries and on their bytes", async () => {
  const archive = await write(
    { path: "a", type: "file", content: new Uint8Array(600) },
    { path: "b", type: "file", content: new Uint8Array(600) },
  );
  expect((await errorOf(archive, { maxEntries: 1 })).code).toBe("too-many-entries");
  expect((await errorOf(archive, { maxContentBytes: 1000 })).entry).toBe("b");
});

test("absolute names are taken from the root, where that is asked for", async () => {
  const archive = concat([
    raw({ path: "/etc/passwd" }, "", false),
    raw({ path: "/b", typeflag: "1", link: "/etc/passwd" }),
  ]);
  const entries = await entriesOf(archive, { absoluteNames: "strip" });
  expect(entries.map(({ path, linkname }) => [path, linkname])).toEqual([
    ["etc/passwd", ""],
    ["b", "etc/passwd"],
  ]);
});

test("a lone block of zeros is refused: readers disagree about what follows", async () => {
  const archive = concat([raw({ path: "a" }, "", false), new Uint8Array(512), raw({ path: "hidden" })]);
  expect((await errorOf(archive)).message).toContain("lone block");
});

test.each<[string, TarInput]>([
  ["is longer than announced", { path: "a", type: "file", size: 1, content: streamOf([utf8.encode("two")]) }],
  ["is shorter than announced", { path: "a", type: "file", size: 9, content: streamOf([utf8.encode("two")]) }],
])("writing content that %s is an error, not a damaged archive", async (_, entry) => {
  await expect(write(entry)).rejects.toMatchObject({ code: "content-changed", entry: "a" });
});

test.each(["/a", "a/../b"])("the path %s is not written", async (path) => {
  await expect(write({ path, type: "file" })).rejects.toBeInstanceOf(TarError);
});

const SEED = Number(process.env.SEED ?? 20261123);
test(`damaged archives end in a TarError or in entries, never otherwise (seed ${SEED})`, async () => {
  const whole = tar("-cf-", "--format=posix", "--sort=name", "tree");
  let state = SEED;
  const random = (below: number) => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % below;
  for (let round = 0; round < 300; round++) {
    const damaged = Uint8Array.from(whole);
    for (let change = 0; change < 1 + random(4); change++) damaged[random(damaged.length)] = random(256);
    const error = await entriesOf(damaged).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error !== undefined) expect(error).toBeInstanceOf(TarError);
  }
});
