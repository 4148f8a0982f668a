/** What COPY and ADD are told to take from a context, a stage or an image. */
import { PATTERN_CHARS_MAX } from "./bounds";
import { contextPath } from "./context-path";
import { GlobError, matchGlob, parseGlob } from "./glob";
import { DockerfileError } from "./problem";
import type { Range } from "./source";

/** One source, ready to be held against paths. */
export interface SourcePattern {
  /** Within the context, without "/" at its ends; "" is the context itself. */
  path: string;
  /** Whether it may stand for several paths; if not, it is one path, and its absence an error. */
  wildcard: boolean;
  /** Whether a path, cleaned in the same way, is meant. What lies in a directory that is meant is not looked at. */
  matches(path: string): boolean;
}

/**
 * A source as Docker reads it: always within the context, wildcards by Go's filepath.Match
 * (docs.docker.com/reference/dockerfile/#copy, "Source").
 * @throws DockerfileError for a pattern that is wrong.
 */
export function sourcePattern(source: string, range: Range): SourcePattern {
  const path = contextPath(source);
  if (!hasWildcard(path)) return { path, wildcard: false, matches: (other) => other === path };
  const refuse = (why: string): DockerfileError => {
    const message = `The source ${source} is wrong: ${why}.`;
    return new DockerfileError([{ severity: "error", code: "bad-pattern", range, message, found: source }]);
  };
  if (path.length > PATTERN_CHARS_MAX) throw refuse(`it may have ${PATTERN_CHARS_MAX} characters`);
  try {
    const glob = parseGlob(path, { globstar: false });
    return { path, wildcard: true, matches: (other) => matchGlob(glob, other) };
  } catch (error) {
    throw error instanceof GlobError ? refuse(error.message) : error;
  }
}

/** As Docker looks for them: a backslash hides what follows it. Without wildcards it is part of the name. */
function hasWildcard(path: string): boolean {
  return /[*?[]/.test(path.replace(/\\./gs, ""));
}

/** Whether ADD is to fetch the source rather than to find it in the context. */
export function isRemoteSource(source: string): boolean {
  return /^https?:\/\//.test(source) || /^(git@|git:\/\/)/.test(source);
}
