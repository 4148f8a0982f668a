import { readFileSync } from "node:fs";
import { command, program, wrapper } from "../../src/plan/command";
import { paragraph, UNSHARE_OPTIONS } from "../../src/plan/explain";
import { NAMESPACES } from "../../src/plan/namespace";
import { quote } from "../../src/plan/quote";
import { reference } from "../../src/plan/reference";
import { shell } from "../../src/plan/shell";
import type { Step } from "../../src/plan/step";
import { undo } from "../../src/plan/undo";
import { check, checkThere } from "./accepts";
import { expansion, isTemplate, variable, Words } from "./template";
import { namespaceOptions, type Guard, type GuardedStep, type Option, type Tool } from "./tool";

/**
 * The tool as a POSIX script. It puts its plan together as text, each step guarded by the options it depends on, and then
 * prints that text, prints the reasons, or has the shell run it: what is shown is what runs.
 */
export function generate(tool: Tool): string {
  const words = new Words();
  const steps = tool.unshare ? insideSteps(tool, words) : plainSteps(tool, words);
  return [
    header(tool),
    usage(tool),
    part("helpers"),
    parser(tool),
    requirements(tool),
    ...(tool.unshare ? [part("inside"), namespaces(tool, tool.unshare.why)] : [part("steps")]),
    ["# Words of the steps, quoted for a shell.", ...words.lines(), ""].join("\n"),
    steps,
    "",
    part(tool.unshare ? "finish-inside" : "finish-steps"),
  ].join("\n");
}

function header({ name, summary }: Tool): string {
  return `#!/bin/sh
# ${name}: ${decapitalise(summary)}
# Generated from guest/toolkit/${name}.ts. The script writes down what it will do, step by step, as text in $text.
# --dry-run prints that text, --explain prints the reasons, and without them the shell runs it.
set -eu

name=${name}
`;
}

function usage(tool: Tool): string {
  const rows = [
    ...tool.options.map(({ name, value, help }) => [`--${name}${value ? ` ${value}` : ""}`, help]),
    ...(canUndo(tool) ? [["--undo", "take back what was done with the same options"]] : []),
    ["--explain", "print each step with its reason, and run nothing"],
    ["--dry-run", "print the commands, and run nothing"],
    ["--help", "print this"],
  ];
  const width = Math.max(...rows.map(([option]) => option.length));
  const takes = tool.command ? " [--] [COMMAND [ARGUMENT]...]" : "";
  const without = tool.command?.length ? ` Without COMMAND, that is ${tool.command.join(" ")}.` : "";
  const defaults = tool.unshare
    ? `Without the name of a namespace: ${tool.unshare.defaults.map((name) => `--${name}`).join(" ")}.\n`
    : "";
  const status = tool.command
    ? `The exit status is that of COMMAND; `
    : "The exit status is 0, or that of the step that failed; ";
  return `usage() {
  cat <<'END'
Usage: ${tool.name} [OPTION]...${takes}
${tool.summary}${without}

${rows.map(([option, help]) => `  ${option.padEnd(width)}  ${help}`).join("\n")}

${defaults}${status}2 when ${tool.name} was called wrongly.

Examples:
${tool.examples.map((example) => `  ${example}`).join("\n")}
END
}
`;
}

/** A part that is the same for many tools, as a shell script of its own beside this file. */
function part(name: "helpers" | "inside" | "steps" | "finish-inside" | "finish-steps"): string {
  return readFileSync(new URL(`./${name}.sh`, import.meta.url), "utf8");
}

function parser(tool: Tool): string {
  const variables = tool.options
    .map(
      ({ name, default: text }) =>
        `${variable(name)}=${text?.startsWith("$") ? `"${text}"` : quote(text ?? "").replace("''", "")}`,
    )
    .join(" ");
  const arms = tool.options.flatMap((option) => (option.value ? valueArms(option, tool) : [flagArm(option, tool)]));
  return `${variables} ${variable("command")}='' chosen='' undo='' mode=run
while [ $# -gt 0 ]; do
  case $1 in
${arms.map((arm) => `  ${arm}`).join("\n")}
${canUndo(tool) ? "  --undo) undo=1 ;;\n" : ""}  --explain) mode=explain ;;
  --dry-run) mode=dry-run ;;
  --help | -h)
    usage
    exit 0
    ;;
  --)
    shift
    break
    ;;
  -?*) fail "there is no option $1" ;;
  *) break ;;
  esac
  shift
done
${commandLines(tool)}
${tool.options.flatMap((option) => (option.accepts ? [check(option)] : [])).join("\n")}
`;
}

function commandLines({ name, command, unshare }: Tool): string {
  if (!command) return `[ $# = 0 ] || fail "${name} takes no command: $1"`;
  const lines = [
    ...(unshare ? [`[ "$chosen" ] || ${unshare.defaults.map((each) => `${variable(each)}=1`).join(" ")}`] : []),
    ...(command.length > 0 ? [`[ $# -gt 0 ] || set -- ${command.map(quote).join(" ")}`] : []),
    `[ $# = 0 ] || ${variable("command")}=1`,
    'case ${1-} in -*) fail "a command cannot begin with a hyphen: $1" ;; esac',
  ];
  return lines.join("\n");
}

function flagArm(option: Option, tool: Tool): string {
  const on = [option, ...implied(option, tool)];
  const chosen = on.some(({ namespace }) => namespace) ? " chosen=1" : "";
  return `--${option.name})${on.map(({ name }) => ` ${variable(name)}=1`).join("")}${chosen} ;;`;
}

function valueArms(option: Option, tool: Tool): string[] {
  const { name, value } = option;
  const on = implied(option, tool)
    .map((each) => ` ${variable(each.name)}=1`)
    .join("");
  return [
    `--${name})
    [ "\${2-}" ] || fail '--${name} needs ${value}'
    ${variable(name)}=$2${on}
    shift
    ;;`,
    `--${name}=*)
    ${variable(name)}=\${1#*=}${on}
    [ "$${variable(name)}" ] || fail '--${name} needs ${value}'
    ;;`,
  ];
}

function implied({ implies = [] }: Option, tool: Tool): Option[] {
  return tool.options.filter(({ name }) => implies.includes(name));
}

function requirements(tool: Tool): string {
  const { name, onlyRoot } = tool;
  const lines = tool.options.map(checkThere).filter((line) => line !== "");
  if (tool.unshare) {
    lines.push(`command -v unshare >/dev/null || {
    printf '%s\\n' '${name}: the program unshare (of util-linux) is not on the PATH' >&2
    exit 127
  }`);
  }
  if (onlyRoot) {
    const { may, unless } = onlyRoot;
    lines.push(`${unless ? `[ "$${variable(unless)}" ] || ` : ""}[ "$(id -u)" = 0 ] || {
    printf '%s\\n' '${name}: only root may ${may}; be root${unless ? `, or add --${unless}` : ""}' >&2
    exit 1
  }`);
  }
  // Inside a new root the command is another one than here, so that its name says nothing.
  if (tool.command && !tool.unshare) {
    lines.push(`[ ! "$${variable("command")}" ] || [ "$undo" ] || command -v "$1" >/dev/null || {
    printf '%s\\n' "${name}: there is no command $1" >&2
    exit 127
  }`);
  }
  if (lines.length === 0) return "";
  return `if [ $mode = run ]; then
${lines.map((line) => `  ${line}`).join("\n")}
fi
`;
}

function namespaces(tool: Tool, why: string): string {
  const lines = namespaceOptions(tool).map(({ kind, option }) => {
    const { flag, option: word, what, manual } = NAMESPACES[kind];
    return `[ ! "$${variable(option)}" ] || namespace ${word} ${flag} ${reason([`${kind}: ${what} (${manual}).`])}`;
  });
  const { fork, killChild, mapRoot } = UNSHARE_OPTIONS;
  const after = (when: string, words: string, reasons: string[]): string => `if [ "$${variable(when)}" ]; then
  start="$start ${words}"
  reasons=$reasons${reason(reasons)}
fi`;
  const { manual } = reference({ kind: "unshare", namespaces: [], inside: [], why: "" });
  return `# What is new for the process.
start=unshare flags='' reasons=${reason([why])}
${lines.join("\n")}
${after("pid", "--fork --kill-child", [fork, killChild])}
${after("user", "--map-root-user", [mapRoot])}
call="unshare($flags)\${${variable("pid")}:+, then fork()}"
manual=${quote(manual.join(", "))}
`;
}

/** Steps that the shell inside new namespaces takes. */
function insideSteps(tool: Tool, words: Words): string {
  const texts = tool.steps.map(({ when, step }) => {
    const { call, manual } = reference(step);
    const why = (reasons: string[]): string => reason(reasons, call, manual);
    if (step.kind === "exec") {
      const line = words.command(["exec", ...program(step)]);
      // Alone, it needs no shell inside: unshare starts it.
      return guarded(
        when,
        `if [ "$script" ]; then
    inside ${line} ${line} ${why([step.why])}
  else
    only=${words.command(program(step))}
    reasons=$reasons${reason([step.why])}
  fi`,
      );
    }
    if (step.kind === "chroot") {
      const [exec] = step.inside;
      if (exec?.kind !== "exec") throw new TypeError("In a tool, a chroot holds a program and nothing else.");
      const started = [...wrapper(step), ...program(exec)];
      const line = words.command(["exec", ...started]);
      return guarded(when, `inside ${line} ${words.command(started)} ${why([step.why, exec.why])}`);
    }
    const line = lineOf(step, words);
    return guarded(when, `inside ${line} ${line} ${why([step.why])}`);
  });
  return ["# What happens inside.", "script='' steps='' number=1 only=''", ...texts].join("\n");
}

/** Steps that the script itself takes, or with --undo takes back, the last one first. */
function plainSteps(tool: Tool, words: Words): string {
  const line = (step: Step): string => {
    const { call, manual } = reference(step);
    const back = undoSteps(step).map((each) => ` ${lineOf(each, words)}`);
    return `step ${lineOf(step, words)} ${reason([step.why], call, manual)}${back.join("")}`;
  };
  const render = (steps: GuardedStep[]): string => {
    const groups: { when: Guard; lines: string[] }[] = [];
    for (const { when, step } of steps) {
      const last = groups.at(-1);
      if (last && last.when.join() === when.join()) last.lines.push(line(step));
      else groups.push({ when, lines: [line(step)] });
    }
    return groups.map(({ when, lines }) => guarded(when, lines.join("\n  "))).join("\n");
  };
  const forward = render(tool.steps);
  if (!canUndo(tool)) return forward;
  const backward = tool.steps
    .toReversed()
    .flatMap(({ when, step }) => undoSteps(step).map((each) => ({ when, step: each })));
  return `if [ ! "$undo" ]; then
${forward}
else
${render(backward)}
fi`;
}

/** What takes a step back, and is not itself taken back. */
function undoSteps(step: Step): Step[] {
  const reverse = undo(step);
  return reverse.kind === "steps" ? reverse.steps : [];
}

function canUndo(tool: Tool): boolean {
  return !tool.unshare && tool.steps.some(({ step }) => undoSteps(step).length > 0);
}

/** A step's line, as one string in quotes. */
function lineOf(step: Step, words: Words): string {
  if (step.kind === "exec") return words.command(["exec", ...program(step)]);
  if ("inside" in step) throw new TypeError("In a tool, nothing but a chroot goes on inside.");
  const rendered = command(step);
  if ("words" in rendered) return words.command(rendered.words);
  if ("open" in rendered) throw new TypeError("A tool keeps no file open.");
  if ("bytes" in rendered) throw new TypeError("A tool writes no bytes that are no text.");
  if (!isTemplate(rendered.text + rendered.path)) return quote(shell([step])[0]);
  // What such options accept is printed by an echo as it is (src/plan/shell.ts).
  const to = `${rendered.append ? ">>" : ">"} ${words.part(rendered.path)}`;
  if (!isTemplate(rendered.text)) {
    const [, write] = /^(.*) >>? x$/s.exec(shell([{ ...step, path: "x" } as Step])[0])!;
    return `"${write.replace(/["\\$`]/g, "\\$&")} ${to}"`;
  }
  return `"echo ${expansion(rendered.text)} ${to}"`;
}

/** An explanation's lines under its command, as one quoted string. */
function reason(reasons: string[], call?: string, manual?: string[]): string {
  const after = call && manual ? `     call: ${call}\n     man:  ${manual.join(", ")}\n` : "";
  return quote(reasons.map(paragraph).join("") + after);
}

function guarded(when: Guard, body: string): string {
  if (when.length === 0) return body;
  return `if ${when.map(condition).join(" && ")}; then
  ${body}
fi`;
}

function condition(guard: Guard[number]): string {
  const [name, value] = guard.split("=");
  if (value !== undefined) return `[ "$${variable(name)}" = ${quote(value)} ]`;
  return name.startsWith("!") ? `[ ! "$${variable(name.slice(1))}" ]` : `[ "$${variable(name)}" ]`;
}

function decapitalise(text: string): string {
  return text[0].toLowerCase() + text.slice(1);
}
