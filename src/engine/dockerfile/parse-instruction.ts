/** One logical line to one typed instruction. */
import {
  fail,
  missing,
  parseJson,
  wholeRest,
  type Arguments,
  type Details,
  type InstructionContext,
} from "./arguments";
import { parseCommand } from "./command-line";
import { parseFlags } from "./flag";
import { parseHealthcheck } from "./healthcheck";
import { KEYWORDS, USAGE, type From, type Instruction, type InstructionKind } from "./instruction";
import { nearest } from "./nearest";
import { parseArg, parsePairs } from "./pair";
import type { Problems } from "./problem";
import type { Range } from "./source";
import { parseTransfer } from "./transfer";
import {
  isSpace,
  rangeOfSpan,
  splitAtBlanks,
  splitKeyword,
  textOf,
  trimSpan,
  wordOf,
  type Span,
  type Word,
} from "./word";

/** An instruction without its frame; nothing, when problems say why it could not be read. */
type Parsed = Details<Instruction> | undefined;

const PARSERS: Record<InstructionKind, (args: Arguments) => Parsed> = {
  FROM: parseFrom,
  RUN: (args) => {
    const { command, heredocs } = parseCommand(args, { heredocs: true, emptyClears: false }) ?? {};
    return command && heredocs && { kind: "RUN", command, heredocs };
  },
  CMD: (args) => {
    const command = parseCommand(args, { heredocs: false, emptyClears: true })?.command;
    return command && { kind: "CMD", command };
  },
  ENTRYPOINT: (args) => {
    const command = parseCommand(args, { heredocs: false, emptyClears: true })?.command;
    return command && { kind: "ENTRYPOINT", command };
  },
  SHELL: parseShell,
  COPY: (args) => parseTransfer(args, "COPY"),
  ADD: (args) => parseTransfer(args, "ADD"),
  ENV: (args) => {
    const pairs = parsePairs(args);
    return pairs && { kind: "ENV", pairs };
  },
  LABEL: (args) => {
    const pairs = parsePairs(args);
    return pairs && { kind: "LABEL", pairs };
  },
  ARG: parseArg,
  WORKDIR: (args) => {
    const path = wholeRest(args);
    return path && { kind: "WORKDIR", path };
  },
  USER: (args) => {
    const user = wholeRest(args);
    return user && { kind: "USER", user };
  },
  EXPOSE: (args) => {
    const ports = splitAtBlanks(args.rest).map(wordOf);
    return ports.length === 0 ? missing(args, "a port") : { kind: "EXPOSE", ports };
  },
  VOLUME: parseVolume,
  STOPSIGNAL: (args) => {
    const signal = wholeRest(args);
    return signal && { kind: "STOPSIGNAL", signal };
  },
  HEALTHCHECK: parseHealthcheck,
  ONBUILD: parseOnbuild,
  MAINTAINER: (args) => {
    const author = wholeRest(args);
    if (!author) return undefined;
    args.context.problems.warning(
      "deprecated",
      args.keyword,
      `MAINTAINER is deprecated. Write LABEL org.opencontainers.image.authors=${JSON.stringify(author.text)} instead.`,
    );
    return { kind: "MAINTAINER", author: author.text };
  },
};

/** Reads one instruction; what is wrong with it is added to the problems, and nothing returned if it cannot be used. */
export function parseInstruction(line: Span, context: InstructionContext): Instruction | undefined {
  const span = trimSpan(line);
  const { keyword, args } = splitKeyword(span);
  const word = textOf(keyword);
  const kind = word.toUpperCase() as InstructionKind;
  if (!KEYWORDS.includes(kind)) {
    unknownInstruction(word, rangeOfSpan(keyword), context.problems);
    return undefined;
  }
  const flags = parseFlags(kind, args, context.problems);
  const details = PARSERS[kind]({
    kind,
    keyword: rangeOfSpan(keyword),
    flags,
    rest: trimSpan(flags.rest),
    context,
  });
  return details && ({ ...details, ...context.frame(span) } as Instruction);
}

const INVISIBLE = /[\u00a0\u1680\u2000-\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]/;

function unknownInstruction(word: string, range: Range, problems: Problems): void {
  const near = nearest(word, KEYWORDS);
  const hidden = INVISIBLE.exec(word);
  let hint = near === undefined ? "" : ` Did you mean ${near}?`;
  if (hidden) {
    const code = hidden[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
    hint = ` It holds an invisible character (U+${code}); type a plain space instead.`;
  }
  problems.error("unknown-instruction", range, `Unknown instruction: ${word}.${hint}`, {
    found: word,
    expected: near ?? `one of ${KEYWORDS.join(", ")}`,
  });
}

const STAGE_NAME = /^[a-z][a-z0-9._-]*$/;

function parseFrom(args: Arguments): Details<From<Word>> | undefined {
  const [image, as, name, beyond] = splitAtBlanks(args.rest).map(wordOf);
  if (!image) return missing(args, "an image");
  const platform = args.flags.value("platform");
  if (!as) return { kind: "FROM", image, platform };
  if (as.text.toUpperCase() !== "AS") {
    return fail(args, "bad-argument", as, `After the image comes AS or nothing, not ${as.text}: ${USAGE.FROM}.`, "AS");
  }
  if (!name) {
    return fail(args, "missing-argument", as, `A name of the stage has to follow AS: ${USAGE.FROM}.`, "a name");
  }
  if (beyond) {
    return fail(args, "bad-argument", beyond, `Nothing follows the name of the stage: ${USAGE.FROM}.`, "no more");
  }
  const lower = name.text.toLowerCase();
  if (!STAGE_NAME.test(lower)) {
    const rule = "a letter, then letters, digits, dots, hyphens and underscores";
    return fail(args, "bad-argument", name, `A stage cannot be called ${name.text}; its name is ${rule}.`, rule);
  }
  if (lower === "scratch") {
    return fail(args, "bad-argument", name, "A stage cannot be called scratch, which is the empty image.", "a name");
  }
  return { kind: "FROM", image, platform, name: lower, nameRange: name.range };
}

function parseShell(args: Arguments): Parsed {
  if (args.rest.start === args.rest.end) return missing(args, "a list in brackets");
  const json = parseJson(args);
  if (json === "refused") return undefined;
  if (!json) {
    return fail(args, "bad-json", wordOf(args.rest), `SHELL takes a JSON list: ${USAGE.SHELL}.`, '["string"]');
  }
  if (json.length === 0) return missing(args, "a program in the brackets");
  return { kind: "SHELL", argv: json.map(({ text }) => text) };
}

function parseVolume(args: Arguments): Parsed {
  const json = parseJson(args);
  if (json === "refused") return undefined;
  const paths = json ?? splitAtBlanks(args.rest).map(wordOf);
  if (paths.length === 0) return missing(args, "a path");
  const blank = paths.find(({ text }) => [...text].every(isSpace));
  if (blank) return fail(args, "bad-argument", blank, "The path of a volume cannot be empty.", "a path");
  return { kind: "VOLUME", paths: paths.map(({ text, range }) => ({ text: text.trim(), range })) };
}

const NO_TRIGGERS = ["FROM", "ONBUILD", "MAINTAINER"];

function parseOnbuild(args: Arguments): Parsed {
  const { rest, context } = args;
  if (rest.start === rest.end) return missing(args, "an instruction");
  const { keyword } = splitKeyword(rest);
  const word = wordOf(keyword);
  if (NO_TRIGGERS.includes(word.text.toUpperCase())) {
    return fail(
      args,
      "forbidden-trigger",
      word,
      `${word.text.toUpperCase()} cannot be the trigger of ONBUILD.`,
      `any instruction but ${NO_TRIGGERS.join(", ")}`,
    );
  }
  const trigger = parseInstruction(rest, context);
  if (!trigger) return undefined;
  const heredocs = "heredocs" in trigger ? trigger.heredocs : [];
  const expression = [textOf(rest), ...heredocs.map(({ raw, name }) => raw + name)].join("\n");
  return { kind: "ONBUILD", expression, trigger };
}
