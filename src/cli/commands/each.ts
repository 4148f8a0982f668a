import type { Context } from "../context";
import { CliFailure, reasonOf } from "../failure";

/**
 * Does something with each name, one after the other, and prints what it resolves with; failures do not stop the rest, and
 * are told together at the end.
 */
export const forEachName = async (
  context: Context,
  names: string[],
  act: (name: string) => Promise<string>,
): Promise<void> => {
  const failures: string[] = [];
  for (const name of names) {
    try {
      await context.out(`${await act(name)}\n`);
    } catch (thrown) {
      if (thrown instanceof CliFailure && thrown.name === "Exit") throw thrown;
      failures.push(reasonOf(thrown));
    }
  }
  if (failures.length > 0) throw new CliFailure(failures.join("\n"));
};
