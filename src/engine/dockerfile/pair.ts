/** The names and values of ENV, LABEL and ARG. */
import { fail, missing, type Arguments, type Details } from "./arguments";
import { USAGE, type Arg, type Pair } from "./instruction";
import { rangeOfSpan, splitKeyword, splitQuoted, textOf, trimSpan, wordOf, type Span, type Word } from "./word";

/** `NAME=VALUE …`, or the old form of one pair, `NAME VALUE`. */
export function parsePairs(args: Arguments): Pair<Word>[] | undefined {
  const { kind, rest, context } = args;
  const words = splitQuoted(rest, context.escape);
  if (words.length === 0) return missing(args, "a name and a value");
  if (!textOf(words[0]).includes("=")) return parseOldPair(args);
  const pairs: Pair<Word>[] = [];
  for (const word of words) {
    const equals = textOf(word).indexOf("=");
    if (equals < 0) {
      const text = textOf(word);
      fail(
        args,
        "bad-argument",
        wordOf(word),
        `${text} has no "=": ${USAGE[kind]}. Quote a value that holds blanks.`,
        "=",
      );
    } else if (equals === 0) {
      fail(args, "bad-argument", wordOf(word), `A name has to stand before "=": ${USAGE[kind]}.`, "a name");
    } else {
      pairs.push(splitPair(word, equals));
    }
  }
  return pairs.length === words.length ? pairs : undefined;
}

function splitPair({ line, start, end }: Span, equals: number): Pair<Word> {
  return {
    name: wordOf({ line, start, end: start + equals }),
    value: wordOf({ line, start: start + equals + 1, end }),
  };
}

function parseOldPair(args: Arguments): Pair<Word>[] | undefined {
  const { kind, rest, context } = args;
  const { keyword: name, args: after } = splitKeyword(rest);
  const value = trimSpan(after);
  if (value.start === value.end) {
    const word = wordOf(name);
    return fail(args, "missing-argument", word, `${kind} ${word.text} has no value: ${USAGE[kind]}.`, "=");
  }
  context.problems.warning(
    "deprecated",
    rangeOfSpan(rest),
    `${kind} without "=" is the old form, which takes one name, and all the rest as its value. ` +
      `Write ${kind} ${textOf(name)}=… instead.`,
  );
  return [{ name: wordOf(name), value: wordOf(value) }];
}

export function parseArg(args: Arguments): Details<Arg<Word>> | undefined {
  const words = splitQuoted(args.rest, args.context.escape);
  if (words.length === 0) return missing(args, "a name");
  const parsed = words.map((word) => {
    const equals = textOf(word).indexOf("=");
    if (equals < 0) return { name: wordOf(word) };
    if (equals === 0) return fail(args, "bad-argument", wordOf(word), `A name has to stand before "=": ${USAGE.ARG}.`);
    const { name, value } = splitPair(word, equals);
    return { name, default: value };
  });
  return parsed.every((arg) => arg !== undefined) ? { kind: "ARG", args: parsed } : undefined;
}
