import { readText } from "../api";
import type { Context } from "../context";
import { CliFailure } from "../failure";
import { openFile } from "../transfer";

/** Longest file of variables or labels. */
const MAX_FILE_BYTES = 1024 * 1024;

const linesOf = async (context: Context, name: string): Promise<string[]> => {
  const text = await readText(await openFile(context, name), MAX_FILE_BYTES);
  return text.replace(/^\uFEFF/, "").split(/\r?\n/);
};

/** Reads files of `NAME=value` lines; `#` begins a comment. What has no value is looked up by `bare`, or left out. */
const readFiles = async (
  context: Context,
  files: string[],
  bare: (name: string) => string | undefined,
): Promise<string[]> => {
  const found: string[] = [];
  for (const file of files) {
    for (const raw of await linesOf(context, file)) {
      const line = raw.trimStart();
      if (line === "" || line.startsWith("#")) continue;
      const at = line.indexOf("=");
      const name = (at < 0 ? line : line.slice(0, at)).trimStart();
      if (/\s/.test(name)) throw new CliFailure(`invalid env file (${file}): variable '${name}' contains whitespaces`);
      if (name === "") throw new CliFailure(`invalid env file (${file}): no variable name on line '${line}'`);
      if (at >= 0) found.push(`${name}=${line.slice(at + 1)}`);
      else {
        const value = bare(name);
        if (value !== undefined) found.push(value);
      }
    }
  }
  return found;
};

/** `--env-file` and then `-e`; a bare name takes the variable of the one who types, if there is one. Of two `-e` the last counts. */
export const environmentOf = async (context: Context, files: string[], env: string[]): Promise<string[]> => {
  const { env: own } = context.io;
  const typed = env.map((text) => (!text.includes("=") && text in own ? `${text}=${own[text]}` : text));
  return [
    ...(await readFiles(context, files, (name) => (name in own ? `${name}=${own[name]}` : undefined))),
    ...new Map(typed.map((text) => [text.split("=")[0], text])).values(),
  ];
};

/** `--label-file` and then `--label`, as a map; the last one counts. */
export const labelsOf = async (context: Context, files: string[], labels: string[]): Promise<Record<string, string>> =>
  pairsOf([...(await readFiles(context, files, () => undefined)), ...labels]);

/** `name=value` texts as a map; a bare name has an empty value. */
export const pairsOf = (texts: string[]): Record<string, string> =>
  Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf("=");
      return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
    }),
  );
