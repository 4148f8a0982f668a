import { readFileSync } from "node:fs";
import { command, program, wrapper } from "../../src/plan/command";
import { paragraph, UNSHARE_OPTIONS } from "../../src/plan/explain";
import { NAMESPACES } from "../../src/plan/namespace";
import { quote } from "../../src/plan/quote";
import { reference } from "../../src/plan/reference";
import {
  COMMAND,
  isSlot,
  namespaceOptions,
  type Guard,
  type GuardedStep,
  type Option,
  type Slot,
  type Text,
  type Tool,
} from "./tool";

/**
 * The tool as a POSIX script. It puts its plan together as text, each step guarded by the options it depends on, and then
 * prints that text, prints the reasons, or has the shell run it: what is shown is what runs.
 */
export function generate(tool: Tool): string {
  return [
    header(tool),
    usage(tool),
    part("helpers"),
    parser(tool),
    requirements(tool),
    namespaces(tool),
    slots(tool),
    tool.inside.map(insideStep).join("\n"),
    "",
    part("finish"),
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
    ["--explain", "print each step with its reason, and run nothing"],
    ["--dry-run", "print the commands, and run nothing"],
    ["--help", "print this"],
  ];
  const width = Math.max(...rows.map(([option]) => option.length));
  return `usage() {
  cat <<'END'
Usage: ${tool.name} [OPTION]... [--] [COMMAND [ARGUMENT]...]
${tool.summary} Without COMMAND, that is ${tool.command.join(" ")}.

${rows.map(([option, help]) => `  ${option.padEnd(width)}  ${help}`).join("\n")}

Without the name of a namespace: ${tool.defaults.map((name) => `--${name}`).join(" ")}.
The exit status is that of COMMAND; 2 when ${tool.name} was called wrongly.

Examples:
${tool.examples.map((example) => `  ${example}`).join("\n")}
END
}
`;
}

/** A part that is the same for every tool, as a shell script of its own beside this file. */
function part(name: "helpers" | "finish"): string {
  return readFileSync(new URL(`./${name}.sh`, import.meta.url), "utf8");
}

function parser(tool: Tool): string {
  const variables = tool.options.map(({ name }) => `${variable(name)}=`).join(" ");
  const arms = tool.options.flatMap((option) => (option.value ? valueArms(option, tool) : [flagArm(option, tool)]));
  return `${variables} chosen= mode=run
while [ $# -gt 0 ]; do
  case $1 in
${arms.map((arm) => `  ${arm}`).join("\n")}
  --explain) mode=explain ;;
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
[ "$chosen" ] || ${tool.defaults.map((name) => `${variable(name)}=1`).join(" ")}
[ $# -gt 0 ] || set -- ${tool.command.map(quote).join(" ")}
case $1 in -*) fail "a command cannot begin with a hyphen: $1" ;; esac
${tool.options.flatMap((option) => (option.accepts ? [accepts(option)] : [])).join("\n")}
`;
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

function accepts({ name, accepts: what }: Option): string {
  const value = variable(name);
  if (what === "directory") {
    return `case $${value} in -*) ${value}=./$${value} ;; esac`;
  }
  return `case $${value} in
-* | *[!A-Za-z0-9.-]*) fail "--${name}: '$${value}' is no host name; use letters, digits, dots and hyphens" ;;
esac
[ \${#${value}} -le 64 ] || fail '--${name}: a host name has at most 64 characters'`;
}

function requirements(tool: Tool): string {
  const directories = tool.options.filter((option) => option.accepts === "directory");
  return `if [ $mode = run ]; then
${directories.map(({ name }) => `  [ ! "$${variable(name)}" ] || [ -d "$${variable(name)}" ] || fail "--${name}: there is no directory $${variable(name)}"\n`).join("")}  command -v unshare >/dev/null || {
    printf '%s\\n' '${tool.name}: the program unshare (of util-linux) is not on the PATH' >&2
    exit 127
  }
  [ "$user" ] || [ "$(id -u)" = 0 ] || {
    printf '%s\\n' '${tool.name}: only root may make these namespaces; be root, or add --user' >&2
    exit 1
  }
fi
`;
}

function namespaces(tool: Tool): string {
  const lines = namespaceOptions(tool).map(({ kind, option }) => {
    const { flag, option: word, what, manual } = NAMESPACES[kind];
    return `[ ! "$${variable(option)}" ] || namespace ${word} ${flag} ${reason([`${kind}: ${what} (${manual}).`])}`;
  });
  const { fork, killChild, mapRoot } = UNSHARE_OPTIONS;
  const after = (when: string, words: string, reasons: string[]): string => `if [ "$${when}" ]; then
  start="$start ${words}"
  reasons=$reasons${reason(reasons)}
fi`;
  const { manual } = reference({ kind: "unshare", namespaces: [], inside: [], why: "" });
  return `# What is new for the process.
start=unshare flags='' reasons=${reason([tool.why])}
${lines.join("\n")}
${after("pid", "--fork --kill-child", [fork, killChild])}
${after("user", "--map-root-user", [mapRoot])}
call="unshare($flags)\${pid:+, then fork()}"
manual=${quote(manual.join(", "))}

# What happens inside.
script='' steps='' number=1 only=''
`;
}

/** One variable for each quoted word that the steps are put together from. */
function slots(tool: Tool): string {
  const found = new Map<string, Slot>();
  const walk = (value: unknown): void => {
    if (isSlot(value)) found.set(slotVariable(value), value);
    else if (typeof value === "object" && value !== null) Object.values(value).forEach(walk);
  };
  tool.inside.forEach(({ step }) => walk(step));
  found.delete(slotVariable(COMMAND));
  const lines = [...found].map(([name, { slot, after = "" }]) => `quote "$${variable(slot)}${after}" && ${name}=$word`);
  return `${lines.join("\n")}
${slotVariable(COMMAND)}=''
for argument in "$@"; do
  quote "$argument"
  ${slotVariable(COMMAND)}="\${${slotVariable(COMMAND)}:+$${slotVariable(COMMAND)} }$word"
done
`;
}

function insideStep({ when, step }: GuardedStep): string {
  const { call, manual } = reference(step);
  const why = (reasons: string[]): string => reason(reasons, call, manual);
  let body: string;
  if (step.kind === "exec") {
    const line = shellText(["exec", ...program(step)]);
    // Alone, it needs no shell inside: unshare starts it.
    body = `if [ "$script" ]; then
    inside ${line} ${line} ${why([step.why])}
  else
    only=${shellText(program(step))}
    reasons=$reasons${reason([step.why])}
  fi`;
  } else if (step.kind === "chroot") {
    const [exec] = step.inside;
    if (exec?.kind !== "exec") throw new TypeError("In a tool, a chroot holds a program and nothing else.");
    const words = [...wrapper(step), ...program(exec)];
    body = `inside ${shellText(["exec", ...words])} ${shellText(words)} ${why([step.why, exec.why])}`;
  } else {
    const rendered = command(step);
    if (!("words" in rendered))
      throw new TypeError("A tool cannot write a file yet: its text may need printf or echo.");
    const line = shellText(rendered.words);
    body = `inside ${line} ${line} ${why([step.why])}`;
  }
  return `if ${when.map(condition).join(" && ") || ":"}; then
  ${body}
fi`;
}

/** Words, some of them from variables that hold them quoted already, as one string in double or single quotes. */
function shellText(words: Text[]): string {
  if (!words.some(isSlot)) return quote(words.map((word) => quote(word as string)).join(" "));
  const parts = words.map((word) =>
    isSlot(word) ? `$${slotVariable(word)}` : quote(word).replace(/["\\$`]/g, "\\$&"),
  );
  return `"${parts.join(" ")}"`;
}

/** An explanation's lines under its command, as one quoted string. */
function reason(reasons: string[], call?: string, manual?: string[]): string {
  const after = call && manual ? `     call: ${call}\n     man:  ${manual.join(", ")}\n` : "";
  return quote(reasons.map(paragraph).join("") + after);
}

function condition(guard: Guard[number]): string {
  return guard.startsWith("!") ? `[ ! "$${variable(guard.slice(1))}" ]` : `[ "$${variable(guard)}" ]`;
}

function variable(name: string): string {
  return name.replaceAll("-", "_");
}

function slotVariable({ slot, after = "" }: Slot): string {
  return `${variable(slot)}${after.replace(/\W+/g, "_")}_word`.replace("command_word", "command_words");
}

function decapitalise(text: string): string {
  return text[0].toLowerCase() + text.slice(1);
}
