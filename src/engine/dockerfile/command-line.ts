import { missing, parseJson, type Arguments } from "./arguments";
import type { Heredoc } from "./heredoc";
import type { CommandLine } from "./instruction";
import { looksLikeJson, rangeOfSpan, textOf } from "./word";

/** The shell or the exec form of RUN, CMD and ENTRYPOINT. */
export function parseCommand(
  args: Arguments,
  options: { heredocs: boolean; emptyClears: boolean },
): { command: CommandLine; heredocs: Heredoc[] } | undefined {
  const { kind, rest, context } = args;
  if (rest.start === rest.end) {
    missing(args, `a command${options.emptyClears ? `, or [] for none` : ""}`);
    return undefined;
  }
  const json = parseJson(args);
  if (json === "refused") return undefined;
  if (json) {
    if (json.length === 0 && !options.emptyClears) return void missing(args, "a program in the brackets");
    return { command: { form: "exec", argv: json.map(({ text }) => text) }, heredocs: [] };
  }
  const script = textOf(rest);
  if (looksLikeJson(script)) {
    context.problems.warning(
      "json-as-shell",
      rangeOfSpan(rest),
      `This is no valid JSON list of strings, so ${kind} takes it as a line for the shell. ` +
        `The exec form has double quotes and commas: ${kind} ["program", "argument"].`,
    );
  }
  const placed = options.heredocs ? context.readHeredocs(rest) : [];
  return { command: { form: "shell", script }, heredocs: placed.map(({ heredoc }) => heredoc) };
}
