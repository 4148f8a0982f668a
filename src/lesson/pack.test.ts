import { strToU8, zipSync } from "fflate";
import { expect, test } from "vitest";
import { MAX_PACK_BYTES, readPack, type PackedFile } from "./pack";

const about = "title: T\nsummary: S\nversion: 1\nminutes: 5\n";
const step = "---\ntitle: A\n---\n\nText.\n";
const file = (name: string, text: string): PackedFile => ({ name, bytes: strToU8(text) });
const zip = (files: Record<string, string>): PackedFile[] => [
  {
    name: "my-lesson.zip",
    bytes: zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)]))),
  },
];

test("files, a zip of files and a zip of a folder are the same lesson", async () => {
  const files = [file("lesson.yaml", about), file("01-a.md", step)];
  const inFolder = {
    "07-mine/lesson.yaml": about,
    "07-mine/01-a.md": step,
    "other/01-b.md": step,
    "07-mine/x/01-c.md": step,
  };
  for (const [packed, id] of [
    [files, "elsewhere/lesson-yaml"],
    [zip({ "lesson.yaml": about, "01-a.md": step }), "elsewhere/my-lesson"],
    [zip(inFolder), "elsewhere/mine"],
  ] as const) {
    expect(await readPack([...packed])).toMatchObject({ ok: true, lesson: { id, title: "T", steps: [{ id: "a" }] } });
  }
});

test("script, event handlers and javascript: links come out as text", async () => {
  const evil = `${step}<script>alert(1)</script> <img src=x onerror=alert(1)> [x](javascript:alert(1)) [y](look:"><b>)`;
  const read = await readPack([file("lesson.yaml", about), file("01-a.md", evil)]);
  const html = read.ok ? read.lesson.steps[0].blocks.map((block) => ("html" in block ? block.html : "")).join("") : "";
  expect(html).toContain("&lt;script&gt;");
  expect(html).not.toMatch(/<(script|img|a|b|button)\b/);
});

test.each([
  [
    "50 MB",
    [{ name: "lesson.zip", bytes: new Uint8Array(MAX_PACK_BYTES + 1) }],
    "It is larger than 2 MiB, so it is no lesson.",
  ],
  ["no lesson in it", [file("readme.md", "x")], "There is no lesson.yaml in it."],
  ["a broken zip", [{ name: "x.zip", bytes: strToU8("PK\x03\x04 nothing") }], /^The zip could not be read/],
  [
    "a YAML bomb",
    [file("lesson.yaml", `a: &a [x,x]\nb: &b [${"*a,".repeat(30)}]\nc: [${"*b,".repeat(30)}]`)],
    "The lesson has mistakes.",
  ],
])("%s is refused, and said", async (_, packed, what) => {
  const read = await readPack(packed as PackedFile[]);
  expect(read.ok).toBe(false);
  if (!read.ok) expect(read.what).toMatch(what);
});

test("a zip that unpacks to an enormous file is not unpacked", async () => {
  const read = await readPack(zip({ "lesson.yaml": about, "01-a.md": step, "02-b.md": "x".repeat(50_000_000) }));
  expect(read).toMatchObject({ ok: true, lesson: { steps: [{ id: "a" }] } });
});
