/** Which variables an instruction sees (docs.docker.com/reference/dockerfile/#arg). */
import { expect, test } from "vitest";
import { ENVIRONMENT_CHARS_MAX } from "./bounds";
import { expandInstruction } from "./expand";
import type { ExpandedInstruction } from "./instruction";
import { parseDockerfile } from "./parse";
import { DockerfileError } from "./problem";
import {
  afterInstruction,
  envList,
  NO_BUILD_ARGS,
  openScope,
  recordedArgs,
  runArgs,
  unusedBuildArgs,
  type BuildArgs,
  type Scope,
} from "./scope";
import { planStages } from "./stage";

const given = (args: Record<string, string>): BuildArgs => ({ ...NO_BUILD_ARGS, given: new Map(Object.entries(args)) });

/** Goes through the last stage of a Dockerfile, on a base image with this environment. */
function walk(
  text: string,
  buildArgs = NO_BUILD_ARGS,
  env: string[] = [],
): { last: ExpandedInstruction; scope: Scope; warnings: string[] } {
  const { dockerfile } = parseDockerfile(text);
  const { plan, problems } = planStages(dockerfile, { buildArgs });
  if (!plan) throw new DockerfileError(problems);
  let scope = openScope(env, plan.globals, buildArgs);
  const warnings: string[] = [];
  const expanded = plan.stages.at(-1)!.instructions.map((instruction) => {
    const result = expandInstruction(instruction, scope, dockerfile.escape);
    scope = afterInstruction(scope, result.instruction);
    warnings.push(...result.warnings.map(({ message }) => message));
    return result.instruction;
  });
  return { last: expanded[expanded.length - 1], scope, warnings };
}

test("all words of one instruction see the variables from before it", () => {
  // The example of the reference: def is hello, ghi is bye.
  const { scope } = walk("FROM a\nENV abc=hello\nENV abc=bye def=$abc\nENV ghi=$abc");
  expect(envList(scope)).toEqual(["abc=bye", "def=hello", "ghi=bye"]);
});

test("a stage sees a global ARG only when it asks for it", () => {
  expect(walk("ARG V=1\nFROM a\nUSER u$V").last).toMatchObject({ user: "u" });
  expect(walk("ARG V=1\nFROM a\nARG V\nUSER u$V").last).toMatchObject({ user: "u1" });
  expect(walk("ARG V=1\nFROM a\nARG V=2\nUSER u$V").last).toMatchObject({ user: "u2" });
});

test("--build-arg goes before both defaults", () => {
  expect(walk("ARG V=1\nFROM a\nARG V=2\nUSER u$V", given({ V: "3" })).last).toMatchObject({ user: "u3" });
  expect(walk("FROM a\nARG V=2\nUSER u$V", given({ V: "" })).last).toMatchObject({ user: "u" });
});

test("an ARG counts from its line on", () => {
  expect(walk("FROM a\nUSER ${V:-none}\nARG V=1\n").scope.args.get("V")).toBe("1");
  expect(walk("FROM a\nARG V=1\nUSER ${W:-none}$V").last).toMatchObject({ user: "none1" });
});

test("ENV wins over ARG, whichever comes last, and the image's over both", () => {
  expect(walk("FROM a\nENV V=env\nARG V=arg\nUSER $V").last).toMatchObject({ user: "env" });
  expect(walk("FROM a\nARG V=arg\nENV V=env\nUSER $V").last).toMatchObject({ user: "env" });
  expect(walk("FROM a\nARG V=arg\nUSER $V", NO_BUILD_ARGS, ["V=image"]).last).toMatchObject({ user: "image" });
});

test("predefined arguments work without ARG, and stay out of history and cache", () => {
  const proxy = given({ HTTP_PROXY: "http://p" });
  const without = walk("FROM a\nARG A=1\nUSER $HTTP_PROXY", proxy);
  expect(without.last).toMatchObject({ user: "http://p" });
  expect([...runArgs(without.scope)]).toEqual([
    ["HTTP_PROXY", "http://p"],
    ["A", "1"],
  ]);
  expect(recordedArgs(without.scope)).toEqual(["A=1"]);
  expect(recordedArgs(walk("FROM a\nARG HTTP_PROXY\nARG A=1", proxy).scope)).toEqual(["A=1", "HTTP_PROXY=http://p"]);
});

test("arguments without a value, and those that ENV hides, are not given to RUN", () => {
  expect([...runArgs(walk("FROM a\nARG A B=1 C=2\nENV C=3").scope)]).toEqual([["B", "1"]]);
});

test("build arguments that nobody declares are named", () => {
  const { dockerfile } = parseDockerfile("ARG A\nFROM a\nARG B\nONBUILD ARG C");
  expect(unusedBuildArgs(dockerfile.instructions, given({ A: "", B: "", C: "", D: "", no_proxy: "" }))).toEqual(["D"]);
});

test.each([
  ["ADD $a ${b}/ /$c", { sources: ["1", "2/"], destination: "/3" }],
  ["COPY --chown=$a:$b --chmod=$c --exclude=*.$a x /", { chown: "1:2", chmod: "3", exclude: ["*.1"] }],
  ['COPY ["$a b", "/$c"]', { sources: ["1 b"], destination: "/3" }],
  [
    "ENV x=$a y=\"$b c\" z='$c' q=a\\ b",
    { pairs: [{ value: "1" }, { value: "2 c" }, { value: "$c" }, { value: "a b" }] },
  ],
  ['LABEL "my $a"=$b', { pairs: [{ name: "my 1", value: "2" }] }],
  ["EXPOSE $a $ports 8000-8002/udp", { ports: ["1/tcp", "53/udp", "80/tcp", "8000/udp", "8001/udp", "8002/udp"] }],
  ["STOPSIGNAL $a", { signal: "1" }],
  ["USER $a:$b", { user: "1:2" }],
  ["VOLUME /$a /$b", { paths: ["/1", "/2"] }],
  ["WORKDIR /$a b", { path: "/1 b" }],
  ["ARG x=$a", { args: [{ name: "x", default: "1" }] }],
  ["COPY <<A <<'B' /\n$a \"q\"\nA\n$b\nB", { heredocs: [{ content: '1 "q"\n' }, { content: "$b\n" }] }],
  // Left to the shell that runs them.
  ["RUN echo $a", { command: { script: "echo $a" } }],
  ['CMD ["$a"]', { command: { argv: ["$a"] } }],
  ["ENTRYPOINT $a", { command: { script: "$a" } }],
  ["HEALTHCHECK CMD $a", { test: ["CMD-SHELL", "$a"] }],
  ["ONBUILD USER $a", { expression: "USER $a" }],
  ["RUN <<A\n$a\nA", { heredocs: [{ content: "$a\n" }] }],
])("%j", (line, expected) => {
  expect(walk(`FROM a\nENV a=1 b=2 c=3 ports="53/udp 80"\n${line}`).last).toMatchObject(expected);
});

test.each([
  ["USER a${b:?give b}c", "Dockerfile:2:7: error: In a${b:?give b}c: b: give b."],
  ["EXPOSE 80 eighty", "Dockerfile:2:11: error: EXPOSE: eighty is no port; write 80, 53/udp or 8000-8010."],
  ["EXPOSE 80/ip", "Dockerfile:2:8: error: EXPOSE: ip is no protocol; take tcp, udp, sctp."],
  ["EXPOSE 9-8", "Dockerfile:2:8: error: EXPOSE: the ports 9-8 go backwards."],
  ["EXPOSE 70000", "Dockerfile:2:8: error: EXPOSE: 70000 is no port; the last one is 65535."],
  ["ENV $x=1", "Dockerfile:2:5: error: $x comes out empty, which is no name."],
  ["LABEL a='b", "Dockerfile:2:9: error: In 'b: a single quote (') is not closed."],
])("%j cannot be carried out", (line, message) => {
  expect(() => walk(`FROM a\n${line}`)).toThrow(expect.objectContaining({ name: "DockerfileError", message }));
});

test("a default that is not used may be wrong", () => {
  expect(walk("FROM a\nARG V=${x:?}\nUSER $V", given({ V: "1" })).last).toMatchObject({ user: "1" });
});

test("a variable that is not set is warned of, with the one that may be meant", () => {
  const { warnings } = walk("FROM a\nENV VERSION=1\nARG none\nUSER $VERSON$none\nWORKDIR ${x:-/}");
  expect(warnings).toEqual(["The variable VERSON is not set, so nothing stands in its place. Did you mean VERSION?"]);
});

test("the environment cannot grow without end", () => {
  const doubled = Array.from({ length: 16 }, () => "ENV a=$a$a").join("\n");
  expect(() => walk(`FROM a\nENV a=1234\n${doubled}`)).toThrow(/characters come out/);
  const many = Array.from({ length: 40 }, (_, i) => `ENV a${i}=$a`).join("\n");
  const env = [`a=${"x".repeat(ENVIRONMENT_CHARS_MAX / 32)}`];
  expect(() => walk(`FROM a\n${many}`, NO_BUILD_ARGS, env)).toThrow(/All variables together/);
  const sources = "$a ".repeat(100);
  expect(() => walk(`FROM a\nCOPY ${sources} /`, NO_BUILD_ARGS, env)).toThrow(/come out of this instruction/);
});
