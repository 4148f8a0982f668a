/** Numbers and texts. What is not there matches nothing. */
import type { NumberMatch, TextMatch } from "../../protocol/match";

export function isNumber(value: number | undefined, match: NumberMatch): boolean {
  if (value === undefined) return false;
  if (typeof match === "number") return value === match;
  return value >= (match.min ?? -Infinity) && value <= (match.max ?? Infinity);
}

export function isText(value: string | undefined, match: TextMatch): boolean {
  if (value === undefined) return false;
  return match.endsWith("*") ? value.startsWith(match.slice(0, -1)) : value === match;
}

/** True when each of `words` appears among `values`, in this order. */
export function hasWords(values: readonly string[], words: readonly TextMatch[]): boolean {
  let next = 0;
  for (const value of values) {
    if (next === words.length) break;
    if (isText(value, words[next])) next += 1;
  }
  return next === words.length;
}

/** True when each of `words` is among `values`. */
export function hasAll(values: readonly string[], words: readonly TextMatch[]): boolean {
  return words.every((word) => values.some((value) => isText(value, word)));
}
