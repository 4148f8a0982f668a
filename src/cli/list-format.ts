import type { Context } from "./context";
import { CliFailure } from "./failure";
import { alignColumns } from "./tabwriter";
import { compileTemplate } from "./template/execute";
import { TemplateError } from "./template/lexer";
import type { TemplateFunction } from "./template/functions";
import type { Value } from "./template/value";

/** How a list is shown. https://docs.docker.com/engine/cli/formatting/ */
export interface Listing {
  /** What `--format` said; empty is the table. */
  format: string;
  /** The default table's template, without the word `table`. */
  table: string;
  /** A column's heading, by the field it shows; a field without is its own, as a method's. */
  headers: Record<string, Value>;
  rows: Record<string, Value>[];
}

const same: TemplateFunction = (value) => value;

/** In the line of the headings these leave a heading as it is. */
const HEADER_FUNCTIONS: Record<string, TemplateFunction> = {
  json: same,
  split: same,
  join: same,
  title: same,
  lower: same,
  upper: same,
  truncate: same,
};

/** The heading of `{{.Label "com.example.tier-name"}}`: `tier name`. */
const labelHeader = (name: Value): string => String(name).split(".").at(-1)?.replace(/[-_]/g, " ") ?? "";

/** Throws what Docker says of a template that cannot be read. */
export const compileListTemplate = (template: string, functions?: Record<string, TemplateFunction>) => {
  try {
    return compileTemplate(template, { functions });
  } catch (thrown) {
    if (thrown instanceof TemplateError) throw new CliFailure(`template parsing error: ${thrown.message}`);
    throw thrown;
  }
};

/** The text of a list: a table, JSON lines, or what the template makes of each row, each with a newline behind. */
export const listText = ({ format, table, headers, rows }: Listing): string => {
  const isTable = format === "" || format.startsWith("table");
  let source = format;
  if (isTable) source = format === "" || format.trim() === "table" ? table : format.slice("table".length).trim();
  if (format === "json") source = "{{json .}}";
  source = source.replaceAll("\\t", "\t").replaceAll("\\n", "\n");
  try {
    const template = compileListTemplate(source);
    const body = rows.map((each) => `${template(each)}\n`).join("");
    if (!isTable) return body;
    const heading = compileListTemplate(source, HEADER_FUNCTIONS)({ Label: labelHeader, ...headers });
    return alignColumns(`${heading}\n${body}`);
  } catch (thrown) {
    if (thrown instanceof TemplateError) throw new CliFailure(`template parsing error: ${thrown.message}`);
    throw thrown;
  }
};

export const printList = (context: Context, listing: Listing): Promise<void> => context.out(listText(listing));
