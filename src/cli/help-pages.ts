import type { Command, Group } from "./command";
import { GLASS_OPTIONS } from "./glass";
import { DEFAULT_COLUMNS, commandLines, optionLines, usageLine } from "./help";
import { ALIASES_AT_TOP, COMMON, GLOBAL_OPTIONS, GROUPS, TOP_COMMANDS, pathsOf } from "./tree";

/** The usage line of a command as it was called. */
export const usageOf = (path: string, command: Command): string => usageLine(path, command.use);

/** Whether a command asks the engine to change something, so that there is something to explain or to trace. */
const CHANGES = new Set(
  "run exec create start stop restart kill rm pause unpause update rename commit build pull push tag load import prune connect disconnect rmi".split(
    " ",
  ),
);

export const commandHelp = (program: string, path: string, command: Command, columns = DEFAULT_COLUMNS): string => {
  const sections = [`Usage:  ${usageOf(path, command)}\n`, `${command.long || command.short}\n`];
  const paths = pathsOf(program, command);
  if (paths.length > 1) sections.push(`Aliases:\n  ${paths.join(", ")}\n`);
  if (command.specs.some((spec) => !spec.hidden)) sections.push(`Options:\n${optionLines(command.specs, columns)}`);
  if (CHANGES.has(command.name)) sections.push(`Glassbox Options:\n${optionLines(GLASS_OPTIONS, columns)}`);
  return sections.join("\n");
};

export const groupHelp = (path: string, group: Group): string =>
  [
    `Usage:  ${path} COMMAND\n`,
    `${group.short}\n`,
    `Commands:\n${commandLines([...group.commands].sort((a, b) => (a.name < b.name ? -1 : 1)))}`,
    `Run '${path} COMMAND --help' for more information on a command.\n`,
  ].join("\n");

export const topHelp = (program: string, columns = DEFAULT_COLUMNS): string => {
  const named = TOP_COMMANDS.map(({ name, command }) => ({ name, short: ALIASES_AT_TOP[name] ?? command.short }));
  const common = COMMON.map((name) => named.find((entry) => entry.name === name)).filter(
    (entry) => entry !== undefined,
  );
  const others = named.filter((entry) => !COMMON.includes(entry.name)).sort((a, b) => (a.name < b.name ? -1 : 1));
  return [
    `Usage:  ${program} [OPTIONS] COMMAND\n`,
    "A see-through runtime for containers\n",
    `Common Commands:\n${commandLines(common)}`,
    `Management Commands:\n${commandLines(GROUPS.filter((group) => group.commands.length > 0))}`,
    `Commands:\n${commandLines(others)}`,
    `Global Options:\n${optionLines(GLOBAL_OPTIONS, columns)}`,
    `Run '${program} COMMAND --help' for more information on a command.\n`,
  ].join("\n");
};
