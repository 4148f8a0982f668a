import { OPTION_KINDS } from "./option-kinds";
import type { OptionKind } from "./option-kinds";

/** One option as it was declared. */
export interface OptionSpec {
  name: string;
  /** One letter, or empty. */
  short: string;
  /** The word of the value in the help; empty for a flag. */
  type: string;
  text: string;
  hidden: boolean;
  /** Another name of this option. */
  aliasOf: string;
  /** Whoever uses it is told its other name. */
  deprecated: boolean;
  /** Whoever uses its letter is told its name. */
  letterDeprecated: boolean;
  kind: OptionKind;
  initial: unknown;
}

const LINE =
  /^(?<hidden>#?)\s*(?:-(?<short>\w), )?--(?<name>[\w-]+)(?: (?<type>[\w-]+)(?::(?<kind>\w+))?)?\s{2,}(?<text>.+)$/;
const DEFAULT = /\(default ("[^"]*"|true|false|-?\d+\w*)\)$/;

const initialOf = (kind: OptionKind, text: string): unknown => {
  const found = DEFAULT.exec(text)?.[1];
  if (found === undefined) return kind.initial;
  return kind.read(found.replace(/^"(.*)"$/, "$1"), kind.initial);
};

/**
 * Reads declarations, which are written as the help shows them, one a line: `-m, --memory bytes  Memory limit`. The word
 * after the name is the kind of its value (none is a flag), `word:kind` where the help's word is not the kind's name;
 * `(default …)` at the end is also what the option has when nobody gives it. `#` hides an option from the help, and a
 * text of `alias of --name` makes it another name.
 */
export const declareOptions = (declaration: string, kinds: Record<string, OptionKind> = OPTION_KINDS): OptionSpec[] =>
  declaration
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => {
      const found = LINE.exec(line)?.groups;
      if (!found) throw new Error(`not an option's declaration: ${line}`);
      const kind = kinds[found.kind ?? found.type ?? "bool"] ?? OPTION_KINDS[found.kind ?? found.type ?? "bool"];
      if (!kind) throw new Error(`no kind of option: ${line}`);
      return {
        name: found.name,
        short: found.short ?? "",
        type: found.type ?? "",
        text: found.text,
        hidden: found.hidden === "#",
        aliasOf: /^alias of --([\w-]+)/.exec(found.text)?.[1] ?? "",
        deprecated: found.text.endsWith(", deprecated"),
        letterDeprecated: found.text.endsWith(", letter deprecated"),
        kind,
        initial: initialOf(kind, found.text),
      };
    });

/** What was typed wrongly, in pflag's words. */
export class OptionError extends Error {
  override readonly name = "OptionError";
}

/** The options of one command line, read by name; an undeclared name is our own mistake and throws. */
export interface Options {
  changed(name: string): boolean;
  flag(name: string): boolean;
  text(name: string): string;
  number(name: string): number;
  list(name: string): string[];
  value(name: string): unknown;
}

export interface ParsedLine {
  options: Options;
  args: string[];
  /** What is to be said of deprecated options. */
  notices: string[];
}

const label = (spec: OptionSpec): string => (spec.short ? `-${spec.short}, --${spec.name}` : `--${spec.name}`);

/**
 * Reads options and arguments as pflag does: `--name=value`, `--name value`, `-n value`, `-nvalue`, `-itd`; `--` ends
 * them. `interspersed: false` ends them at the first argument. Throws OptionError.
 */
export const parseOptions = (specs: OptionSpec[], argv: string[], interspersed = true): ParsedLine => {
  const values = new Map(specs.map((spec) => [spec.name, spec.initial]));
  const changed = new Set<string>();
  const args: string[] = [];
  const notices: string[] = [];

  const set = (spec: OptionSpec, text: string): void => {
    const target = spec.aliasOf || spec.name;
    if (spec.deprecated) notices.push(`Flag --${spec.name} has been deprecated, use --${target} instead`);
    try {
      values.set(target, spec.kind.read(text, values.get(target)));
    } catch (thrown) {
      throw new OptionError(
        `invalid argument ${JSON.stringify(text)} for ${JSON.stringify(label(spec))} flag: ${(thrown as Error).message}`,
      );
    }
    changed.add(target);
  };

  const rest = [...argv];
  while (rest.length > 0) {
    const word = rest.shift() as string;
    if (word === "--") {
      args.push(...rest);
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      args.push(word);
      if (interspersed) continue;
      args.push(...rest);
      break;
    }
    if (word.startsWith("--")) {
      const at = word.indexOf("=");
      const name = word.slice(2, at < 0 ? undefined : at);
      if (name === "" || name.startsWith("-")) throw new OptionError(`bad flag syntax: ${word}`);
      const spec = specs.find((each) => each.name === name);
      if (!spec) throw new OptionError(`unknown flag: --${name}`);
      if (at >= 0) set(spec, word.slice(at + 1));
      else if (spec.type === "") set(spec, "true");
      else if (rest.length > 0) set(spec, rest.shift() as string);
      else throw new OptionError(`flag needs an argument: --${name}`);
      continue;
    }
    let letters = word.slice(1);
    while (letters !== "") {
      const letter = letters[0];
      const spec = specs.find((each) => each.short === letter);
      if (!spec) throw new OptionError(`unknown shorthand flag: '${letter}' in -${letters}`);
      if (spec.letterDeprecated) notices.push(`Flag shorthand -${letter} has been deprecated, use --${spec.name}`);
      if (letters.length > 2 && letters[1] === "=") {
        set(spec, letters.slice(2));
        break;
      }
      if (spec.type === "") {
        set(spec, "true");
        letters = letters.slice(1);
        continue;
      }
      if (letters.length > 1) set(spec, letters.slice(1));
      else if (rest.length > 0) set(spec, rest.shift() as string);
      else throw new OptionError(`flag needs an argument: '${letter}' in -${letters}`);
      break;
    }
  }

  const value = (name: string): unknown => {
    if (!values.has(name)) throw new Error(`no option --${name} was declared`);
    return values.get(name);
  };
  return {
    args,
    notices,
    options: {
      changed: (name) => changed.has(name),
      value,
      flag: (name) => value(name) as boolean,
      text: (name) => value(name) as string,
      number: (name) => value(name) as number,
      list: (name) => value(name) as string[],
    },
  };
};
