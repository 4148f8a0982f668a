import { command, program, wrapper, type Command } from "./command";
import { quote, quoteCommand } from "./quote";
import { isWrapper, onlyExec, type Plan, type Step } from "./step";

// An echo may read options and backslashes, and joins its words by one blank: these texts it prints as they are.
const ECHOES = /^[A-Za-z0-9_@%+=:,./][A-Za-z0-9_@%+=:,./-]*( [A-Za-z0-9_@%+=:,./-]+)*$/;

export interface ShellOptions {
  /** Put each step's reason above it, as a comment. */
  comments?: boolean;
}

/**
 * The plan as commands of a POSIX shell, one per step, each to be pasted whole into a root shell.
 * Steps inside a wrapper become the script of the shell that the wrapper starts, so the text is exactly what runs.
 * @throws RangeError for a text that no command can carry (NUL, a program's name that begins with a hyphen).
 */
export function shell(plan: Plan, options: ShellOptions = {}): string[] {
  return plan.map((step) => statement(step, 0, options));
}

/** The plan as a script that stops at the first step that fails. */
export function script(plan: Plan, options: ShellOptions = {}): string {
  return ["#!/bin/sh", "set -e", ...shell(plan, options), ""].join("\n");
}

/**
 * The plan as lines to type at a terminal, one after the other. A wrapper's line starts a shell, and the lines
 * after it are typed there; `exit` leaves it when more follows.
 */
export function lines(plan: Plan): string[] {
  return plan.flatMap((step, index) => {
    if (!isWrapper(step) || onlyExec(step)) return [statement(step, 0, {})];
    const leave = index < plan.length - 1 ? ["exit"] : [];
    return [head(step), ...lines(step.inside), ...leave];
  });
}

/** The one line that names a step: its command, or for a wrapper the command that starts a shell inside. */
export function head(step: Step): string {
  return isWrapper(step) && !onlyExec(step) ? words([...wrapper(step), "sh"]) : statement(step, 0, {});
}

function statement(step: Step, depth: number, options: ShellOptions, replaces = false): string {
  const comment = options.comments ? `# ${step.why.replace(/\s+/g, " ")}\n${"  ".repeat(depth)}` : "";
  const exec = replaces || step.kind === "exec" ? ["exec"] : [];
  // After `exec` and after a wrapper no word is an assignment or reserved any more.
  if (step.kind === "exec") return comment + words([...exec, ...program(step)]);
  if (!isWrapper(step)) return comment + render(command(step));
  const only = onlyExec(step);
  const started = only ? program(only) : ["sh", "-ec", inside(step.inside, depth + 1, options)];
  return comment + words([...exec, ...wrapper(step), ...started]);
}

/** The script of the shell inside a wrapper. A wrapper at its end takes the shell's place: one process less. */
function inside(steps: Step[], depth: number, options: ShellOptions): string {
  const texts = steps.map((step, index) => {
    const replaces = index === steps.length - 1 && isWrapper(step);
    return `\n${"  ".repeat(depth)}${statement(step, depth, options, replaces)}`;
  });
  return `${texts.join("")}\n${"  ".repeat(depth - 1)}`;
}

function render(command: Command): string {
  if ("words" in command) return words(command.words);
  if ("open" in command) return `exec ${command.fd}< ${quote(command.open)}`;
  if ("bytes" in command) return `printf '${octal(command.bytes)}' > ${quote(command.path)}`;
  const write = ECHOES.test(command.text) ? `echo ${command.text}` : `printf '%s\\n' ${quote(command.text)}`;
  return `${write} ${command.append ? ">>" : ">"} ${quote(command.path)}`;
}

/** Bytes as the escapes of printf(1), three digits each, so that none runs into the next. */
function octal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
}

function words([first, ...rest]: string[]): string {
  return [quoteCommand(first), ...rest.map(quote)].join(" ");
}
