import { NAMESPACE_KINDS, type NamespaceKind } from "../../src/protocol/namespace";
import type { ExecStep, Plan, PlainStep, Reason, Step, WrapperStep } from "../../src/plan/step";

/** A place in a step that an option's value, or the command's words, fill. */
export interface Slot {
  slot: string;
  /** What follows the value in the same word. */
  after?: string;
}

export type Text = string | Slot;

/** Where the words of the command go: all of them, in a row. */
export const COMMAND: Slot = { slot: "command" };

/** Options that must be given, or with `!` before the name must not be. */
export type Guard = string[];

export interface Option {
  /** Without the two hyphens. */
  name: string;
  /** Name of its value in the help; left out when it takes none. */
  value?: string;
  help: string;
  /** Options that are on when this one is given. */
  implies?: string[];
  /** What a value must look like. */
  accepts?: "host name" | "directory";
  /** The namespace that the option asks for: asking for one by name switches the defaults off. */
  namespace?: NamespaceKind;
}

/** A step that is taken when its guard holds. */
export interface GuardedStep {
  when: Guard;
  step: Reason & (PlainStep<Text> | ExecStep<Text> | Extract<WrapperStep<Text>, { kind: "chroot" }>);
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
  /** Options that are on when no namespace is asked for by name. */
  defaults: string[];
  /** The command when none is given. */
  command: string[];
  /** Why the namespaces are made; which ones is what the options ask for. */
  why: string;
  /** Steps of the shell inside. The last ones start the command; exactly one of those is taken. */
  inside: GuardedStep[];
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
  if (!byName && !given.all) tool.defaults.forEach(turnOn);
  return settings;
}

export function holds(guard: Guard, settings: Settings): boolean {
  return guard.every((name) => (name.startsWith("!") ? !settings[name.slice(1)] : settings[name] !== undefined));
}

/** The namespaces a tool can make, in the kernel's order, each with the option that asks for it. */
export function namespaceOptions(tool: Tool): { kind: NamespaceKind; option: string }[] {
  return NAMESPACE_KINDS.flatMap((kind) =>
    tool.options.filter(({ namespace }) => namespace === kind).map(({ name }) => ({ kind, option: name })),
  );
}

/** The plan a tool carries out for these options and this command. */
export function planOf(tool: Tool, given: Settings, command: string[] = []): Plan {
  const settings = effective(tool, given);
  const words = command.length > 0 ? command : tool.command;
  const namespaces = namespaceOptions(tool)
    .filter(({ option }) => settings[option])
    .map(({ kind }) => kind);
  const inside = tool.inside.filter(({ when }) => holds(when, settings)).map(({ step }) => fill(step, settings, words));
  const newPids = namespaces.includes("pid");
  return [
    {
      kind: "unshare",
      namespaces,
      fork: newPids,
      killChild: newPids,
      mapRoot: namespaces.includes("user"),
      inside,
      why: tool.why,
    },
  ];
}

export function isSlot(value: unknown): value is Slot {
  return typeof value === "object" && value !== null && "slot" in value;
}

/** Fills every slot of a step, wherever it stands. */
function fill(step: Step<Text>, settings: Settings, command: string[]): Step {
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.flatMap((item) => (item === COMMAND ? command : [walk(item)]));
    if (typeof value !== "object" || value === null) return value;
    if (isSlot(value)) return `${settings[value.slot]}${value.after ?? ""}`;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item)]));
  };
  return walk(step) as Step;
}
