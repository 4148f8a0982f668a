import type { OptionSpec } from "./options";

/** Text is broken at this width when no terminal says another. */
export const DEFAULT_COLUMNS = 80;

const SLOP = 5;
const MIN_TEXT_COLUMNS = 24;

/** pflag's breaking of lines: up to five characters over the end are left rather than broken. */
const breakLine = (text: string, columns: number): [string, string] => {
  if (columns + SLOP > text.length) return [text, ""];
  const head = text.slice(0, columns);
  const at = Math.max(head.lastIndexOf(" "), head.lastIndexOf("\t"), head.lastIndexOf("\n"));
  if (at <= 0) return [text, ""];
  const newline = head.lastIndexOf("\n");
  const end = newline > 0 && newline < at ? newline : at;
  return [text.slice(0, end), text.slice(end + 1)];
};

const wrapped = (text: string, indent: number, columns: number): string => {
  let left = indent;
  let lead = "";
  if (columns - left < MIN_TEXT_COLUMNS) {
    left = 16;
    lead = "\n" + " ".repeat(left);
  }
  if (columns - left < MIN_TEXT_COLUMNS) return text.replaceAll("\n", lead);
  const lines: string[] = [];
  let rest = text;
  do {
    const [line, after] = breakLine(rest, columns - left - SLOP);
    lines.push(line);
    rest = after;
  } while (rest !== "");
  return lead + lines.join("\n" + " ".repeat(left));
};

const head = (spec: OptionSpec): string =>
  (spec.short ? `  -${spec.short}, --${spec.name}` : `      --${spec.name}`) + (spec.type ? ` ${spec.type}` : "");

/** The lines of the options that are not hidden, by name. */
export const optionLines = (specs: OptionSpec[], columns: number): string => {
  const shown = specs.filter((spec) => !spec.hidden).sort((a, b) => (a.name < b.name ? -1 : 1));
  const indent = Math.max(0, ...shown.map((spec) => head(spec).length)) + 3;
  return shown.map((spec) => head(spec).padEnd(indent) + wrapped(spec.text, indent, columns - 1) + "\n").join("");
};

/** `  name        text`, one a line. */
export const commandLines = (entries: { name: string; short: string }[]): string => {
  const columns = Math.max(11, ...entries.map((entry) => entry.name.length));
  return entries.map((entry) => `  ${entry.name.padEnd(columns)} ${entry.short}\n`).join("");
};

/** The lines of a usage: `docker container cp …`, and each further form on a line of its own, by the short path as Docker has it. */
export const usageLine = (path: string, use: string): string => {
  const words = path.split(" ");
  const short = `${words[0]} ${words.at(-1)}`;
  return use
    .split("\n")
    .map((form, index) => (index === 0 ? `${path} ${form}`.trim() : `\t${short} ${form}`))
    .join("\n");
};
