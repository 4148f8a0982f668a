/** The patterns of `${name#pattern}` and its relatives: `*`, `?`, and a backslash before a character that is meant itself. */
import { SUBSTITUTION_PATTERN_MAX } from "./bounds";

/** One part of a pattern: any text in a line, any character but the end of a line, or one character. */
type Part = { kind: "star" } | { kind: "any" } | { kind: "char"; char: string };

export type ShellPattern = readonly Part[];

/** @throws RangeError for an escape that means nothing, and for a pattern beyond the bound. */
export function parseShellPattern(text: string): ShellPattern {
  const parts: Part[] = [];
  const chars = [...text];
  if (chars.length > SUBSTITUTION_PATTERN_MAX) {
    throw new RangeError(`the pattern is longer than ${SUBSTITUTION_PATTERN_MAX} characters`);
  }
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i];
    if (char === "*") {
      // Two stars match what one does.
      if (parts.at(-1)?.kind !== "star") parts.push({ kind: "star" });
    } else if (char === "?") {
      parts.push({ kind: "any" });
    } else if (char === "\\") {
      const escaped = chars[++i] ?? "";
      if (!ESCAPABLE.includes(escaped)) throw new RangeError(`invalid escape "\${escaped}"`);
      parts.push({ kind: "char", char: escaped });
    } else {
      parts.push({ kind: "char", char });
    }
  }
  return parts;
}

// "}" and "/" end the parts of a substitution, so they, too, can be escaped.
const ESCAPABLE: readonly string[] = ["*", "?", "\\", "}", "/"];

const NO_MATCH = -1;

/**
 * For each place in the value, where the match that begins there ends: the nearest or the farthest end, or -1 for none.
 * The time is pattern times value, whatever they hold.
 */
function matchEnds(pattern: ShellPattern, value: readonly string[], reach: "shortest" | "longest"): Int32Array {
  const better = (a: number, b: number): number => {
    if (a === NO_MATCH || b === NO_MATCH) return Math.max(a, b);
    return reach === "longest" ? Math.max(a, b) : Math.min(a, b);
  };
  const ends = new Int32Array(value.length + 1);
  // ends of pattern[p..] from the place after this one, and from this one
  let after = new Int32Array(pattern.length + 1).fill(NO_MATCH);
  let here = new Int32Array(pattern.length + 1);
  for (let i = value.length; i >= 0; i--) {
    here[pattern.length] = i;
    for (let p = pattern.length - 1; p >= 0; p--) {
      const part = pattern[p];
      const char = value[i];
      const inLine = char !== undefined && char !== "\n";
      if (part.kind === "star") here[p] = better(here[p + 1], inLine ? after[p] : NO_MATCH);
      else if (part.kind === "any") here[p] = inLine ? after[p + 1] : NO_MATCH;
      else here[p] = char === part.char ? after[p + 1] : NO_MATCH;
    }
    ends[i] = here[0];
    [after, here] = [here, after];
  }
  return ends;
}

/** `${value#pattern}`, and with `longest` `##`. */
export function removePrefix(value: string, pattern: ShellPattern, longest: boolean): string {
  const chars = [...value];
  const end = matchEnds(pattern, chars, longest ? "longest" : "shortest")[0];
  return end === NO_MATCH ? value : chars.slice(end).join("");
}

/** `${value%pattern}`, and with `longest` `%%`. */
export function removeSuffix(value: string, pattern: ShellPattern, longest: boolean): string {
  const reversed = [...value].reverse();
  const end = matchEnds(pattern.toReversed(), reversed, longest ? "longest" : "shortest")[0];
  return end === NO_MATCH ? value : reversed.slice(end).reverse().join("");
}

/**
 * `${value/pattern/replacement}`, and with `all` `//`. Matches are as long as they can be.
 * @throws RangeError when more than `limit` characters come out.
 */
export function replace(
  value: string,
  pattern: ShellPattern,
  replacement: string,
  options: { all: boolean; limit: number },
): string {
  const chars = [...value];
  const ends = matchEnds(pattern, chars, "longest");
  let result = "";
  let copied = 0;
  let previousEnd = NO_MATCH;
  for (let i = 0; i <= chars.length; i++) {
    const end = ends[i];
    // As in Go, an empty match right behind a match does not count.
    if (end === NO_MATCH || (end === i && i === previousEnd)) continue;
    result += chars.slice(copied, i).join("") + replacement;
    if (result.length > options.limit) throw new RangeError(`more than ${options.limit} characters come out`);
    copied = previousEnd = end;
    if (!options.all) break;
    if (end > i) i = end - 1;
  }
  return result + chars.slice(copied).join("");
}
