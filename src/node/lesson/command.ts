/** `glassbox lesson …`: what an author of lessons needs. */
import { UsageError, type Command } from "../command";
import { devCommand } from "./dev";
import { importCommand } from "./import";
import { lintCommand } from "./lint";
import { newCommand } from "./new";
import { testCommand } from "./test";

const COMMANDS: Record<string, Command> = {
  new: newCommand,
  dev: devCommand,
  lint: lintCommand,
  test: testCommand,
  import: importCommand,
};

export const lessonCommand: Command = async ([name, ...rest], surroundings) => {
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) throw new UsageError(`what about lessons: ${Object.keys(COMMANDS).join(", ")}?`);
  return command(rest, surroundings);
};
