import { expect, test } from "vitest";
import { newSeed, random } from "../../../tests/support/hostile";
import { FILE_CHARS_MAX, INSTRUCTION_CHARS_MAX, PROBLEMS_MAX } from "./bounds";
import type { Instruction } from "./instruction";
import { parseDockerfile, parseTrigger } from "./parse";
import { describeProblem } from "./problem";

const lines = (...text: string[]): string => text.join("\n") + "\n";
const described = (text: string): string[] => parseDockerfile(text).problems.map((problem) => describeProblem(problem));
const instructions = (text: string): Instruction[] => {
  const { dockerfile, problems } = parseDockerfile(text);
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
  return dockerfile.instructions;
};
const only = (text: string): Instruction => instructions(`FROM a\n${text}`)[1];

test("a node knows its range, its line without continuations, and its very text", () => {
  const [, run] = instructions(lines("FROM a", "  RUN one && \\", "    # why", "    two", "USER b"));
  expect(run).toMatchObject({
    kind: "RUN",
    range: { start: { line: 2, column: 3 }, end: { line: 4, column: 8 } },
    original: "RUN one &&     two",
    source: "RUN one && \\\n    # why\n    two",
    command: { form: "shell", script: "one &&     two" },
  });
});

test("a word knows its place, also on a continued line and in a JSON list", () => {
  expect(only("COPY a \\\n   bc /d")).toMatchObject({
    sources: [
      { text: "a", range: { start: { line: 2, column: 6 }, end: { line: 2, column: 7 } } },
      { text: "bc", range: { start: { line: 3, column: 4 }, end: { line: 3, column: 6 } } },
    ],
  });
  expect(only('COPY ["a b", "c"]')).toMatchObject({
    destination: { text: "c", range: { start: { line: 2, column: 14 }, end: { line: 2, column: 17 } } },
  });
});

test("flags of COPY", () => {
  expect(only("COPY --from=0 --chown=1:2 --chmod=755 --link --exclude=*.md --exclude=a a b c/")).toMatchObject({
    from: { text: "0" },
    chown: { text: "1:2", range: { start: { column: 23 }, end: { column: 26 } } },
    chmod: { text: "755" },
    link: true,
    exclude: [{ text: "*.md" }, { text: "a" }],
    sources: [{ text: "a" }, { text: "b" }],
    destination: { text: "c/" },
  });
});

test("directives, and the escape character they choose", () => {
  const { dockerfile } = parseDockerfile(
    lines("# syntax=docker/dockerfile:1", "#escape = `", "# text", "FROM a `", " AS b"),
  );
  expect(dockerfile.directives.map(({ name, value }) => [name, value])).toEqual([
    ["syntax", "docker/dockerfile:1"],
    ["escape", "`"],
  ]);
  expect(dockerfile.comments.map(({ text }) => text)).toEqual(["text"]);
  expect(dockerfile.instructions).toMatchObject([{ image: { text: "a" }, name: "b" }]);
});

test("two escape characters at the end of a line are one that is meant itself", () => {
  expect(only("RUN a \\\\\nUSER b")).toMatchObject({ command: { script: "a \\\\" } });
});

test("health check times are nanoseconds, and zero is the default", () => {
  expect(only("HEALTHCHECK --interval=1m30s --timeout=0s --start-interval=500ms --retries=3 CMD x y")).toMatchObject({
    test: ["CMD-SHELL", "x y"],
    intervalNs: 90e9,
    timeoutNs: undefined,
    startIntervalNs: 5e8,
    retries: 3,
  });
});

test("an ONBUILD holds its trigger, and the text that an image keeps", () => {
  const onbuild = only("ONBUILD RUN <<EOF\na\nEOF");
  expect(onbuild).toMatchObject({ kind: "ONBUILD", expression: "RUN <<EOF\na\nEOF", trigger: { kind: "RUN" } });
  expect(parseTrigger("RUN <<EOF\na\nEOF")).toMatchObject({
    instruction: { kind: "RUN", heredocs: [{ name: "EOF", content: "a\n" }] },
    problems: [],
  });
  expect(parseTrigger("RUN a\nRUN b").problems).toHaveLength(1);
  expect(parseTrigger("").problems).toHaveLength(1);
});

test.each([
  ["RUNN echo", "Dockerfile:2:1: error: Unknown instruction: RUNN. Did you mean RUN?"],
  ["WOKRDIR /a", "Dockerfile:2:1: error: Unknown instruction: WOKRDIR. Did you mean WORKDIR?"],
  ["RUN\u00a0a", /^Dockerfile:2:1: error: Unknown instruction: .* invisible character \(U\+00A0\)/],
  ["XYZZY", "Dockerfile:2:1: error: Unknown instruction: XYZZY."],
  [
    "FROM a as",
    "Dockerfile:2:8: error: A name of the stage has to follow AS: FROM [--platform=PLATFORM] IMAGE [AS NAME].",
  ],
  ["FROM a b", /^Dockerfile:2:8: error: After the image comes AS or nothing, not b/],
  ["FROM a AS 1b", /^Dockerfile:2:11: error: A stage cannot be called 1b/],
  ["COPY --form=a b c", "Dockerfile:2:6: error: Unknown flag: --form of COPY. Did you mean --from?"],
  ["COPY --from=$a b c", /^Dockerfile:2:13: error: --from takes no variables/],
  ["COPY --link=maybe b c", "Dockerfile:2:6: error: --link is on or off: it takes true or false, not maybe."],
  ["COPY --chown b c", "Dockerfile:2:6: error: --chown needs a value: --chown=VALUE."],
  ["COPY --chown=a --chown=b b c", "Dockerfile:2:16: error: COPY takes --chown only once."],
  ["COPY a", /^Dockerfile:2:1: error: COPY needs a destination after the source/],
  ["COPY /a <<EOF\nEOF", /^Dockerfile:2:9: error: A here-document can be a source of COPY/],
  ["RUN --mount=type=cache,target=/a b", /^Dockerfile:2:5: error: RUN --mount is not supported by this builder/],
  ["RUN --network=none b", /^Dockerfile:2:5: error: RUN --network is not supported/],
  ["RUN --security=insecure b", /^Dockerfile:2:5: error: RUN --security is not supported/],
  ["ENV a=b c d=e", /^Dockerfile:2:9: error: c has no "=": ENV NAME=VALUE\.\.\.\. Quote a value/],
  ["ENV a", "Dockerfile:2:5: error: ENV a has no value: ENV NAME=VALUE...."],
  ["SHELL bash -c", /^Dockerfile:2:7: error: SHELL takes a JSON list/],
  ["CMD [1]", /^Dockerfile:2:5: error: The list of CMD may hold strings only/],
  ["HEALTHCHECK curl x", /^Dockerfile:2:13: error: HEALTHCHECK is followed by CMD or NONE, not by curl/],
  ["HEALTHCHECK --interval=5 CMD a", /^Dockerfile:2:24: error: --interval=5 is no duration/],
  ["HEALTHCHECK --retries=-1 CMD a", /^Dockerfile:2:23: error: --retries=-1 is no whole number/],
  ["ONBUILD FROM a", /^Dockerfile:2:9: error: FROM cannot be the trigger of ONBUILD/],
  ["ONBUILD ONBUILD RUN a", /^Dockerfile:2:9: error: ONBUILD cannot be the trigger of ONBUILD/],
  ["ONBUILD RUNN a", "Dockerfile:2:9: error: Unknown instruction: RUNN. Did you mean RUN?"],
  ["RUN <<EOF\na", /^Dockerfile:2:5: error: The here-document EOF is not closed/],
  ["RUN", /^Dockerfile:2:1: error: RUN needs a command/],
])("%j is refused with place and reason", (line, message) => {
  const problems = described(`FROM a\n${line}`);
  expect(problems).toEqual([typeof message === "string" ? message : expect.stringMatching(message)]);
});

test.each([
  ['CMD ["a" "b"]', /^Dockerfile:2:5: warning: This is no valid JSON list of strings, so CMD takes it/],
  ["RUN ['a']", /^Dockerfile:2:5: warning: This is no valid JSON list/],
  [
    "MAINTAINER me",
    'Dockerfile:2:1: warning: MAINTAINER is deprecated. Write LABEL org.opencontainers.image.authors="me" instead.',
  ],
  ["ENV a b c", /^Dockerfile:2:5: warning: ENV without "=" is the old form/],
  ["RUN a \\\n\n b", /^Dockerfile:3:1: warning: Docker will refuse empty lines/],
  ["HEALTHCHECK --interval=5s NONE", /^Dockerfile:2:24: warning: HEALTHCHECK NONE has no use for flags/],
  ["# escape=`", /^Dockerfile:2:1: warning: # escape= is only a comment here/],
])("%j is warned of", (line, message) => {
  const problems = described(`FROM a\n${line}`);
  expect(problems).toEqual([typeof message === "string" ? message : expect.stringMatching(message)]);
});

test("a test in brackets is a shell's, not a list that went wrong", () => {
  expect(described("FROM a\nRUN [ -f /x ] && echo y")).toEqual([]);
});

test.each([
  ["", /^Dockerfile:1:1: error: The file has no instructions/],
  ["# nothing\n", /^Dockerfile:1:1: error: The file has no instructions/],
  ["ARG a\n", /^Dockerfile:1:1: error: The file has no FROM/],
  ["USER a\nFROM b\n", /^Dockerfile:1:1: error: USER stands before the first FROM/],
  ["# escape=x\nFROM a\n", /^Dockerfile:1:1: error: The escape character is a backslash or a backtick, not x/],
  ["# syntax=a\n# syntax=b\nFROM a\n", /^Dockerfile:2:1: error: The directive syntax can be given only once/],
])("the file %j is refused", (text, message) => {
  expect(described(text)).toContainEqual(expect.stringMatching(message));
});

test("all errors of a file are told, in its order", () => {
  const text = lines(
    "FROM a",
    "RUNN a",
    "COPY a",
    "USER",
    "ENV =b",
    "HEALTHCHECK --interval=x --retries=y CMD a",
    "FROM",
  );
  expect(parseDockerfile(text).problems.map(({ range, found }) => [range.start.line, found])).toEqual([
    [2, "RUNN"],
    [3, "the end of the line"],
    [4, "the end of the line"],
    [5, "=b"],
    [6, "x"],
    [6, "y"],
    [7, "the end of the line"],
  ]);
});

test("of very many errors the first are told, the rest is counted", () => {
  const { problems } = parseDockerfile("FROM a\n" + "FOO\n".repeat(PROBLEMS_MAX + 50));
  expect(problems).toHaveLength(PROBLEMS_MAX + 1);
  expect(problems.at(-1)).toMatchObject({ code: "too-many-problems", message: "50 more errors not listed." });
});

test("what is too large is refused", () => {
  expect(parseDockerfile("#".repeat(FILE_CHARS_MAX + 1)).problems).toMatchObject([{ code: "too-large" }]);
  const { problems, dockerfile } = parseDockerfile(`FROM a\nRUN ${"x".repeat(INSTRUCTION_CHARS_MAX)}\nUSER b`);
  expect(problems).toMatchObject([{ code: "too-large", range: { start: { line: 2 } } }]);
  expect(dockerfile.instructions.map(({ kind }) => kind)).toEqual(["FROM", "USER"]);
});

test.each([
  ["blanks in a directive", `# syntax=a${" ".repeat(500_000)}b\nFROM a`],
  ["blanks within a line", `FROM a\n#\n${`${" ".repeat(500)}x\\\n`.repeat(100)}`],
  ["blanks in a comment", `FROM a\n#${" ".repeat(900_000)}x`],
  ["a here-document without a name", `FROM a\nRUN <<${" ".repeat(60_000)}x<`],
  ["commas in brackets", `FROM a\nRUN [${",".repeat(60_000)}`],
  ["digits of a duration", `FROM a\nHEALTHCHECK --interval=${"1".repeat(60_000)} CMD a`],
  ["lines of one instruction", `FROM a\nENV ${"a=b \\\n".repeat(10_000)} c=d`],
  ["quotes", `FROM a\nRUN ${"'\"".repeat(30_000)}`],
  ["brackets", `FROM a\nCMD ${"[".repeat(60_000)}`],
])("a great many %s are read in the time of the test", (_, text) => {
  expect(parseDockerfile(text).dockerfile.instructions.length).toBeGreaterThan(0);
});

test("whatever the text, there is an answer, and each range lies within the file", () => {
  const seed = newSeed();
  const next = random(seed);
  const pieces =
    "FROM a|RUN |COPY |ENV |<<EOF|EOF|\\|`|\n|\r\n|\n\n|# |escape=`|'|\"|[|]|,|=|$|{|}|--|from=|é|😀|\u2028|\u0000|\ufeff| |\t|ONBUILD |HEALTHCHECK |AS ".split(
      "|",
    );
  for (let round = 0; round < 2000; round++) {
    const length = Math.floor(next() * 30);
    const text = Array.from({ length }, () => pieces[Math.floor(next() * pieces.length)]).join("");
    const { dockerfile, problems } = parseDockerfile(text);
    const count = text.split("\n").length;
    for (const { range } of [...dockerfile.instructions, ...problems, ...dockerfile.comments]) {
      const { start, end } = range;
      const inOrder = start.line < end.line || (start.line === end.line && start.column <= end.column);
      expect(
        inOrder && start.line >= 1 && start.column >= 1 && end.line <= count,
        `SEED=${seed} ${JSON.stringify(text)}`,
      ).toBe(true);
    }
    expect(dockerfile.instructions.length + problems.length, `SEED=${seed} ${JSON.stringify(text)}`).toBeGreaterThan(0);
  }
});
