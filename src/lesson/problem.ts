/** What is wrong with a lesson, and where its author finds it. */
export interface LessonProblem {
  file: string;
  /** From 1. */
  line?: number;
  /** Path of the field: `check.nearMisses[0].when`. */
  field?: string;
  message: string;
}

/** The problem as one line: `02-unshare.md:7: check.pass: is missing`. */
export function describeProblem({ file, line, field, message }: LessonProblem): string {
  return [file + (line === undefined ? "" : `:${line}`), ...(field === undefined ? [] : [field]), message].join(": ");
}
