/** The `--name=value` before the arguments of an instruction. */
import type { InstructionKind } from "./instruction";
import { suggestion } from "./nearest";
import type { Problems } from "./problem";
import { rangeOf } from "./source";
import { isSpace, type Span, type Word } from "./word";

/** `value` takes one, `values` several, `switch` is on or off; `absent` is Docker's but cannot be built here. */
type FlagType = "value" | "values" | "switch" | "absent";

const TRANSFER_FLAGS = {
  chown: "value",
  chmod: "value",
  exclude: "values",
  link: "switch",
  parents: "absent",
} as const;

const FLAGS: Partial<Record<InstructionKind, Record<string, FlagType>>> = {
  FROM: { platform: "value" },
  RUN: { mount: "absent", network: "absent", security: "absent", device: "absent" },
  COPY: { ...TRANSFER_FLAGS, from: "value" },
  ADD: { ...TRANSFER_FLAGS, checksum: "value", "keep-git-dir": "absent", unpack: "absent" },
  HEALTHCHECK: {
    interval: "value",
    timeout: "value",
    "start-period": "value",
    "start-interval": "value",
    retries: "value",
  },
};

const INSTEAD: Record<string, string> = {
  mount: "Copy what it mounts with COPY, or fetch it again in this RUN.",
  network: "Leave it out.",
  security: "Leave it out.",
  device: "Leave it out.",
  parents: "Name the directories in the destination.",
  "keep-git-dir": "Leave it out.",
  unpack: "Leave it out: ADD unpacks local archives.",
};

/** A flag as it stands there, quotes and escapes already taken out of its value. */
interface WrittenFlag {
  name: string;
  /** The part behind "="; none when there is no "=". */
  value?: string;
  span: Span;
}

/** The flags of one instruction, checked against those it takes. */
export interface Flags {
  /** Nothing, too, for `--name=`, which Docker takes as not given. */
  value(name: string): Word | undefined;
  values(name: string): Word[];
  on(name: string): boolean;
  /** The first flag of all, if there is one. */
  first?: Word;
  /** What follows the flags. */
  rest: Span;
}

export function parseFlags(kind: InstructionKind, args: Span, problems: Problems): Flags {
  const { written, rest } = splitFlags(args);
  const known = FLAGS[kind] ?? {};
  const accepted = new Map<string, Word[]>();
  for (const flag of written) {
    const word = checkFlag(kind, known, flag, accepted, problems);
    if (word) accepted.set(flag.name, [...(accepted.get(flag.name) ?? []), word]);
  }
  return {
    value: (name) => accepted.get(name)?.find(({ text }) => text !== ""),
    values: (name) => accepted.get(name) ?? [],
    on: (name) => accepted.get(name)?.[0].text === "true",
    first: written.length > 0 ? wordOfFlag(written[0]) : undefined,
    rest,
  };
}

function wordOfFlag({ span, value, name }: WrittenFlag): Word {
  const { line, start, end } = span;
  const valueStart = value === undefined ? start : start + "--".length + name.length + "=".length;
  return { text: value ?? "true", range: rangeOf(line, valueStart, end) };
}

function checkFlag(
  kind: InstructionKind,
  known: Record<string, FlagType>,
  flag: WrittenFlag,
  accepted: Map<string, Word[]>,
  problems: Problems,
): Word | undefined {
  const { name, value, span } = flag;
  const range = rangeOf(span.line, span.start, span.end);
  const type = Object.hasOwn(known, name) ? known[name] : undefined;
  const found = `--${name}`;
  if (type === undefined) {
    const names = Object.keys(known).map((one) => `--${one}`);
    const expected = names.length === 0 ? `${kind} takes no flags` : `one of ${names.join(", ")}`;
    problems.error("unknown-flag", range, `Unknown flag: ${found} of ${kind}.${suggestion(found, names)}`, {
      found,
      expected,
    });
    return undefined;
  }
  if (type === "absent") {
    problems.error("unsupported", range, `${kind} ${found} is not supported by this builder. ${INSTEAD[name]}`, {
      found,
    });
    return undefined;
  }
  if (type !== "values" && accepted.has(name)) {
    problems.error("duplicate-flag", range, `${kind} takes ${found} only once.`, { found });
    return undefined;
  }
  if (type === "switch") {
    if (value === undefined || value === "true" || value === "false") return wordOfFlag(flag);
    problems.error("bad-flag-value", range, `${found} is on or off: it takes true or false, not ${value}.`, {
      found: value,
      expected: "true or false",
    });
    return undefined;
  }
  if (value === undefined) {
    problems.error("bad-flag-value", range, `${found} needs a value: ${found}=VALUE.`, {
      found,
      expected: `${found}=VALUE`,
    });
    return undefined;
  }
  return wordOfFlag(flag);
}

/** Words that begin with `--`, up to the first that does not, or up to a lone `--`. Quotes and backslashes are undone. */
function splitFlags({ line, start, end }: Span): { written: WrittenFlag[]; rest: Span } {
  const written: WrittenFlag[] = [];
  let at = start;
  for (;;) {
    while (at < end && isSpace(line.text[at])) at++;
    if (!line.text.startsWith("--", at) || at + 2 > end) break;
    const word = readWord(line.text, at, end);
    const span = { line, start: at, end: word.end };
    at = word.end;
    if (word.text === "--") break;
    const equals = word.text.indexOf("=");
    if (equals < 0) written.push({ name: word.text.slice(2), span });
    else written.push({ name: word.text.slice(2, equals), value: word.text.slice(equals + 1), span });
  }
  return { written, rest: { line, start: at, end } };
}

function readWord(text: string, start: number, end: number): { text: string; end: number } {
  let word = "";
  let quote = "";
  let at = start;
  for (; at < end; at++) {
    const char = text[at];
    if (char === "\\") {
      // One at the very end is dropped.
      if (at + 1 < end) word += text[++at];
    } else if (char === quote) {
      quote = "";
    } else if (quote === "" && (char === "'" || char === '"')) {
      quote = char;
    } else if (quote === "" && isSpace(char)) {
      break;
    } else {
      word += char;
    }
  }
  return { text: word, end: at };
}
