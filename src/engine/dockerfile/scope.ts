/**
 * Which variables there are: build arguments before the first FROM, in a stage, and the environment
 * (docs.docker.com/reference/dockerfile/#arg, "Scope", "Using ARG variables", "Predefined ARGs").
 */
import type { Arg, ExpandedInstruction, Instruction } from "./instruction";
import type { Variables } from "./variable";

/** Arguments that can be given without an ARG. They are then left out of history and cache. */
export const PREDEFINED_ARGS: readonly string[] = [
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "FTP_PROXY",
  "NO_PROXY",
  "ALL_PROXY",
].flatMap((name) => [name, name.toLowerCase()]);

export interface BuildArgs {
  /** `--build-arg` */
  given: Variables;
  /** What the builder sets itself: TARGETPLATFORM and its like. FROM sees them; a stage has to ask with ARG. */
  platform: Variables;
}

export const NO_BUILD_ARGS: BuildArgs = { given: new Map(), platform: new Map() };

/** Arguments declared before the first FROM, with their values; FROM sees them, a stage has to ask with ARG. */
export type GlobalArgs = ReadonlyMap<string, string | undefined>;

/** What is known at one place of a stage. Scopes do not change; each ARG and ENV makes a new one. */
export interface Scope {
  buildArgs: BuildArgs;
  globals: GlobalArgs;
  /** Declared in the stage so far; without a value when none was given. */
  args: ReadonlyMap<string, string | undefined>;
  /** The image's environment so far, in its order. */
  env: Variables;
}

/** The scope right after FROM. `env` is the base image's (`config.Env`); a stage on a stage inherits its ARGs, too. */
export function openScope(
  env: readonly string[],
  globals: GlobalArgs,
  buildArgs: BuildArgs,
  args: Scope["args"] = new Map(),
): Scope {
  const pairs = env.map((pair): [string, string] => {
    const equals = pair.indexOf("=");
    return equals < 0 ? [pair, ""] : [pair.slice(0, equals), pair.slice(equals + 1)];
  });
  return { buildArgs, globals, args, env: new Map(pairs) };
}

/** The scope after an instruction: only ARG and ENV make a difference. */
export function afterInstruction(scope: Scope, instruction: ExpandedInstruction): Scope {
  switch (instruction.kind) {
    case "ENV": {
      const env = new Map(scope.env);
      for (const { name, value } of instruction.pairs) env.set(name, value);
      return { ...scope, env };
    }
    case "ARG": {
      const args = new Map(scope.args);
      for (const arg of instruction.args) args.set(arg.name, argValue(scope, arg));
      return { ...scope, args };
    }
    default:
      return scope;
  }
}

/** `--build-arg` before the default, the default before the value from before the first FROM. */
function argValue({ buildArgs, globals }: Scope, arg: Arg<string>["args"][number]): string | undefined {
  return buildArgs.given.get(arg.name) ?? arg.default ?? globals.get(arg.name) ?? buildArgs.platform.get(arg.name);
}

/** What `$name` means here. ENV always wins over ARG. */
export function variablesOf(scope: Scope): Variables {
  return new Map([...runArgs(scope), ...scope.env]);
}

/** The build arguments that a RUN gets beside the environment. */
export function runArgs(scope: Scope): Variables {
  const args = new Map<string, string>();
  for (const name of PREDEFINED_ARGS) {
    const value = scope.buildArgs.given.get(name);
    if (value !== undefined) args.set(name, value);
  }
  for (const [name, value] of scope.args) {
    if (value !== undefined) args.set(name, value);
  }
  for (const name of scope.env.keys()) args.delete(name);
  return args;
}

/**
 * The build arguments that history shows and the cache counts, as `NAME=value`, sorted: those a RUN gets, less the
 * predefined ones that no ARG declares.
 */
export function recordedArgs(scope: Scope): string[] {
  return [...runArgs(scope)]
    .filter(([name]) => scope.args.has(name))
    .map(([name, value]) => `${name}=${value}`)
    .sort();
}

/** The environment as an image's configuration has it. */
export function envList({ env }: Scope): string[] {
  return [...env].map(([name, value]) => `${name}=${value}`);
}

/** Names of `--build-arg` that no ARG of the file declares; Docker warns that they "were not consumed". */
export function unusedBuildArgs(instructions: readonly Instruction[], buildArgs: BuildArgs): string[] {
  const declared = new Set([...PREDEFINED_ARGS, ...buildArgs.platform.keys()]);
  for (const instruction of instructions) {
    const inner = instruction.kind === "ONBUILD" ? instruction.trigger : instruction;
    if (inner.kind === "ARG") for (const { name } of inner.args) declared.add(name.text);
  }
  return [...buildArgs.given.keys()].filter((name) => !declared.has(name));
}
