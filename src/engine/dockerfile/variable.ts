/**
 * Quotes, escapes and variables of a word, as Docker's own small shell treats them
 * (docs.docker.com/reference/dockerfile/#environment-replacement; moby/buildkit, frontend/dockerfile/shell).
 */
import { EXPANDED_CHARS_MAX, NESTING_MAX, SUBSTITUTION_STEPS_MAX } from "./bounds";
import { parseShellPattern, removePrefix, removeSuffix, replace, type ShellPattern } from "./shell-pattern";
import { isSpace } from "./word";

/** What a variable stands for; a name that is not in it is unset. */
export type Variables = ReadonlyMap<string, string>;

export interface ExpandOptions {
  /** The escape character of the Dockerfile; a backslash when left out. */
  escape?: string;
  /** In the text of a here-document quotes mean nothing. */
  quotes?: "undone" | "kept";
  /** Most characters that may come out. */
  limit?: number;
}

export interface Expansion {
  text: string;
  /** The text cut at blanks that are neither quoted nor escaped; those in the values of variables cut, too. */
  words: string[];
  /** Names that were asked for and have a value. */
  used: ReadonlySet<string>;
  /** Names that were asked for and have none, unless `-`, `+` or `?` says what then. */
  unset: ReadonlySet<string>;
}

/** A substitution that cannot be done; `offset` is where it begins in the word. */
export class SubstitutionError extends Error {
  override name = "SubstitutionError";
  readonly offset: number;
  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

/** @throws SubstitutionError */
export function expandWord(source: string, variables: Variables, options: ExpandOptions = {}): Expansion {
  const expander = new Expander(source, variables, options);
  const { text, words } = expander.expand();
  return { text, words, used: expander.used, unset: expander.unset };
}

// A number, one of the shell's special parameters, or a name.
const NAME = /\p{Nd}+|[@*#?\-$!]|[\p{L}_][\p{L}\p{Nd}_]*/uy;

/** Text as it comes out, and the words it falls into. */
class Output {
  text = "";
  readonly words: string[] = [];
  #word = "";

  /** Text whose blanks part words. */
  add(text: string): void {
    this.text += text;
    for (const char of text) {
      if (isSpace(char)) this.#endWord();
      else this.#word += char;
    }
  }

  /** Text whose blanks do not: it was quoted or escaped. */
  addQuoted(text: string): void {
    this.text += text;
    this.#word += text;
  }

  finish(): { text: string; words: string[] } {
    this.#endWord();
    return { text: this.text, words: this.words };
  }

  #endWord(): void {
    if (this.#word !== "") this.words.push(this.#word);
    this.#word = "";
  }
}

/** Reads the source once, from left to right. */
class Expander {
  readonly used = new Set<string>();
  readonly unset = new Set<string>();
  readonly #source: string;
  readonly #variables: Variables;
  readonly #escape: string;
  readonly #quotes: boolean;
  readonly #limit: number;
  #at = 0;
  #depth = 0;
  #steps = 0;
  /** Whether escapes are left in: a pattern reads them itself. */
  #rawEscapes = false;

  constructor(source: string, variables: Variables, options: ExpandOptions) {
    this.#source = source;
    this.#variables = variables;
    this.#escape = options.escape ?? "\\";
    this.#quotes = options.quotes !== "kept";
    this.#limit = options.limit ?? EXPANDED_CHARS_MAX;
  }

  expand(): { text: string; words: string[] } {
    return this.#until(undefined, false, 0);
  }

  /** Reads up to `stop`, which is passed over, or to the end of the source. `opened` is where the construct began. */
  #until(stop: string | undefined, rawEscapes: boolean, opened: number): { text: string; words: string[] } {
    const output = new Output();
    const outerRawEscapes = this.#rawEscapes;
    this.#rawEscapes = rawEscapes;
    while (this.#at < this.#source.length) {
      const char = this.#source[this.#at];
      if (char === stop) {
        this.#at++;
        this.#rawEscapes = outerRawEscapes;
        return output.finish();
      }
      if (char === "$") output.add(this.#dollar());
      else if (char === "'" && this.#quotes) output.addQuoted(this.#singleQuoted());
      else if (char === '"' && this.#quotes) output.addQuoted(this.#doubleQuoted());
      else if (char === this.#escape) output.addQuoted(this.#escaped());
      else {
        output.add(char);
        this.#at++;
      }
      if (output.text.length > this.#limit) {
        const message = `more than ${this.#limit} characters come out when its variables are put in`;
        throw new SubstitutionError(opened, message);
      }
    }
    if (stop !== undefined) throw new SubstitutionError(opened, `missing ${stop} in substitution`);
    return output.finish();
  }

  /** An escape outside of quotes: the character after it stands for itself; at the very end there is none. */
  #escaped(): string {
    const raw = this.#rawEscapes ? this.#escape : "";
    const char = this.#source[this.#at + 1] ?? "";
    this.#at += 2;
    return raw + char;
  }

  #singleQuoted(): string {
    const open = this.#at;
    const close = this.#source.indexOf("'", open + 1);
    if (close < 0) throw new SubstitutionError(open, "a single quote (') is not closed");
    this.#at = close + 1;
    return this.#source.slice(open + 1, close);
  }

  #doubleQuoted(): string {
    const open = this.#at++;
    let text = "";
    while (this.#at < this.#source.length) {
      const char = this.#source[this.#at];
      if (char === '"') {
        this.#at++;
        return text;
      }
      if (char === "$") {
        text += this.#dollar();
      } else if (char === this.#escape) {
        text += this.#escapedInQuotes();
      } else {
        text += char;
        this.#at++;
      }
      if (text.length > this.#limit) {
        throw new SubstitutionError(open, `more than ${this.#limit} characters come out when its variables are put in`);
      }
    }
    throw new SubstitutionError(open, 'a double quote (") is not closed');
  }

  /** In double quotes only the quote, "$" and the escape character can be escaped. */
  #escapedInQuotes(): string {
    const raw = this.#rawEscapes ? this.#escape : "";
    const char = this.#source[this.#at + 1];
    this.#at++;
    if (char === undefined) return raw;
    if (char !== '"' && char !== "$" && char !== this.#escape) return raw + this.#escape;
    this.#at++;
    return raw + char;
  }

  #dollar(): string {
    const start = this.#at++;
    if (this.#source[this.#at] !== "{") {
      const name = this.#name();
      return name === "" ? "$" : (this.#value(name) ?? "");
    }
    this.#at++;
    if (++this.#depth > NESTING_MAX) {
      throw new SubstitutionError(start, `substitutions nest deeper than ${NESTING_MAX}`);
    }
    const text = this.#braces(start);
    this.#depth--;
    return text;
  }

  /** What stands behind "${". */
  #braces(start: number): string {
    const name = this.#name();
    const char = this.#source[this.#at++];
    if (char === undefined) throw new SubstitutionError(start, "missing } in substitution");
    if (name === "") throw new SubstitutionError(start, "bad substitution: a name has to follow ${");
    switch (char) {
      case "}":
        return this.#value(name) ?? "";
      case ":":
        return this.#modified(name, this.#source[this.#at++] ?? "", true, start);
      case "/":
        return this.#replaced(name, start);
      default:
        return this.#modified(name, char, false, start);
    }
  }

  /** `${name-word}` and the like; with `nullIsUnset`, `${name:-word}`. */
  #modified(name: string, modifier: string, nullIsUnset: boolean, start: number): string {
    if (modifier === "" || !"-+?#%".includes(modifier)) {
      const written = (nullIsUnset ? ":" : "") + modifier;
      if (modifier === "") throw new SubstitutionError(start, "missing } in substitution");
      throw new SubstitutionError(start, `unsupported modifier ${written} in substitution`);
    }
    const isPattern = modifier === "#" || modifier === "%";
    const word = this.#until("}", isPattern, start).text;
    if (isPattern) return this.#trimmed(this.#value(name) ?? "", modifier, word, start);
    const value = this.#variables.get(name);
    if (value !== undefined) this.used.add(name);
    const hasValue = value !== undefined && !(nullIsUnset && value === "");
    switch (modifier) {
      case "-":
        return hasValue ? value : word;
      case "+":
        return hasValue ? word : "";
      default:
        if (hasValue) return value;
        throw new SubstitutionError(
          start,
          `${name}: ${word || `is not allowed to be ${value === undefined ? "unset" : "empty"}`}`,
        );
    }
  }

  #trimmed(value: string, modifier: string, word: string, start: number): string {
    const longest = word.startsWith(modifier);
    const trim = modifier === "#" ? removePrefix : removeSuffix;
    return this.#matched(value, longest ? word.slice(1) : word, start, (text, parts) => trim(text, parts, longest));
  }

  /** `${name/pattern/replacement}`, `${name//pattern/replacement}` */
  #replaced(name: string, start: number): string {
    const all = this.#source[this.#at] === "/";
    if (all) this.#at++;
    const pattern = this.#until("/", true, start).text;
    const replacement = this.#until("}", true, start).text;
    return this.#matched(this.#value(name) ?? "", pattern, start, (value, parts) =>
      replace(value, parts, replacement, { all, limit: this.#limit }),
    );
  }

  /** Does something with a value and a pattern, as long as all patterns of the word together do not take too long. */
  #matched(
    value: string,
    text: string,
    start: number,
    action: (value: string, pattern: ShellPattern) => string,
  ): string {
    this.#steps += value.length * text.length;
    if (this.#steps > SUBSTITUTION_STEPS_MAX) {
      throw new SubstitutionError(start, "the patterns and values of its substitutions are too long");
    }
    try {
      return action(value, parseShellPattern(text));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new SubstitutionError(start, `invalid pattern ${text} in substitution: ${error.message}`);
    }
  }

  #name(): string {
    NAME.lastIndex = this.#at;
    const name = NAME.exec(this.#source)?.[0] ?? "";
    this.#at += name.length;
    return name;
  }

  #value(name: string): string | undefined {
    const value = this.#variables.get(name);
    (value === undefined ? this.unset : this.used).add(name);
    return value;
  }
}
