/**
 * .dockerignore, and the `--exclude` of COPY and ADD, which speaks the same language
 * (docs.docker.com/build/concepts/context/#dockerignore-files; moby/patternmatcher).
 */
import { FILE_CHARS_MAX, PATH_CHARS_MAX, PATTERN_CHARS_MAX, PATTERNS_MAX } from "./bounds";
import { cleanPath, contextPath } from "./context-path";
import { GlobError, matchGlob, parseGlob, type Glob } from "./glob";
import { DockerfileError, Problems, type Problem } from "./problem";
import { lineRange, sourceLines, type Range } from "./source";

/** One line of a .dockerignore. */
export interface IgnorePattern {
  /** Cleaned: without "!", without "/" at its ends. */
  pattern: string;
  /** `!`: what matches is kept after all. */
  exception: boolean;
  glob: Glob;
  range: Range;
}

export interface Dockerignore {
  patterns: IgnorePattern[];
  problems: Problem[];
}

/** Reads a .dockerignore. Lines that are wrong are left out and named in the problems. */
export function parseDockerignore(text: string): Dockerignore {
  const problems = new Problems();
  const patterns: IgnorePattern[] = [];
  if (text.length > FILE_CHARS_MAX) {
    const start = { line: 1, column: 1 };
    const message = `A .dockerignore may have ${FILE_CHARS_MAX} characters; this one has ${text.length}.`;
    problems.error("too-large", { start, end: start }, message);
    return { patterns, problems: problems.list() };
  }
  for (const line of sourceLines(text)) {
    // Only a "#" in the first column begins a comment.
    if (line.text.startsWith("#")) continue;
    if (patterns.length >= PATTERNS_MAX) {
      problems.error("too-large", lineRange(line), `A .dockerignore may have ${PATTERNS_MAX} patterns.`);
      break;
    }
    const pattern = parsePattern(line.text, lineRange(line), problems);
    if (pattern) patterns.push(pattern);
  }
  return { patterns, problems: problems.list() };
}

/**
 * The same for a list of patterns, as `--exclude` gives them.
 * @throws DockerfileError for a pattern that is wrong.
 */
export function parseExcludes(words: readonly { text: string; range: Range }[]): IgnorePattern[] {
  const problems = new Problems();
  const patterns = words.flatMap(({ text, range }) => parsePattern(text, range, problems) ?? []);
  if (problems.errors > 0) throw new DockerfileError(problems.list());
  return patterns;
}

function parsePattern(line: string, range: Range, problems: Problems): IgnorePattern | undefined {
  const text = line.trim();
  const exception = text.startsWith("!");
  const written = exception ? text.slice(1).trim() : text;
  if (written === "") return exception ? loneException(range, problems) : undefined;
  if (written.length > PATTERN_CHARS_MAX) {
    problems.error("bad-pattern", range, `A pattern may have ${PATTERN_CHARS_MAX} characters.`);
    return undefined;
  }
  // A "/" at either end says nothing: all patterns begin at the root of the context.
  const pattern = cleanPath(cleanPath(written).trim()).replace(/^\//, "").trim();
  if (pattern === "" && exception) return loneException(range, problems);
  // Docker leaves "." out "for historical reasons": it would ignore everything.
  if (pattern === "." || pattern === "") return undefined;
  try {
    return { pattern, exception, glob: parseGlob(pattern, { globstar: true }), range };
  } catch (error) {
    if (!(error instanceof GlobError)) throw error;
    problems.error("bad-pattern", range, `The pattern ${written} is wrong: ${error.message}.`, { found: written });
    return undefined;
  }
}

function loneException(range: Range, problems: Problems): undefined {
  problems.error("bad-pattern", range, 'A lone "!" excepts nothing: write a pattern after it.', { found: "!" });
}

/**
 * Whether a path of the context is left out. A pattern that matches a directory matches all that is in it, and the last
 * pattern that matches decides. A directory that is left out can still hold something that is kept; `mayHoldKept` tells.
 */
export function isIgnored(patterns: readonly IgnorePattern[], path: string): boolean {
  const clean = contextPath(path);
  // The context itself cannot be left out, and no pattern is made for longer paths than Linux has.
  if (clean === "" || clean.length > PATH_CHARS_MAX) return false;
  let ignored = false;
  for (const { exception, glob } of patterns) {
    // A pattern that would change nothing need not be looked at.
    if (exception !== ignored) continue;
    if (matchGlob(glob, clean, { orParent: true })) ignored = !exception;
  }
  return ignored;
}

/** Whether it is worth looking into a directory that is left out: only if there are exceptions at all. */
export function mayHoldKept(patterns: readonly IgnorePattern[]): boolean {
  return patterns.some(({ exception }) => exception);
}
