/** C headers of the constants that both sides of a wire share, generated from TypeScript so that the two cannot disagree. */

type Constant = number | string | Record<string, number>;

/**
 * Text of a header: every number and text of `constants`, and every entry of its tables, as `#define`s.
 *
 * @param source where they come from, for the header's first line
 * @param prefixes of each table's entries, by the table's name
 * @throws Error when a table has no prefix, so that none is left out silently.
 */
export function cHeader(
  source: string,
  constants: Readonly<Record<string, unknown>>,
  prefixes: Readonly<Record<string, string>>,
): string {
  const lines = Object.entries(constants)
    .filter((entry): entry is [string, Constant] => isConstant(entry[1]))
    .flatMap(([name, value]) => defines(name, value, prefixes[name], source));
  return [`/* Generated from ${source}. */`, "#pragma once", ...lines.sort(), ""].join("\n");
}

function defines(name: string, value: Constant, prefix: string | undefined, source: string): string[] {
  if (typeof value === "number") return [`#define ${name} ${cNumber(value)}`];
  if (typeof value === "string") return [`#define ${name} ${JSON.stringify(value)}`];
  if (prefix === undefined) throw new Error(`${source}: the table ${name} has no prefix for its entries in C`);
  return Object.entries(value).map(([entry, number]) => `#define ${prefix}_${entry} ${cNumber(number)}`);
}

function cNumber(value: number): string {
  return value > 0x7fffffff ? `0x${value.toString(16)}u` : String(value);
}

function isConstant(value: unknown): value is Constant {
  if (typeof value === "number" || typeof value === "string") return true;
  return (
    typeof value === "object" && value !== null && Object.values(value).every((entry) => typeof entry === "number")
  );
}
