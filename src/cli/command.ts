import type { Context } from "./context";
import { CliFailure } from "./failure";
import { declareOptions } from "./options";
import type { Options, OptionSpec } from "./options";
import type { OptionKind } from "./option-kinds";

/** How many arguments a command takes; `Infinity` has no upper end. */
export interface Arity {
  min: number;
  max: number;
}

export const none: Arity = { min: 0, max: 0 };
export const exactly = (count: number): Arity => ({ min: count, max: count });
export const atLeast = (min: number): Arity => ({ min, max: Infinity });
export const atMost = (max: number): Arity => ({ min: 0, max });
export const between = (min: number, max: number): Arity => ({ min, max });

/** What completion offers for a command's arguments: names that the engine knows, or files. */
export type Completion = "containers" | "running" | "images" | "networks" | "volumes" | "files" | "none";

export interface Command {
  name: string;
  /** Other names in the same group. */
  aliases: string[];
  /** What follows the name in the usage line; several forms are several lines. */
  use: string;
  short: string;
  /** Said in the help in the place of `short`. */
  long: string;
  arity: Arity;
  specs: OptionSpec[];
  /** False where options end at the first argument, as in `run IMAGE -x`. */
  interspersed: boolean;
  completes: Completion;
  run(context: Context, options: Options, args: string[]): Promise<number | void>;
}

export interface Group {
  name: string;
  short: string;
  commands: Command[];
}

interface Definition {
  use?: string;
  short: string;
  long?: string;
  aliases?: string[];
  options?: string;
  kinds?: Record<string, OptionKind>;
  arity: Arity;
  interspersed?: boolean;
  completes?: Completion;
  run: Command["run"];
}

export const command = (name: string, definition: Definition): Command => ({
  name,
  aliases: definition.aliases ?? [],
  use: definition.use ?? "",
  short: definition.short,
  long: definition.long ?? "",
  arity: definition.arity,
  specs: declareOptions(definition.options ?? "", definition.kinds),
  interspersed: definition.interspersed ?? true,
  completes: definition.completes ?? "none",
  run: definition.run,
});

const plural = (count: number): string => `${count} ${count === 1 ? "argument" : "arguments"}`;

const complaint = ({ min, max }: Arity, count: number): string | undefined => {
  if (count >= min && count <= max) return undefined;
  if (max === 0) return "accepts no arguments";
  if (min === max) return `requires ${plural(min)}`;
  if (max === Infinity) return `requires at least ${plural(min)}`;
  if (min === 0) return `requires at most ${plural(max)}`;
  return `requires at least ${min} and at most ${plural(max)}`;
};

/** Throws what Docker says when a command has too few or too many arguments. `usage` is its usage line. */
export const checkArity = (path: string, usage: string, arity: Arity, args: string[]): void => {
  const found = complaint(arity, args.length);
  if (found === undefined) return;
  const verb = arity.max === Infinity ? "See" : "Run";
  const program = path.split(" ")[0];
  throw new CliFailure(
    `${program}: '${path}' ${found}\n\nUsage:  ${usage}\n\n${verb} '${path} --help' for more information`,
  );
};
