import type { Context } from "../context";
import { CliFailure } from "../failure";
import { compileListTemplate } from "../list-format";
import { TemplateError } from "../template/lexer";

/** Docker ends so when a template for one object cannot be read. */
const EXIT_BAD_TEMPLATE = 64;

/** An indented JSON text with an empty map or list on one line, as Go writes them. */
const indented = (value: unknown): string => JSON.stringify(value, null, 4);

/** Reads `--format` before anything is asked, so that a mistake in it costs nothing. */
export const compileObjectTemplate = (format: string) => {
  try {
    return compileListTemplate(format.replaceAll("\\t", "\t").replaceAll("\\n", "\n"));
  } catch (thrown) {
    if (thrown instanceof CliFailure) throw new CliFailure(thrown.message, EXIT_BAD_TEMPLATE);
    throw thrown;
  }
};

/** Prints objects: an indented list without a format, a list on one line with `json`, else what the template makes of each. */
export const printInspected = async (context: Context, format: string, objects: unknown[]): Promise<void> => {
  if (format === "") {
    await context.out(`${indented(objects)}\n`);
    return;
  }
  if (format === "json") {
    await context.out(`${JSON.stringify(objects)}\n`);
    return;
  }
  const template = compileObjectTemplate(format);
  for (const object of objects) {
    try {
      await context.out(`${template(object)}\n`);
    } catch (thrown) {
      if (!(thrown instanceof TemplateError)) throw thrown;
      await context.out("\n");
      throw new CliFailure(`template parsing error: ${thrown.message}`);
    }
  }
};
