/** The headless `glassbox` command: the same machine, in Node. */
import { MachineError } from "../machine/failure";
import { UsageError, type Command, type Surroundings } from "./command";
import { engineCommand } from "./engine";
import { lessonCommand } from "./lesson/command";
import { registryCommand } from "./registry";
import { runCommand } from "./run";
import { viewCommand } from "./view";

const COMMANDS: Record<string, { run: Command; usage: string; summary: string }> = {
  run: {
    run: runCommand,
    usage: "glassbox run [-t] [--cold] -- CMD [ARG…]",
    summary: "boot the machine and run a command in it; -t gives it a terminal",
  },
  engine: {
    run: engineCommand,
    usage: "glassbox engine [--listen 127.0.0.1:2375] [--data FOLDER]",
    summary:
      "boot the machine and serve its container engine: any client of Docker's API can use it;\n" +
      "      what is pushed to registry.box is kept in FOLDER",
  },
  registry: {
    run: registryCommand,
    usage: "glassbox registry [--listen 127.0.0.1:5000] [--data FOLDER]",
    summary: "serve the library's images, and a registry to push to, over HTTP; what is pushed is kept in FOLDER",
  },
  lesson: {
    run: lessonCommand,
    usage: "glassbox lesson new|dev|lint|test|import [NAME…] [--course DIR]",
    summary:
      "write lessons: make one, see it in the page as it changes, check it, play every step on the real kernel\n" +
      "      (--jobs N, --timeout SECONDS), or import a Killercoda scenario's folder",
  },
  view: {
    run: viewCommand,
    usage: "glassbox view [--json] [-c SCRIPT]",
    summary: "print the kernel picture, after running SCRIPT if given",
  },
};

/** Runs the command line `args`; resolves to the exit code. */
export async function main(args: string[], surroundings: Surroundings): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    process.stdout.write(help());
    return name === undefined ? 2 : 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    process.stderr.write(`glassbox: there is no command ${JSON.stringify(name)}\n\n${help()}`);
    return 2;
  }
  if (rest[0] === "--help" || rest[0] === "-h") {
    process.stdout.write(`usage: ${command.usage}\n${command.summary}\n`);
    return 0;
  }
  try {
    return await command.run(rest, surroundings);
  } catch (error) {
    if (error instanceof UsageError || (error as NodeJS.ErrnoException).code?.startsWith("ERR_PARSE_ARGS")) {
      process.stderr.write(`glassbox: ${(error as Error).message}\nusage: ${command.usage}\n`);
      return 2;
    }
    // 125, as docker has it: the fault is the machine's, not the command's.
    const text =
      error instanceof MachineError ? `${error.failure.what} ${error.failure.remedy}` : (error as Error).message;
    process.stderr.write(`glassbox: ${text}\n`);
    return 125;
  }
}

function help(): string {
  const lines = Object.values(COMMANDS).map(({ usage, summary }) => `  ${usage}\n      ${summary}\n`);
  return `usage: glassbox COMMAND\n\n${lines.join("")}`;
}
