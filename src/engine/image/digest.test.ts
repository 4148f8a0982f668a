import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { readAll, streamOf } from "./bytes";
import { checkDigest, createDigester, DigestError, digestOf, shortId, verifying } from "./digest";

const utf8 = new TextEncoder();
const CONTENT = utf8.encode("glass".repeat(50_000));

test("a digest is what sha256sum prints", () => {
  const printed = execFileSync("sha256sum", { input: CONTENT, encoding: "utf8" }).split(" ")[0];
  expect(digestOf(CONTENT)).toBe(`sha256:${printed}`);
  const digester = createDigester();
  for (let at = 0; at < CONTENT.length; at += 777) digester.update(CONTENT.subarray(at, at + 777));
  expect(digester.measured()).toEqual({ digest: `sha256:${printed}`, size: CONTENT.length });
});

test("the example of the OCI image specification is a digest", () => {
  const example = "sha256:6c3c624b58dbbcd3c0dd82b4c53f04194d1247c6eebdaab7c610cf7d66709b3b";
  expect(checkDigest(example)).toBe(example);
  expect(shortId(checkDigest(example))).toBe("6c3c624b58db");
});

test.each([
  "",
  "sha256",
  "sha256:",
  "SHA256:aa",
  "sha256:" + "A".repeat(64),
  "sha256:" + "a".repeat(63),
  "constructor:aa",
  "md5:" + "a".repeat(32),
])("%j is none", (text) => expect(() => checkDigest(text)).toThrow(DigestError));

const through = (size: number | undefined, digest = digestOf(CONTENT)) =>
  readAll(
    streamOf([CONTENT.subarray(0, 9), CONTENT.subarray(9)]).pipeThrough(verifying({ size, digest }, "layer abc")),
    1e6,
  );

test("content that is what it should be passes unchanged", async () => {
  expect(Buffer.compare(await through(CONTENT.length), CONTENT)).toBe(0);
});

test.each([
  ["another digest", () => through(CONTENT.length, digestOf("other")), "digest-mismatch"],
  ["more bytes", () => through(CONTENT.length - 1), "size-mismatch"],
  ["fewer bytes", () => through(CONTENT.length + 1), "size-mismatch"],
])("content with %s errors, by its name", async (_, act, code) => {
  const error = await act().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DigestError);
  expect(error).toMatchObject({ code, message: expect.stringContaining("layer abc") });
});
