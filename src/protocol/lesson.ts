/** A lesson as the page plays it, parsed and validated from `lessons/NN-name/`. */
import type { NamespaceKind } from "./view";

/** How a task must look for a matcher to count it. Every given field must hold. */
export interface TaskMatch {
  comm?: string;
  /** Every word must appear in argv, in this order. */
  argv?: string[];
  /** Pid in the task's own (innermost) pid namespace. */
  innerPid?: number;
  /** Number of pid namespaces above and including its own: 1 on the host, 2 in a child namespace. */
  pidLevels?: number;
  uid?: number;
  cgroup?: string;
  /** Namespace kinds that must not be the host's. */
  ownNamespaces?: NamespaceKind[];
  /** Namespace kinds that must be the host's. */
  hostNamespaces?: NamespaceKind[];
  /** Names its uts namespace must have. */
  hostname?: string;
  /** A relative that must match too. */
  parent?: TaskMatch;
}

/** A fact about the kernel picture. */
export type Fact =
  | { task: TaskMatch; count?: { min?: number; max?: number } }
  /** True when a task that matches was seen since the step began, even if it has gone. */
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

/** A piece of a step's text. `html` is sanitised. */
export type Block =
  | { kind: "prose"; html: string }
  /** A command the learner runs, copies or types; terminals count from 1. */
  | { kind: "command"; terminal: number; code: string };

export interface Step {
  id: string;
  title: string;
  blocks: Block[];
  hints: string[];
  /** Run by the guest agent before the step, as root, by `sh -e`. */
  setup?: string;
  check?: Check;
  /** What the step's command blocks do, typed for the learner: terminal (from 1) and line. */
  solve: { terminal: number; code: string }[];
  cleanup?: string;
}

export interface Lesson {
  id: string;
  version: number;
  title: string;
  summary: string;
  minutes: number;
  steps: Step[];
}
