import { parseDuration } from "./duration";
import { ramInBytes } from "./size";

/**
 * What an option takes. `read` gets the text and what earlier occurrences gave, and returns the new value or throws an
 * Error whose message ends the sentence `invalid argument "x" for "--y" flag: …`.
 */
export interface OptionKind {
  initial: unknown;
  read(text: string, before: unknown): unknown;
}

const TRUE = ["1", "t", "T", "TRUE", "true", "True"];
const FALSE = ["0", "f", "F", "FALSE", "false", "False"];

export const parseBool = (text: string): boolean => {
  if (TRUE.includes(text)) return true;
  if (FALSE.includes(text)) return false;
  throw new Error(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
};

/** Go's integers: `0x1f`, `0o17` or `017`, `0b11`, with `_` between digits. */
const INTEGER = /^([-+]?)(0[xX](?:_?[\da-fA-F])+|0[oO]?(?:_?[0-7])+|0[bB](?:_?[01])+|[1-9](?:_?\d)*|0)$/;

const integer =
  (call: "ParseInt" | "ParseUint", min: bigint, max: bigint) =>
  (text: string): number => {
    const quoted = `strconv.${call}: parsing ${JSON.stringify(text)}`;
    const found = INTEGER.exec(text);
    if (!found || (found[1] !== "" && call === "ParseUint")) throw new Error(`${quoted}: invalid syntax`);
    const digits = found[2].replaceAll("_", "").replace(/^0(?=\d)/, "0o");
    const value = BigInt(digits) * (found[1] === "-" ? -1n : 1n);
    if (value < min || value > max) throw new Error(`${quoted}: value out of range`);
    return Number(value);
  };

const INT64 = 1n << 63n;
const parseInt64 = integer("ParseInt", -INT64, INT64 - 1n);

/** Most digits of a number of processors, exponent included: it is computed exactly. */
const MAX_CPU_DIGITS = 40;

/** `1.5`, `1e-1` or `3/2` processors as billionths. */
const parseCpus = (text: string): number => {
  const found = /^([-+]?)(\d*)\.?(\d*)(?:[eE]([-+]?\d{1,2}))?(?:\/(\d+))?$/.exec(text);
  if (!found || found[2] + found[3] === "" || text.length > MAX_CPU_DIGITS || Number(found[5]) === 0)
    throw new Error(`failed to parse ${text} as a rational number`);
  const [, sign, whole, fraction, exponent = "0", divisor = "1"] = found;
  const power = 9 - fraction.length + Number(exponent);
  const over = BigInt(whole + fraction) * 10n ** BigInt(Math.max(power, 0));
  const under = BigInt(divisor) * 10n ** BigInt(Math.max(-power, 0));
  if (over % under !== 0n) throw new Error("value is too precise");
  return Number(over / under) * (sign === "-" ? -1 : 1);
};

const one = (initial: unknown, read: (text: string) => unknown): OptionKind => ({
  initial,
  read: (text) => read(text),
});
const many = (read: (text: string) => string[]): OptionKind => ({
  initial: [],
  read: (text, before) => [...(before as string[]), ...read(text)],
});

/** A line of CSV, as Go's encoding/csv reads one: quotes protect commas. */
export const csvFields = (line: string): string[] => {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (line[at] === '"') {
      let field = "";
      at++;
      for (;;) {
        const end = line.indexOf('"', at);
        if (end < 0)
          throw new Error(`parse error on line 1, column ${line.length + 1}: extraneous or missing " in quoted-field`);
        field += line.slice(at, end);
        if (line[end + 1] !== '"') {
          at = end + 1;
          break;
        }
        field += '"';
        at = end + 2;
      }
      fields.push(field);
      if (at >= line.length) return fields;
      if (line[at] !== ",")
        throw new Error(`parse error on line 1, column ${at + 1}: extraneous or missing " in quoted-field`);
      at++;
    } else {
      const end = line.indexOf(",", at);
      const field = line.slice(at, end < 0 ? undefined : end);
      if (field.includes('"'))
        throw new Error(`parse error on line 1, column ${at + field.indexOf('"') + 1}: bare " in non-quoted-field`);
      fields.push(field);
      if (end < 0) return fields;
      at = end + 1;
    }
  }
};

/** A filter's `name=value`, trimmed and in small letters where Docker does so. */
const filter = (text: string): string[] => {
  if (text.trim() === "") return [];
  if (!text.includes("=")) throw new Error("bad format of filter (expected name=value)");
  const at = text.indexOf("=");
  return [`${text.slice(0, at).trim().toLowerCase()}=${text.slice(at + 1).trim()}`];
};

/** The kinds that option declarations name. */
export const OPTION_KINDS: Record<string, OptionKind> = {
  bool: one(false, parseBool),
  string: one("", (text) => text),
  int: one(0, parseInt64),
  uint: one(0, integer("ParseUint", 0n, 2n * INT64 - 1n)),
  uint16: one(0, integer("ParseUint", 0n, 65535n)),
  bytes: one(0, ramInBytes),
  /** `--memory-swap`: -1 is no limit. */
  swap: one(0, (text) => (text === "-1" ? -1 : ramInBytes(text))),
  decimal: one(0, parseCpus),
  duration: one(0, parseDuration),
  list: many((text) => [text]),
  strings: many((text) => (text === "" ? [] : csvFields(text))),
  map: many((text) => [text]),
  filter: many(filter),
};
