import { parseDuration } from "./duration";
import { parseJson, type Arguments, type Details } from "./arguments";
import { USAGE, type Healthcheck } from "./instruction";
import { looksLikeJson, rangeOfSpan, splitKeyword, textOf, trimSpan, wordOf, type Word } from "./word";

type HealthcheckDetails = Details<Healthcheck>;

/** Docker's shortest interval; 0 stands for the default. */
const INTERVAL_MIN_NS = 1e6;
const RETRIES_MAX = 2 ** 31 - 1;

/** HEALTHCHECK (docs.docker.com/reference/dockerfile/#healthcheck). */
export function parseHealthcheck(args: Arguments): HealthcheckDetails | undefined {
  const { flags, rest, keyword, context } = args;
  const { problems } = context;
  const split = splitKeyword(rest);
  const type = wordOf(split.keyword);
  const command = trimSpan(split.args);
  switch (type.text.toUpperCase()) {
    case "NONE":
      if (command.start < command.end) {
        const word = wordOf(command);
        problems.error("bad-argument", word.range, "HEALTHCHECK NONE takes no arguments.", { found: word.text });
        return undefined;
      }
      if (flags.first) {
        problems.warning("flag-without-effect", flags.first.range, "HEALTHCHECK NONE has no use for flags.");
      }
      return { kind: "HEALTHCHECK", test: ["NONE"] };
    case "CMD": {
      const test = parseTest({ ...args, rest: command });
      return test && { kind: "HEALTHCHECK", test, ...parseTimes(args) };
    }
    case "":
      problems.error("missing-argument", keyword, `HEALTHCHECK needs CMD or NONE: ${USAGE.HEALTHCHECK}.`, {
        found: "the end of the line",
        expected: "CMD or NONE",
      });
      return undefined;
    default:
      problems.error(
        "bad-argument",
        type.range,
        `HEALTHCHECK is followed by CMD or NONE, not by ${type.text}: ${USAGE.HEALTHCHECK}.`,
        { found: type.text, expected: "CMD or NONE" },
      );
      return undefined;
  }
}

function parseTest(args: Arguments): string[] | undefined {
  const { problems } = args.context;
  const json = parseJson(args);
  if (json === "refused") return undefined;
  if (json ? json.length === 0 : args.rest.start === args.rest.end) {
    problems.error("missing-argument", args.keyword, "HEALTHCHECK CMD needs a command.", { expected: "a command" });
    return undefined;
  }
  if (json) return ["CMD", ...json.map(({ text }) => text)];
  const line = textOf(args.rest);
  if (looksLikeJson(line)) {
    const message = "This is no valid JSON list of strings, so HEALTHCHECK takes it as a line for the shell.";
    problems.warning("json-as-shell", rangeOfSpan(args.rest), message);
  }
  return ["CMD-SHELL", line];
}

function parseTimes(args: Arguments): Partial<HealthcheckDetails> {
  const { flags } = args;
  const duration = (name: string): number | undefined => {
    const word = flags.value(name);
    return word && parseInterval(name, word, args);
  };
  const retries = flags.value("retries");
  return {
    intervalNs: duration("interval"),
    timeoutNs: duration("timeout"),
    startPeriodNs: duration("start-period"),
    startIntervalNs: duration("start-interval"),
    retries: retries && parseRetries(retries, args),
  };
}

function parseInterval(name: string, word: Word, { context }: Arguments): number | undefined {
  const nanoseconds = parseDuration(word.text);
  const refuse = (why: string, expected: string): undefined => {
    context.problems.error("bad-flag-value", word.range, `--${name}=${word.text} ${why}.`, {
      found: word.text,
      expected,
    });
  };
  if (nanoseconds === undefined) {
    return refuse("is no duration; write a number with its unit, such as 500ms, 30s or 1m30s", "a duration");
  }
  if (nanoseconds !== 0 && nanoseconds < INTERVAL_MIN_NS) return refuse("is shorter than 1ms", "1ms or longer");
  return nanoseconds === 0 ? undefined : nanoseconds;
}

function parseRetries(word: Word, { context }: Arguments): number | undefined {
  const retries = /^[+-]?\d+$/.test(word.text) ? Number(word.text) : NaN;
  if (retries >= 0 && retries <= RETRIES_MAX) return retries === 0 ? undefined : retries;
  context.problems.error("bad-flag-value", word.range, `--retries=${word.text} is no whole number from 0 on.`, {
    found: word.text,
    expected: "a whole number",
  });
  return undefined;
}
