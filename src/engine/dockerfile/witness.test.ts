/**
 * Our parser beside Docker's own. tests/fixtures/dockerfile-witness.json holds inputs of ours, hand-picked and random, and
 * what became of them in the code of dockerd 20.10.24 (Debian's source package docker.io: buildkit's parser and shell),
 * in moby/patternmatcher 0.5.0 and in Go 1.19. Where today's Docker differs from that one (empty commands, text behind
 * a JSON list, `--interval=0`), or where we refuse what can mean nothing, the input is not in there.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { cleanPath } from "./context-path";
import { isIgnored, parseDockerignore } from "./dockerignore";
import { parseDuration } from "./duration";
import { GlobError, matchGlob, parseGlob } from "./glob";
import { parseDockerfile } from "./parse";
import { expandWord, SubstitutionError } from "./variable";
import { outline, type Witness } from "./witness.testing";

const witness = JSON.parse(
  readFileSync(new URL("../../../tests/fixtures/dockerfile-witness.json", import.meta.url), "utf8"),
) as Witness;

const isError = ({ severity }: { severity: string }): boolean => severity === "error";

test.each(witness.dockerfiles)("%j is read as by Docker", (text, instructions) => {
  const { dockerfile, problems } = parseDockerfile(text);
  expect(problems.some(isError) ? null : dockerfile.instructions.map(outline)).toEqual(instructions);
});

test("words are expanded and split as by Docker", () => {
  const variables = new Map(witness.env.map((pair) => pair.split(/=(.*)/s, 2) as [string, string]));
  const expand = (escape: string, word: string): unknown[] => {
    try {
      const { text, words } = expandWord(word, variables, { escape });
      return [escape, word, text, words];
    } catch (error) {
      expect(error).toBeInstanceOf(SubstitutionError);
      return [escape, word, null, null];
    }
  };
  expect(witness.words.map(([escape, word]) => expand(escape, word))).toEqual(witness.words);
});

test("wildcards of COPY match as Go's filepath.Match", () => {
  const match = (pattern: string, paths: string[]): unknown => {
    try {
      const glob = parseGlob(pattern, { globstar: false });
      return Object.fromEntries(paths.map((path) => [path, matchGlob(glob, path)]));
    } catch (error) {
      expect(error).toBeInstanceOf(GlobError);
      return null;
    }
  };
  const ours = witness.globs.map(([pattern, matches]) => [pattern, match(pattern, Object.keys(matches ?? {}))]);
  expect(ours).toEqual(witness.globs);
});

test.each(witness.ignores)(".dockerignore %j leaves out what it does for Docker", (file, ignored) => {
  const { patterns, problems } = parseDockerignore(file);
  if (!ignored) return expect(problems.some(isError)).toBe(true);
  expect(problems).toEqual([]);
  const ours = Object.keys(ignored).map((path) => [path, isIgnored(patterns, path)]);
  expect(Object.fromEntries(ours)).toEqual(ignored);
});

test("durations are Go's", () => {
  expect(witness.durations.map(([text]) => [text, parseDuration(text) ?? null])).toEqual(witness.durations);
});

test("paths are cleaned as by Go", () => {
  expect(witness.paths.map(([path]) => [path, cleanPath(path)])).toEqual(witness.paths);
});
