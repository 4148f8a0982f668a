import { command, program, wrapper, type Command } from "./command";
import { quote, quoteCommand } from "./quote";
import { isWrapper, onlyExec, type ExecStep, type Plan, type Reason, type Step, type WrapperStep } from "./step";

// An echo may read options and backslashes, and joins its words by one blank: these texts it prints as they are.
const ECHOES = /^[A-Za-z0-9_@%+=:,./][A-Za-z0-9_@%+=:,./-]*( [A-Za-z0-9_@%+=:,./-]+)*$/;

export interface ShellOptions {
  /** Put each step's reason above it, as a comment. */
  comments?: boolean;
}

interface Situation extends ShellOptions {
  /** After pivot_root the host's programs have no path any more: they are reached by descriptors opened before. */
  left?: boolean;
}

/** Descriptors that keep the host's programs, after those that plans open themselves. */
const BUSYBOX = { fd: 4, path: "/bin/busybox" };
const SETPRIV = { fd: 5, path: "/usr/bin/setpriv" };
const held = ({ fd }: { fd: number }) => `/proc/self/fd/${fd}`;

/** Opens both, and names a function after what they are. */
const HOLD = [
  `exec ${BUSYBOX.fd}< ${BUSYBOX.path} ${SETPRIV.fd}< ${SETPRIV.path}`,
  `host() { name=$1; shift; (exec -a "$name" ${held(BUSYBOX)} "$@"); }`,
];

/** Commands that are the shell's own, wherever its root is. */
const BUILTINS = new Set(["cd", "umask", "ulimit", "kill"]);

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

function statement(step: Step, depth: number, options: Situation, replaces = false): string {
  // A straight apostrophe would have to be quoted once for each shell around it.
  const comment = options.comments
    ? `# ${step.why.replace(/\s+/g, " ").replaceAll("'", "’")}\n${"  ".repeat(depth)}`
    : "";
  const exec = replaces || step.kind === "exec" ? ["exec"] : [];
  // After `exec` and after a wrapper no word is an assignment or reserved any more.
  if (step.kind === "exec") return comment + words([...exec, ...program(step)]);
  if (!isWrapper(step)) return comment + render(command(step), options.left);
  const only = onlyExec(step);
  if (options.left && step.kind === "setpriv" && only) return comment + becoming(step, only);
  const started = only ? program(only) : ["sh", "-ec", inside(step.inside, depth + 1, options)];
  return comment + words([...exec, ...wrapper(step), ...started]);
}

/** The last command after pivot_root: the host's `env` and `setpriv` lead to the program of the new root. */
function becoming(step: Reason & WrapperStep, { argv, env }: ExecStep): string {
  const [, ...privileges] = wrapper(step);
  const program = [held(SETPRIV), ...privileges, ...argv];
  return words(env ? ["exec", "-a", "env", held(BUSYBOX), "-i", ...env, ...program] : ["exec", ...program]);
}

/** The plan as one command of a child of the shell, which stops at the first step that fails. */
export function subshell(plan: Plan, options: ShellOptions = {}): string {
  return words(["sh", "-ec", inside(plan, 1, options)]);
}

/** The script of the shell inside a wrapper. A wrapper at its end takes the shell's place: one process less. */
function inside(steps: Step[], depth: number, options: Situation): string {
  let left = options.left ?? false;
  const texts = steps.flatMap((step, index) => {
    const replaces = index === steps.length - 1 && isWrapper(step);
    const hold = step.kind === "pivotRoot" && !left ? HOLD : [];
    const text = statement(step, depth, { ...options, left }, replaces);
    left ||= step.kind === "pivotRoot";
    return [...hold, text].map((line) => `\n${"  ".repeat(depth)}${line}`);
  });
  return `${texts.join("")}\n${"  ".repeat(depth - 1)}`;
}

function render(command: Command, left = false): string {
  if ("words" in command)
    return words(left && !BUILTINS.has(command.words[0]) ? ["host", ...command.words] : command.words);
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
