/** Puts the variables into an instruction, right before it is carried out. */
import { ENVIRONMENT_CHARS_MAX, EXPANDED_FILE_CHARS_MAX, EXPANDED_INSTRUCTION_CHARS_MAX } from "./bounds";
import type { Heredoc } from "./heredoc";
import type { ExpandedInstruction, Instruction, Pair } from "./instruction";
import { suggestion } from "./nearest";
import { exposedPorts } from "./port";
import { DockerfileError, type Problem, type ProblemCode } from "./problem";
import { afterInstruction, variablesOf, type Scope } from "./scope";
import type { Range } from "./source";
import { expandWord, SubstitutionError, type Expansion, type Variables } from "./variable";
import type { Word } from "./word";

export interface Expanded {
  instruction: ExpandedInstruction;
  /** One for each variable that has no value, and nothing that stands in for it. */
  warnings: Problem[];
}

/**
 * The instruction as it is to be carried out in this scope. Variables are put into ADD, ARG, COPY, ENV, EXPOSE, FROM,
 * LABEL, STOPSIGNAL, USER, VOLUME and WORKDIR; RUN and its like are left to the shell that runs them, ONBUILD to the
 * build that triggers it. All of one instruction see the variables from before it. Ports come out as `80/tcp`.
 * @throws DockerfileError for a substitution that cannot be done, a port that is none, and what is beyond the bounds.
 */
export function expandInstruction(instruction: Instruction, scope: Scope, escape = "\\"): Expanded {
  const expander = new InstructionExpander(scope, escape);
  const expanded = expandWith(expander, instruction, scope);
  checkEnvironment(afterInstruction(scope, expanded), instruction);
  return { instruction: expanded, warnings: expander.warnings };
}

function checkEnvironment({ env, args }: Scope, { kind, range, original }: Instruction): void {
  if (kind !== "ENV" && kind !== "ARG") return;
  let size = 0;
  for (const [name, value = ""] of [...env, ...args]) size += name.length + value.length;
  if (size <= ENVIRONMENT_CHARS_MAX) return;
  const message = `All variables together may have ${ENVIRONMENT_CHARS_MAX} characters; with this ${kind} they have ${size}.`;
  throw failure("too-large", range, message, { text: original, range });
}

function expandWith(expander: InstructionExpander, instruction: Instruction, scope: Scope): ExpandedInstruction {
  const one = (word: Word): string => expander.word(word).text;
  const maybe = (word: Word | undefined): string | undefined => word && one(word);
  const pairs = (list: Pair<Word>[]): Pair<string>[] =>
    list.map(({ name, value }) => ({ name: expander.name(name), value: one(value) }));
  switch (instruction.kind) {
    case "FROM":
      return { ...instruction, image: one(instruction.image), platform: maybe(instruction.platform) };
    case "COPY":
    case "ADD": {
      const transfer = {
        sources: instruction.sources.map(one),
        heredocs: instruction.heredocs.map((heredoc) => expander.heredoc(heredoc)),
        destination: one(instruction.destination),
        chown: maybe(instruction.chown),
        chmod: maybe(instruction.chmod),
        exclude: instruction.exclude.map(one),
      };
      if (instruction.kind === "COPY") return { ...instruction, ...transfer };
      return { ...instruction, ...transfer, checksum: maybe(instruction.checksum) };
    }
    case "ENV":
    case "LABEL":
      return { ...instruction, pairs: pairs(instruction.pairs) };
    case "ARG":
      return {
        ...instruction,
        args: instruction.args.map((arg) => {
          const name = expander.name(arg.name);
          // A default that is not used may be wrong.
          return { name, default: scope.buildArgs.given.has(name) ? undefined : maybe(arg.default) };
        }),
      };
    case "WORKDIR":
      return { ...instruction, path: one(instruction.path) };
    case "USER":
      return { ...instruction, user: one(instruction.user) };
    case "EXPOSE":
      return { ...instruction, ports: instruction.ports.flatMap((word) => expander.ports(word)) };
    case "VOLUME":
      return { ...instruction, paths: instruction.paths.map(one) };
    case "STOPSIGNAL":
      return { ...instruction, signal: one(instruction.signal) };
    default:
      return instruction;
  }
}

/** Expands words and turns what is wrong with them into problems that know their place. */
class InstructionExpander {
  readonly warnings: Problem[] = [];
  readonly #variables: Variables;
  readonly #declared: Scope["args"];
  readonly #escape: string;
  #size = 0;

  constructor(scope: Scope, escape: string) {
    this.#variables = variablesOf(scope);
    this.#declared = scope.args;
    this.#escape = escape;
  }

  word(word: Word): Expansion {
    try {
      const expansion = expandWord(word.text, this.#variables, { escape: this.#escape });
      this.#warnOfUnset(expansion, word.range);
      this.#count(expansion, word);
      return expansion;
    } catch (error) {
      throw asDockerfileError(error, word);
    }
  }

  /** The name of a variable or a label, which cannot be empty. */
  name(word: Word): string {
    const name = this.word(word).text;
    if (name === "") throw failure("bad-argument", word.range, `${word.text} comes out empty, which is no name.`, word);
    return name;
  }

  ports(word: Word): string[] {
    try {
      return this.word(word).words.flatMap(exposedPorts);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw failure("bad-argument", word.range, `EXPOSE: ${error.message}.`, word);
    }
  }

  heredoc(heredoc: Heredoc): Heredoc {
    if (!heredoc.expand) return heredoc;
    try {
      // Docker takes the backslash here, whatever the Dockerfile's escape character is.
      const options = { quotes: "kept", limit: EXPANDED_FILE_CHARS_MAX } as const;
      const expansion = expandWord(heredoc.content, this.#variables, options);
      this.#warnOfUnset(expansion, heredoc.range);
      this.#count(expansion, { text: heredoc.name, range: heredoc.range });
      return { ...heredoc, content: expansion.text };
    } catch (error) {
      throw asDockerfileError(error, { text: heredoc.name, range: heredoc.range });
    }
  }

  #count({ text }: Expansion, word: Word): void {
    this.#size += text.length;
    if (this.#size <= EXPANDED_INSTRUCTION_CHARS_MAX) return;
    const message = `More than ${EXPANDED_INSTRUCTION_CHARS_MAX} characters come out of this instruction.`;
    throw failure("too-large", word.range, message, word);
  }

  #warnOfUnset({ unset }: Expansion, range: Range): void {
    for (const name of unset) {
      // An ARG that was given no value is meant to be empty.
      if (this.#declared.has(name)) continue;
      const message = `The variable ${name} is not set, so nothing stands in its place.${suggestion(name, this.#variables.keys())}`;
      this.warnings.push({ severity: "warning", code: "unset-variable", range, message, found: name });
    }
  }
}

function failure(code: ProblemCode, range: Range, message: string, { text }: Word): DockerfileError {
  return new DockerfileError([{ severity: "error", code, range, message, found: text }]);
}

/** A substitution that failed, at its place in the file. Other errors are passed through. */
export function asDockerfileError(error: unknown, word: Word): unknown {
  if (!(error instanceof SubstitutionError)) return error;
  const { start, end } = word.range;
  // Inside a word that spans lines, or lost escapes when it was JSON, the place is not known.
  const exact = start.line === end.line && end.column - start.column === word.text.length;
  const range = exact ? { start: { line: start.line, column: start.column + error.offset }, end } : word.range;
  const subject = word.text.length > SHOWN_CHARS_MAX ? `${word.text.slice(0, SHOWN_CHARS_MAX)}…` : word.text;
  return failure("bad-substitution", range, `In ${subject}: ${error.message}.`, word);
}

const SHOWN_CHARS_MAX = 200;
