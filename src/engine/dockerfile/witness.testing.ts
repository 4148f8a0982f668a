/** What Docker's own code made of the same input; see witness.test.ts. */
import type { CommandLine, Instruction } from "./instruction";
import type { Word } from "./word";

export interface Witness {
  /** Escape character, word, what comes out and the words it falls into; null for an error. Variables: `env`. */
  words: [escape: string, text: string, result: string | null, words: string[] | null][];
  env: string[];
  /** Pattern of Go's filepath.Match, and the paths, each with whether it matches; null for a bad pattern. */
  globs: [pattern: string, matches: Record<string, boolean> | null][];
  /** .dockerignore, and paths with whether they are left out; null when it is refused. */
  ignores: [file: string, ignored: Record<string, boolean> | null][];
  /** Nanoseconds; null for no duration. */
  durations: [text: string, nanoseconds: number | null][];
  /** filepath.Clean */
  paths: [path: string, clean: string][];
  /** Dockerfiles and their instructions, as `outline` writes them; null for those that are refused. */
  dockerfiles: [text: string, instructions: unknown[] | null][];
}

/** An instruction as keyword, first line and arguments: what both parsers can be compared by. */
export function outline(instruction: Instruction): unknown[] {
  return [instruction.kind, instruction.range.start.line, argumentsOf(instruction)];
}

const text = (word: Word | undefined): string => word?.text ?? "";
const command = (line: CommandLine): unknown => (line.form === "exec" ? line.argv : line.script);

function argumentsOf(instruction: Instruction): unknown {
  switch (instruction.kind) {
    case "FROM":
      return [text(instruction.image), instruction.name ?? "", text(instruction.platform)];
    case "RUN":
    case "CMD":
    case "ENTRYPOINT":
      return command(instruction.command);
    case "SHELL":
      return instruction.argv;
    case "COPY":
    case "ADD": {
      const from = instruction.kind === "COPY" ? text(instruction.from) : "";
      const { sources, destination, chown } = instruction;
      return [sources.map(text), text(destination), text(chown), from];
    }
    case "ENV":
    case "LABEL":
      return instruction.pairs.map(({ name, value }) => [text(name), text(value)]);
    case "ARG":
      return instruction.args.map((arg) => [text(arg.name), arg.default ? text(arg.default) : null]);
    case "WORKDIR":
      return text(instruction.path);
    case "USER":
      return text(instruction.user);
    case "EXPOSE":
      return instruction.ports.map(text).sort();
    case "VOLUME":
      return instruction.paths.map(text);
    case "STOPSIGNAL":
      return text(instruction.signal);
    case "HEALTHCHECK": {
      const { test, intervalNs = 0, timeoutNs = 0, startPeriodNs = 0, retries = 0 } = instruction;
      return [test, intervalNs, timeoutNs, startPeriodNs, retries];
    }
    case "ONBUILD":
      return instruction.expression;
    case "MAINTAINER":
      return instruction.author;
  }
}
