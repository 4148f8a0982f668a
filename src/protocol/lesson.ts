/** A lesson as the page plays it, parsed and validated from `lessons/NN-name/`. */
import type { ObjectRef } from "./evidence";
import type { EventMatch, MatchedKind, ObjectMatches, TaskMatch } from "./match";

/** At least one of them, unless a count says otherwise. */
type Counted = { count?: { min?: number; max?: number } };

/** A fact about the kernel picture. */
export type Fact =
  /** Objects that are there now and match. */
  | { [K in MatchedKind]: { [Key in K]: ObjectMatches[K] } & Counted }[MatchedKind]
  /** True when a task that matches was seen since the step began (or was there when it began), even if it has gone. */
  | { seen: TaskMatch }
  /** Events since the step began. */
  | ({ event: EventMatch } & Counted)
  | { all: Fact[] }
  | { any: Fact[] }
  | { not: Fact };

/** Views that a lesson may open, by id; `glass` is the picture of the whole. */
export const VIEW_IDS = [
  "glass",
  "processes",
  "namespaces",
  "host-inside",
  "cgroups",
  "layers",
  "mounts",
  "network",
  "timeline",
] as const;
export type ViewId = (typeof VIEW_IDS)[number];

/** A place in the picture that the text points to: a view, an object in it, or both. */
export interface Look {
  view?: ViewId;
  /** The first object that makes this hold is selected. */
  at?: Fact;
}

/** A part of what a step's picture shall be in the end. */
export interface GoalPart {
  /** A few words: "a sleep that is number 1". */
  say: string;
  fact: Fact;
}

export interface NearMiss {
  when: Fact;
  /** One sentence: what is there, what is missing, what to do. */
  say: string;
}

export interface Check {
  pass: Fact;
  /** The sentence shown when it passed. */
  say: string;
  /** Tried in order when `pass` does not hold. */
  nearMisses: NearMiss[];
  /** What the picture cannot know: a script, run in the guest when `pass` holds, that exits with 0. */
  script?: CheckScript;
}

export interface CheckScript {
  run: string;
  /** The near-miss when it does not exit with 0. */
  say: string;
}

export type Verdict =
  | { state: "not-yet" }
  | { state: "near-miss"; say: string }
  /** `holders` are the objects that made it pass, to highlight. */
  | { state: "passed"; say: string; holders: ObjectRef[] };

/** One of the answers a learner may choose. `html` and `why` are harmless HTML, made from Markdown (`src/lesson/markdown.ts`). */
export interface Answer {
  html: string;
  right: boolean;
  /** Shown once the answer was chosen: why it is right, or what is wrong about it. */
  why: string;
}

export const BOX_KINDS = ["why", "docker"] as const;
export type BoxKind = (typeof BOX_KINDS)[number];

/** A piece of a step's text. `html` is harmless HTML, made from Markdown. */
export type Block =
  | { kind: "prose"; html: string }
  /** Beside the way: why it works, or what Docker makes of it. */
  | { kind: "box"; box: BoxKind; html: string }
  /** A command the learner runs, copies or types; terminals count from 1. May span lines. */
  | { kind: "command"; terminal: number; code: string }
  /** A prediction: chosen before running, explained at once. Any number of answers may be tried; `id` is unique in the lesson. */
  | { kind: "quiz"; id: string; html: string; answers: Answer[] };

/** A line typed into a terminal, Enter included; `until` is waited for before the next line is typed. */
export interface TypedLine {
  terminal: number;
  code: string;
  until?: Fact;
}

/** A usual mistake, for the lesson's tests: after these lines the step shows its near-miss number `nearMiss` (from 1). */
export interface WrongAnswer {
  nearMiss: number;
  lines: TypedLine[];
}

export interface Step {
  id: string;
  title: string;
  blocks: Block[];
  hints: string[];
  /** Places in the picture, by the name by which the text refers to them. */
  looks?: Record<string, Look>;
  /** The picture to arrive at; its parts are ticked off as they come about. */
  goal?: GoalPart[];
  /** Run by the guest agent before the step, as root, by `sh -e`. */
  setup?: string;
  check?: Check;
  /** What the step's command blocks do, typed for the learner: terminal (from 1) and line. */
  solve: TypedLine[];
  cleanup?: string;
  wrong?: WrongAnswer[];
}

export interface Lesson {
  id: string;
  version: number;
  title: string;
  summary: string;
  minutes: number;
  /** What the machine is when the lesson begins; left out: as it boots. */
  start?: LessonStart;
  steps: Step[];
}

/** What is known of a lesson before it is opened. */
export interface LessonSummary extends Omit<Lesson, "steps" | "start"> {
  steps: { id: string; title: string }[];
}

export type LessonStart =
  /** As this script, run as root by `sh -e`, leaves it: `lessons/states/NAME.sh`, by its name. */
  | { state: string; script: string }
  /** As another lesson leaves it, played from its beginning to its end by its solutions. */
  | { after: Lesson };

/** Lessons in the order in which they are meant to be taken. */
export interface Course {
  title: string;
  summary: string;
  parts: CoursePart[];
  glossary: Term[];
}

export interface CoursePart {
  title: string;
  lessons: CourseLesson[];
}

export interface CourseLesson {
  /** Id of the lesson. */
  lesson: string;
  /** Ids of the lessons that it builds on. */
  after: string[];
}

/** A word of the field, explained where the text uses it. */
export interface Term {
  /** What the text refers to: `copy-up`. */
  id: string;
  term: string;
  /** Harmless HTML, made from Markdown. */
  html: string;
}

/** How far a learner got in one lesson. Plain data: stored, exported and imported as JSON. */
export interface LessonProgress {
  lesson: string;
  /** `Lesson.version` it was made with. */
  version: number;
  /** Id of the step the learner is in. */
  step: string;
  /** Ids of the steps passed. */
  passed: string[];
  finished: boolean;
  /** Milliseconds since 1970. */
  changedAt: number;
}
