import * as v from "valibot";
import type { Check, Fact, NearMiss, TaskMatch, TypedLine, WrongAnswer } from "../protocol/lesson";
import { NAMESPACE_KINDS } from "../protocol/namespace";

/** Bounds on what a lesson may hold; a lesson may come from anywhere. */
export const LIMITS = {
  files: 64,
  /** Characters. */
  fileSize: 65_536,
  steps: 40,
  hints: 8,
  lines: 40,
  nearMisses: 16,
  wrong: 24,
  facts: 16,
  words: 16,
  answers: 8,
  /** Characters of a sentence, of a command, of a script. */
  sentence: 500,
  command: 4_000,
  script: 16_000,
} as const;

// What a terminal would act on instead of showing, and what makes text read differently from what it is.
const TREACHEROUS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

const sentence = v.pipe(v.string(), v.trim(), v.nonEmpty("is empty"), v.maxLength(LIMITS.sentence));
const script = v.pipe(v.string(), v.maxLength(LIMITS.script));

/** Why a text cannot be typed into a terminal as it reads; undefined when it can. */
export function untypable(code: string): string | undefined {
  if (code.trim() === "") return "a command is empty";
  if (code.length > LIMITS.command) return `a command is longer than ${LIMITS.command} characters`;
  if (TREACHEROUS.test(code)) return "a command holds a control character (a tab is one: it completes names)";
  return undefined;
}

const code = v.pipe(
  v.string(),
  v.check(
    (text) => untypable(text) === undefined,
    (issue) => untypable(issue.input) ?? "",
  ),
);

const terminal = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(3));
const whole = v.pipe(v.number(), v.integer(), v.minValue(0));
const kinds = v.pipe(v.array(v.picklist(NAMESPACE_KINDS)), v.minLength(1));

export const taskMatch: v.GenericSchema<TaskMatch> = v.pipe(
  v.strictObject({
    comm: v.optional(v.pipe(v.string(), v.maxLength(15, "a comm has at most 15 bytes"))),
    argv: v.optional(v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(LIMITS.words))),
    innerPid: v.optional(whole),
    pidLevels: v.optional(v.pipe(whole, v.minValue(1))),
    uid: v.optional(whole),
    state: v.optional(v.picklist(["R", "S", "D", "T", "t", "X", "Z", "P", "I"])),
    cgroup: v.optional(v.string()),
    ownNamespaces: v.optional(kinds),
    hostNamespaces: v.optional(kinds),
    hostname: v.optional(v.string()),
    startedInStep: v.optional(v.boolean()),
    parent: v.optional(v.lazy(() => taskMatch)),
    ancestor: v.optional(v.lazy(() => taskMatch)),
    sharesWith: v.optional(v.strictObject({ task: v.lazy(() => taskMatch), namespaces: kinds })),
    not: v.optional(v.lazy(() => taskMatch)),
  }),
  v.check((match) => Object.keys(match).length > 0, "is empty: it would match every task"),
);

const count = v.pipe(
  v.strictObject({ min: v.optional(whole), max: v.optional(whole) }),
  v.check(({ min = 0, max = Infinity }) => min <= max, "min is greater than max"),
);

const facts = v.pipe(v.array(v.lazy(() => fact)), v.minLength(1), v.maxLength(LIMITS.facts));

const factKinds: Record<string, v.GenericSchema<Fact>> = {
  task: v.strictObject({ task: taskMatch, count: v.optional(count) }),
  seen: v.strictObject({ seen: taskMatch }),
  all: v.strictObject({ all: facts }),
  any: v.strictObject({ any: facts }),
  not: v.strictObject({ not: v.lazy(() => fact) }),
};

const noFact = v.custom<Fact>(() => false, "expected a fact: one of task, seen, all, any, not");

// Chosen by its key, so that a problem inside names its own field and not "one of five".
export const fact: v.GenericSchema<Fact> = v.lazy((input) => {
  const key =
    typeof input === "object" && input !== null ? Object.keys(factKinds).find((kind) => kind in input) : undefined;
  return key === undefined ? noFact : factKinds[key];
});

const nearMiss: v.GenericSchema<NearMiss> = v.strictObject({ when: fact, say: sentence });

const check: v.GenericSchema<Omit<Check, "nearMisses"> & { nearMisses?: NearMiss[] }, Check> = v.strictObject({
  pass: fact,
  say: sentence,
  nearMisses: v.optional(v.pipe(v.array(nearMiss), v.maxLength(LIMITS.nearMisses)), []),
});

/** A line alone is typed into terminal 1. */
const typedLine: v.GenericSchema<string | { terminal?: number; code: string; until?: Fact }, TypedLine> = v.union([
  v.pipe(
    code,
    v.transform((text): TypedLine => ({ terminal: 1, code: text })),
  ),
  v.strictObject({ terminal: v.optional(terminal, 1), code, until: v.optional(fact) }),
]);

const typedLines = v.pipe(v.array(typedLine), v.maxLength(LIMITS.lines));

const wrongAnswer: v.GenericSchema<unknown, WrongAnswer> = v.strictObject({
  nearMiss: v.pipe(whole, v.minValue(1)),
  lines: v.pipe(typedLines, v.minLength(1)),
});

/** The front matter of a step. */
export const stepSchema = v.pipe(
  v.strictObject({
    title: sentence,
    hints: v.optional(v.pipe(v.array(sentence), v.maxLength(LIMITS.hints)), []),
    setup: v.optional(script),
    check: v.optional(check),
    solve: v.optional(typedLines),
    cleanup: v.optional(script),
    wrong: v.optional(v.pipe(v.array(wrongAnswer), v.maxLength(LIMITS.wrong))),
  }),
  v.forward(
    v.check(
      ({ check, wrong = [] }) => wrong.every(({ nearMiss }) => nearMiss <= (check?.nearMisses.length ?? 0)),
      "names a near-miss that the check does not have",
    ),
    ["wrong"],
  ),
);

/** `lesson.yaml`. */
export const lessonSchema = v.strictObject({
  title: sentence,
  summary: sentence,
  version: v.pipe(whole, v.minValue(1)),
  minutes: v.pipe(whole, v.minValue(1), v.maxValue(120)),
});

/** A fenced `quiz` block. */
export const quizSchema = v.strictObject({
  question: sentence,
  answers: v.pipe(
    v.array(v.strictObject({ text: sentence, right: v.optional(v.boolean(), false), why: sentence })),
    v.minLength(2),
    v.maxLength(LIMITS.answers),
    v.check((answers) => answers.some(({ right }) => right), "no answer is right"),
  ),
});
