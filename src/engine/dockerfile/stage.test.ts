import { expect, test } from "vitest";
import { readDockerfile } from "./dockerfile";
import { describeProblem } from "./problem";
import { NO_BUILD_ARGS } from "./scope";
import { planStages, resolveSource, type StageOptions, type StagePlan } from "./stage";
import { parseDockerfile } from "./parse";

const lines = (...text: string[]): string => text.join("\n") + "\n";

function plan(text: string, options: StageOptions = {}): StagePlan {
  const { plan, problems } = readDockerfile(text, options);
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
  return plan!;
}
const described = (text: string, options: StageOptions = {}): string[] =>
  readDockerfile(text, options).problems.map((problem) => describeProblem(problem));

const THREE = lines(
  "FROM busybox:1.36 AS Build",
  "RUN make",
  "FROM scratch AS test",
  "COPY --from=build /a /",
  "FROM build",
  "COPY --from=nginx:latest /b /",
);

test("stages stand on images, on nothing, and on each other", () => {
  expect(plan(THREE).stages).toMatchObject([
    { index: 0, name: "build", base: { kind: "image", reference: "busybox:1.36" }, instructions: [{ kind: "RUN" }] },
    { index: 1, name: "test", base: { kind: "scratch" } },
    { index: 2, base: { kind: "stage", index: 0 } },
  ]);
});

test("what COPY takes from is known by its name, its number, or is an image", () => {
  const { stages } = plan(THREE + "FROM a\nCOPY --from=0 a /\nCOPY --from=TEST a /\nCOPY --from=2 a /\n");
  expect([...stages[1].sources]).toEqual([["build", { kind: "stage", index: 0 }]]);
  expect([...stages[2].sources]).toEqual([["nginx:latest", { kind: "image", reference: "nginx:latest" }]]);
  expect([...stages[3].sources.values()]).toMatchObject([{ index: 0 }, { index: 1 }, { index: 2 }]);
});

test("what a target does not need is skipped", () => {
  expect(plan(THREE)).toMatchObject({ target: 2, needed: [0, 2] });
  expect(plan(THREE, { target: "build" })).toMatchObject({ target: 0, needed: [0] });
  expect(plan(THREE, { target: "Test" })).toMatchObject({ target: 1, needed: [0, 1] });
  expect(plan(THREE, { target: "2" })).toMatchObject({ target: 2, needed: [0, 2] });
});

test("FROM sees the arguments before it, --build-arg first, and what the builder sets", () => {
  const text = lines(
    "ARG TAG=1 NAME=busybox:$TAG",
    "FROM --platform=$BUILDPLATFORM ${NAME} AS a",
    "ARG X=1",
    "FROM $X",
  );
  const buildArgs = { given: new Map([["TAG", "2"]]), platform: new Map([["BUILDPLATFORM", "linux/386"]]) };
  const { plan, problems } = readDockerfile(text, { buildArgs });
  expect(plan).toBeUndefined();
  expect(problems.map((problem) => describeProblem(problem))).toEqual([
    expect.stringMatching(
      /^Dockerfile:4:6: warning: The variable X is not set. FROM sees only ARGs from before the first FROM/,
    ),
    expect.stringMatching(/^Dockerfile:4:6: error: FROM has no image: nothing is left of \$X/),
  ]);
  const { dockerfile } = parseDockerfile(text.replace("FROM $X\n", ""));
  expect(planStages(dockerfile, { buildArgs }).plan).toMatchObject({
    stages: [{ base: { reference: "busybox:2" }, platform: "linux/386" }],
    globals: new Map([
      ["TAG", "2"],
      ["NAME", "busybox:2"],
    ]),
  });
});

test.each([
  [
    lines("FROM a", "COPY --from=3 a /"),
    /^Dockerfile:2:13: error: There is no stage 3: the file has 1, counted from 0 to 0/,
  ],
  [
    lines("FROM a AS x", "COPY --from=x a /"),
    /^Dockerfile:2:13: error: The stage x \(line 1\) cannot copy from itself/,
  ],
  [lines("FROM a", "COPY --from=0 a /"), /^Dockerfile:2:13: error: The stage 0 \(line 1\) cannot copy from itself/],
  [lines("FROM a", "COPY --from=b a /", "FROM b AS b"), /^Dockerfile:2:13: error: The stage b begins only on line 3/],
  [
    lines("FROM a AS a", "COPY --from=c x /", "FROM a AS b", "FROM b AS c"),
    /^Dockerfile:2:13: error: Stages need each other in a circle: a -> c -> b -> a\./,
  ],
  [lines("FROM a AS x", "FROM b AS X"), /^Dockerfile:2:11: error: There is already a stage x, on line 1/],
  [lines("FROM a AS scratch"), /^Dockerfile:1:11: error: A stage cannot be called scratch/],
  [lines("FROM ${a:?required}"), /^Dockerfile:1:6: error: In \$\{a:\?required\}: a: required/],
])("%j is refused", (text, message) => {
  expect(described(text)).toEqual([expect.stringMatching(message)]);
});

test("a target that is not there is named, with those that are", () => {
  expect(described(THREE, { target: "biuld" })).toEqual([
    "Dockerfile:5:1: error: The target stage biuld could not be found. Did you mean build? Named stages: build, test.",
  ]);
  expect(described("FROM a", { target: "9" })).toEqual([
    "Dockerfile:1:1: error: The target stage 9 could not be found. No stage has a name.",
  ]);
});

test("FROM of a later stage's name is an image, which is warned of; of its own name it is common", () => {
  expect(described(lines("FROM b", "FROM a AS b"))).toEqual([
    "Dockerfile:1:6: warning: The stage b begins only on line 2, so this is the image b.",
  ]);
  expect(described("FROM nginx AS nginx")).toEqual([]);
  expect(plan("FROM nginx AS nginx").stages[0].base).toEqual({ kind: "image", reference: "nginx" });
});

test("only the last CMD of a stage counts", () => {
  expect(described(lines("FROM a", "CMD a", "CMD b", "FROM b", "CMD c"))).toEqual([
    "Dockerfile:2:1: warning: This CMD has no effect: the one on line 3 replaces it.",
  ]);
});

test("errors of the text and of the stages are told together, unless a FROM could not be read", () => {
  expect(described(lines("FROM a", "RUNN", "COPY --from=7 a /"))).toHaveLength(2);
  expect(described(lines("FROM a AS 1", "FROM b", "COPY --from=1 a /"))).toHaveLength(1);
});

test("a trigger of a base image is resolved among the stages of the file that uses it", () => {
  const { stages } = plan(THREE, { buildArgs: NO_BUILD_ARGS });
  const { range } = stages[0].from;
  expect(resolveSource(stages, 2, { text: "test", range })).toEqual({ kind: "stage", index: 1 });
  expect(() => resolveSource(stages, 0, { text: "test", range })).toThrow(/begins only on line 3/);
});
