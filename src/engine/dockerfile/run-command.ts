import type { CommandLine, Run } from "./instruction";

/** The shell of an image that names none (docs.docker.com/reference/dockerfile/#shell). */
export const DEFAULT_SHELL: readonly string[] = ["/bin/sh", "-c"];

/** What CMD and ENTRYPOINT put into the configuration: the shell form runs in the image's shell. */
export function argvOf(command: CommandLine, shell: readonly string[] = DEFAULT_SHELL): string[] {
  return command.form === "exec" ? command.argv : [...shell, command.script];
}

/** What a RUN executes. */
export type RunCommand =
  | { kind: "argv"; argv: string[] }
  /** A here-document that begins with "#!" and stands alone: a file of this name and text, to be made executable and run. */
  | { kind: "script"; name: string; content: string };

/**
 * What a RUN executes (docs: #here-documents). A here-document that stands alone is the script itself; of several, or
 * beside a command, the shell reads them, as it would from a terminal.
 */
export function runCommand({ command, heredocs }: Run, shell: readonly string[] = DEFAULT_SHELL): RunCommand {
  if (command.form === "exec" || heredocs.length === 0) return { kind: "argv", argv: argvOf(command, shell) };
  const [first] = heredocs;
  if (heredocs.length === 1 && standsAlone(command.script)) {
    if (first.raw.startsWith("#!")) return { kind: "script", name: first.name, content: first.content };
    return { kind: "argv", argv: [...shell, first.content] };
  }
  const script = [command.script, ...heredocs.map(({ raw, name }) => raw + name)].join("\n");
  return { kind: "argv", argv: [...shell, script] };
}

/** `<<EOF`, with nothing before and nothing after it. */
function standsAlone(script: string): boolean {
  return /^\d*<<-?\s*(?:[^\s<'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+$/s.test(script);
}
