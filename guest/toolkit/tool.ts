import { NAMESPACE_KINDS, type NamespaceKind } from "../../src/protocol/namespace";
import type { Plan, Step } from "../../src/plan/step";
import { undoAll } from "../../src/plan/undo";
import { fill } from "./template";

/** What an option's value must look like. */
export type Accepts =
  | "host name"
  /** One that is there. */
  | "directory"
  /** Ones that are there, with colons between them. */
  | "directories"
  /** A directory that is to be made. */
  | "new directory"
  | "number"
  /** Bytes, with K, M or G behind them: what a cgroup file takes. */
  | "size"
  /** Letters, digits and hyphens, short enough to be a part of a network device's name. */
  | "name"
  /** The first three numbers of IPv4 addresses: `10.9.0`. */
  | "address prefix"
  | { oneOf: string[] };

export interface Option {
  /** Without the two hyphens. */
  name: string;
  /** Name of its value in the help; left out when it takes none. */
  value?: string;
  help: string;
  /** The value when none is given; in the script it may be a shell's `$PPID`. */
  default?: string;
  /** Options that are on when this one is given. */
  implies?: string[];
  accepts?: Accepts;
  /** The namespace that the option asks for: asking for one by name switches the defaults off. */
  namespace?: NamespaceKind;
}

/** Options that must be given (`name`), must not be (`!name`), or must have a value (`name=value`); `command`: there is one. */
export type Guard = string[];

/** A step that is taken when its guard holds. In its texts `{option}` is that option's value, and the word `{command}` all words of the command. */
export interface GuardedStep {
  when: Guard;
  step: Step;
}

/**
 * A demonstrator that a learner types: options, and a plan whose steps depend on them. From it come the plan for given
 * options (`planOf`) and the POSIX script (`generate`), which are shown to be the same by test.
 */
export interface Tool {
  name: string;
  /** One line: what it does. */
  summary: string;
  options: Option[];
  /** The command when none is given; empty: then there is none. Left out when the tool takes no command. */
  command?: string[];
  /** What nobody but root may do; left out when everybody may. With `unless`, an option that makes it possible for all. */
  onlyRoot?: { may: string; unless?: string };
  /** Set when the steps are taken in new namespaces, and not where the caller is. */
  unshare?: {
    /** Why they are made; which ones is what the options ask for. */
    why: string;
    /** Options that are on when no namespace is asked for by name. */
    defaults: string[];
  };
  steps: GuardedStep[];
  examples: string[];
}

/** Options as given: true, or the value. */
export type Settings = Record<string, string | true>;

/** The options that are on, with what they imply and the defaults. */
export function effective(tool: Tool, given: Settings): Settings {
  const byName = tool.options.some(({ name, namespace }) => namespace && given[name]);
  const settings: Settings = { ...given };
  const turnOn = (name: string): void => {
    settings[name] ??= true;
    tool.options.find((option) => option.name === name)?.implies?.forEach(turnOn);
  };
  // `--all` asks for every namespace, so it counts as asking by name through what it implies.
  Object.keys(given).forEach(turnOn);
  if (!byName && !given.all) tool.unshare?.defaults.forEach(turnOn);
  for (const option of tool.options) if (option.default !== undefined) settings[option.name] ??= option.default;
  return settings;
}

export function holds(guard: Guard, settings: Settings): boolean {
  return guard.every((condition) => {
    const [name, value] = condition.split("=");
    if (value !== undefined) return settings[name] === value;
    return name.startsWith("!") ? settings[name.slice(1)] === undefined : settings[name] !== undefined;
  });
}

/** The namespaces a tool can make, in the kernel's order, each with the option that asks for it. */
export function namespaceOptions(tool: Tool): { kind: NamespaceKind; option: string }[] {
  return NAMESPACE_KINDS.flatMap((kind) =>
    tool.options.filter(({ namespace }) => namespace === kind).map(({ name }) => ({ kind, option: name })),
  );
}

/** The plan a tool carries out for these options and this command. */
export function planOf(tool: Tool, given: Settings, command: string[] = []): Plan {
  const words = command.length > 0 ? command : (tool.command ?? []);
  const settings = effective(tool, given);
  if (words.length > 0) settings.command = true;
  const steps = tool.steps.filter(({ when }) => holds(when, settings)).map(({ step }) => fill(step, settings, words));
  if (!tool.unshare) return steps;
  const namespaces = namespaceOptions(tool)
    .filter(({ option }) => settings[option])
    .map(({ kind }) => kind);
  const newPids = namespaces.includes("pid");
  return [
    {
      kind: "unshare",
      namespaces,
      fork: newPids,
      killChild: newPids,
      mapRoot: namespaces.includes("user"),
      inside: steps,
      why: tool.unshare.why,
    },
  ];
}

/** The plan that `--undo` carries out. */
export function undoPlanOf(tool: Tool, given: Settings, command: string[] = []): Plan {
  return undoAll(planOf(tool, given, command)).plan;
}
