import { PROBLEMS_MAX } from "./bounds";
import type { Position, Range } from "./source";

/** What is wrong, for programs. Those of the second half are warnings. */
export type ProblemCode =
  | "too-large"
  | "no-instructions"
  | "no-stage"
  | "bad-directive"
  | "unknown-instruction"
  | "unknown-flag"
  | "duplicate-flag"
  | "bad-flag-value"
  | "unsupported"
  | "missing-argument"
  | "bad-argument"
  | "bad-json"
  | "bad-heredoc"
  | "forbidden-trigger"
  | "bad-substitution"
  | "duplicate-stage"
  | "unknown-stage"
  | "forward-stage"
  | "self-stage"
  | "cyclic-stages"
  | "no-target"
  | "bad-pattern"
  | "too-many-problems"
  // Warnings
  | "deprecated"
  | "directive-is-comment"
  | "unknown-frontend"
  | "empty-continuation"
  | "json-as-shell"
  | "overridden"
  | "flag-without-effect"
  | "stage-is-image"
  | "unset-variable";

/** One thing wrong with a Dockerfile or a .dockerignore. */
export interface Problem {
  severity: "error" | "warning";
  code: ProblemCode;
  range: Range;
  /** One or two whole sentences: what is wrong, and what to do. */
  message: string;
  /** The text that stands there. */
  found?: string;
  /** What could stand there instead. */
  expected?: string;
}

/** Gathers problems; the first `PROBLEMS_MAX` errors, and as many warnings, are kept, the rest is counted. */
export class Problems {
  readonly #kept: Problem[] = [];
  readonly #count = { error: 0, warning: 0 };
  readonly #beyond: { error?: Problem; warning?: Problem } = {};

  error(code: ProblemCode, range: Range, message: string, texts: { found?: string; expected?: string } = {}): void {
    this.add({ severity: "error", code, range, message, ...texts });
  }

  warning(code: ProblemCode, range: Range, message: string, texts: { found?: string; expected?: string } = {}): void {
    this.add({ severity: "warning", code, range, message, ...texts });
  }

  add(problem: Problem): void {
    const { severity, range } = problem;
    if (++this.#count[severity] <= PROBLEMS_MAX) {
      this.#kept.push(problem);
      return;
    }
    const more = this.#count[severity] - PROBLEMS_MAX;
    const message = `${more} more ${severity}${more === 1 ? "" : "s"} not listed.`;
    this.#beyond[severity] ??= { severity, code: "too-many-problems", range, message };
    this.#beyond[severity].message = message;
  }

  get errors(): number {
    return this.#count.error;
  }

  /** In the order of the file. */
  list(): Problem[] {
    const beyond = [this.#beyond.error, this.#beyond.warning].filter((problem) => problem !== undefined);
    return [...this.#kept.toSorted((a, b) => comparePositions(a.range.start, b.range.start)), ...beyond];
  }
}

function comparePositions(a: Position, b: Position): number {
  return a.line - b.line || a.column - b.column;
}

/** The problem as one line, as compilers write it: `Dockerfile:3:1: error: …`. */
export function describeProblem({ severity, range, message }: Problem, file = "Dockerfile"): string {
  return `${file}:${range.start.line}:${range.start.column}: ${severity}: ${message}`;
}

/** A Dockerfile or a .dockerignore that cannot be used. `problems` are all that were found, warnings too. */
export class DockerfileError extends Error {
  override name = "DockerfileError";
  readonly problems: Problem[];

  constructor(problems: Problem[], file = "Dockerfile") {
    const errors = problems.filter(({ severity }) => severity === "error");
    super(errors.map((problem) => describeProblem(problem, file)).join("\n"));
    this.problems = problems;
  }
}
