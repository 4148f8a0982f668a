import * as v from "valibot";
import {
  VIEW_IDS,
  type Check,
  type CheckScript,
  type Fact,
  type GoalPart,
  type Look,
  type NearMiss,
  type TypedLine,
  type WrongAnswer,
} from "../protocol/lesson";
import type { MatchedKind } from "../protocol/match";
import { count, eventMatch, objectMatch } from "./match-schema";

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
  answers: 8,
  looks: 16,
  goals: 12,
  parts: 20,
  lessons: 200,
  terms: 500,
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
const facts = v.pipe(v.array(v.lazy(() => fact)), v.minLength(1), v.maxLength(LIMITS.facts));

const counted = Object.entries(objectMatch).map(([kind, match]) => [
  kind,
  v.strictObject({ [kind]: match as v.GenericSchema, count: v.optional(count) }),
]);
const factKinds = {
  ...(Object.fromEntries(counted) as Record<MatchedKind, v.GenericSchema<Fact>>),
  seen: v.strictObject({ seen: objectMatch.task }),
  event: v.strictObject({ event: eventMatch, count: v.optional(count) }),
  all: v.strictObject({ all: facts }),
  any: v.strictObject({ any: facts }),
  not: v.strictObject({ not: v.lazy(() => fact) }),
} satisfies Record<string, v.GenericSchema<Fact>>;
type FactKind = keyof typeof factKinds;
const FACT_KINDS = Object.keys(factKinds) as FactKind[];

const noFact = v.custom<Fact>(() => false, `expected a fact: one of ${FACT_KINDS.join(", ")}`);

// Chosen by its key, so that a problem inside names its own field and not "one of many".
export const fact: v.GenericSchema<Fact> = v.lazy((input) => {
  const key =
    typeof input === "object" && input !== null ? FACT_KINDS.find((kind) => Object.hasOwn(input, kind)) : undefined;
  return key === undefined ? noFact : factKinds[key];
});

const nearMiss: v.GenericSchema<NearMiss> = v.strictObject({ when: fact, say: sentence });

const checkScript: v.GenericSchema<CheckScript> = v.strictObject({ run: script, say: sentence });

const check: v.GenericSchema<Omit<Check, "nearMisses"> & { nearMisses?: NearMiss[] }, Check> = v.strictObject({
  pass: fact,
  say: sentence,
  nearMisses: v.optional(v.pipe(v.array(nearMiss), v.maxLength(LIMITS.nearMisses)), []),
  script: v.optional(checkScript),
});

/** What the text may call a place in the picture, a term, a lesson's state. */
const NAME = /^[a-z0-9][a-z0-9-]*$/;
const named = v.pipe(v.string(), v.maxLength(60), v.regex(NAME, "is no name; use a-z, 0-9 and hyphens"));

const look: v.GenericSchema<Look> = v.pipe(
  v.strictObject({
    view: v.optional(v.picklist(VIEW_IDS, `expected a view: one of ${VIEW_IDS.join(", ")}`)),
    at: v.optional(fact),
  }),
  v.check(({ view, at }) => view !== undefined || at !== undefined, "points nowhere: give it a view, or at, or both"),
);

const goalPart: v.GenericSchema<GoalPart> = v.strictObject({ say: sentence, fact });

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
    looks: v.optional(
      v.pipe(
        v.record(named, look),
        v.check((looks) => Object.keys(looks).length <= LIMITS.looks, `more than ${LIMITS.looks}`),
      ),
    ),
    goal: v.optional(v.pipe(v.array(goalPart), v.minLength(1), v.maxLength(LIMITS.goals))),
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
  start: v.optional(v.union([named, v.strictObject({ after: named })], "is a state's name, or after: LESSON")),
});

/** `course.yaml`. */
export const courseSchema = v.strictObject({
  title: sentence,
  summary: sentence,
  parts: v.pipe(
    v.array(
      v.strictObject({
        title: sentence,
        lessons: v.pipe(
          v.array(v.strictObject({ lesson: named, after: v.optional(v.array(named), []) })),
          v.minLength(1),
          v.maxLength(LIMITS.lessons),
        ),
      }),
    ),
    v.minLength(1),
    v.maxLength(LIMITS.parts),
  ),
});

/** `glossary.yaml`: by the name that texts refer to. `not` lists spellings that are wrong in a lesson's text. */
export const glossarySchema = v.pipe(
  v.record(named, v.strictObject({ term: sentence, says: sentence, not: v.optional(v.array(sentence), []) })),
  v.check((terms) => Object.keys(terms).length <= LIMITS.terms, `more than ${LIMITS.terms} terms`),
);

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
