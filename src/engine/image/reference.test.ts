import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import {
  familiarName,
  familiarReference,
  fullName,
  fullReference,
  isTag,
  parseReference,
  withDefaultTag,
} from "./reference";

const HEX = "a".repeat(64);

test.each([
  ["busybox", "docker.io", "library/busybox"],
  ["docker.io/busybox", "docker.io", "library/busybox"],
  ["index.docker.io/busybox", "docker.io", "library/busybox"],
  ["library/busybox", "docker.io", "library/busybox"],
  ["user/app", "docker.io", "user/app"],
  ["localhost/app", "localhost", "app"],
  ["localhost:5000/a/b/c", "localhost:5000", "a/b/c"],
  ["ghcr.io/owner/app", "ghcr.io", "owner/app"],
  ["Registry/app", "Registry", "app"],
  ["[::1]:5000/app", "[::1]:5000", "app"],
])("%s is %s and %s", (text, domain, path) => {
  expect(parseReference(text)).toEqual({ domain, path });
});

test("tag and digest are told apart from a port", () => {
  expect(parseReference(`host:5000/app:1.2@sha256:${HEX}`)).toEqual({
    domain: "host:5000",
    path: "app",
    tag: "1.2",
    digest: `sha256:${HEX}`,
  });
});

test.each([
  ["docker.io/library/busybox:1", "busybox:1", "docker.io/library/busybox:1"],
  ["user/app", "user/app", "docker.io/user/app"],
  ["library/a/b", "library/a/b", "docker.io/library/a/b"],
  ["ghcr.io/library/a", "ghcr.io/library/a", "ghcr.io/library/a"],
])("%s is %s in the family and %s in full", (text, familiar, full) => {
  const reference = parseReference(text);
  expect(familiarReference(reference)).toBe(familiar);
  expect(fullReference(reference)).toBe(full);
  expect(parseReference(familiarName(reference))).toEqual(parseReference(fullName(reference)));
});

test("latest is put in where there is neither tag nor digest", () => {
  expect(withDefaultTag(parseReference("busybox")).tag).toBe("latest");
  expect(withDefaultTag(parseReference("busybox:1")).tag).toBe("1");
  expect(withDefaultTag(parseReference(`busybox@sha256:${HEX}`)).tag).toBeUndefined();
});

test("a tag has its own grammar", () => {
  expect(["latest", "1.2-rc_3", "A".repeat(128)].every(isTag)).toBe(true);
  expect(["", ".x", "-x", "a b", "A".repeat(129), "é"].some(isTag)).toBe(false);
});

/** The message if Docker's client or we refuse it; undefined if it is a reference. */
const refusals: [string, string | undefined][] = [
  ["ABC", "invalid reference format: repository name (library/ABC) must be lowercase"],
  ["a/B", "invalid reference format: repository name (a/B) must be lowercase"],
  ["a.b/C:t", "invalid reference format: repository name (C) must be lowercase"],
  [`A@sha256:${HEX}`, "invalid reference format: repository name (library/A@sha256) must be lowercase"],
  ["", "invalid reference format"],
  ["a b", "invalid reference format"],
  ["a:", "invalid reference format"],
  [":a", "invalid reference format"],
  ["a:b:c", "invalid reference format"],
  ["http://a/b", "invalid reference format"],
  ["a@sha256:12", "invalid reference format"],
  ["a___b", "invalid reference format"],
  ["a..b", "invalid reference format"],
  ["a/", "invalid reference format"],
  ["/a", "invalid reference format"],
  ["a//b", "invalid reference format"],
  ["a:é", "invalid reference format"],
  ["docker.io/", "invalid reference format"],
  [`a:${"t".repeat(129)}`, "invalid reference format"],
  [HEX, `invalid repository name (${HEX}), cannot specify 64-byte hexadecimal strings`],
  ["a".repeat(248), "repository name must not be more than 255 characters"],
  ["a".repeat(247), undefined],
  [`q.io/${"a".repeat(255)}`, undefined],
  [`a@sha256:${HEX.slice(1)}`, "invalid checksum digest length"],
  [`a@sha256:${HEX.toUpperCase()}`, "invalid checksum digest format"],
  [`a@sha999:${HEX}`, "unsupported digest algorithm"],
  ["a--b", undefined],
  ["a__b", undefined],
  ["A/b", undefined],
  ["[::1]/a", undefined],
  ["sha256:aaaa", undefined],
  ["localhost", undefined],
  [`a:t@sha256:${HEX}`, undefined],
];

test.each(refusals)("%s: %s", (text, message) => {
  if (message === undefined) expect(() => parseReference(text)).not.toThrow();
  else expect(() => parseReference(text)).toThrow(expect.objectContaining({ message }));
});

// The client checks a reference before it asks an engine, so none has to run.
test.skipIf(spawnSync("docker", ["--version"]).error)(
  "docker's own client says the same",
  () => {
    for (const [text, message] of refusals) {
      const { stderr } = spawnSync("docker", ["pull", "--", text], {
        env: { ...process.env, DOCKER_HOST: "tcp://127.0.0.1:1" },
        encoding: "utf8",
      });
      expect(stderr.trim(), text).toContain(message ?? "Cannot connect to the Docker daemon");
    }
  },
  60_000,
);
