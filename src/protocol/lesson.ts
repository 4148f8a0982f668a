/** A lesson as the page plays it, parsed and validated from `lessons/NN-name/`. */
import type { NamespaceKind } from "./namespace";
import type { TaskState } from "./task";

/** How a process must look for a matcher to count it. Every given field must hold; threads other than the leader are not counted. */
export interface TaskMatch {
  comm?: string;
  /** Every word must appear in argv, in this order. A word that ends in `*` matches by its beginning. */
  argv?: string[];
  /** Pid in the task's own (innermost) pid namespace. */
  innerPid?: number;
  /** Number of pid namespaces above and including its own: 1 on the host, 2 in a child namespace. */
  pidLevels?: number;
  uid?: number;
  state?: TaskState;
  cgroup?: string;
  /** Namespace kinds that must not be the host's. */
  ownNamespaces?: NamespaceKind[];
  /** Namespace kinds that must be the host's. */
  hostNamespaces?: NamespaceKind[];
  /** Names its uts namespace must have. */
  hostname?: string;
  /** True: it must have started since the step began. False: it must be older. */
  startedInStep?: boolean;
  /** A relative that must match too. */
  parent?: TaskMatch;
  /** Some process on the way from its parent to init must match. */
  ancestor?: TaskMatch;
  /** It must be in the same namespaces, of these kinds, as another task that matches. */
  sharesWith?: { task: TaskMatch; namespaces: NamespaceKind[] };
  /** It must not match this. */
  not?: TaskMatch;
}

/** A fact about the kernel picture. */
export type Fact =
  /** `count` left out: at least one. */
  | { task: TaskMatch; count?: { min?: number; max?: number } }
  /** True when a task that matches was seen since the step began (or was there when it began), even if it has gone. */
  | { seen: TaskMatch }
  | { all: Fact[] }
  | { any: Fact[] }
  | { not: Fact };

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
}

export type Verdict =
  | { state: "not-yet" }
  | { state: "near-miss"; say: string }
  /** `holders` are addresses of the tasks that made it pass, to highlight. */
  | { state: "passed"; say: string; holders: number[] };

/** One of the answers a learner may choose. `html` and `why` are harmless HTML, made from Markdown (`src/lesson/markdown.ts`). */
export interface Answer {
  html: string;
  right: boolean;
  /** Shown once the answer was chosen: why it is right, or what is wrong about it. */
  why: string;
}

/** A piece of a step's text. `html` is harmless HTML, made from Markdown. */
export type Block =
  | { kind: "prose"; html: string }
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
  steps: Step[];
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
