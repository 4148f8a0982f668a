import { fixed } from "../rounding";
import { TemplateError } from "./lexer";
import { isMap, isRow, print, truth } from "./value";
import type { Value } from "./value";

export type TemplateFunction = (...args: Value[]) => Value;

const MAX_PAD = 10_000;

const lengthOf = (value: Value): number => {
  if (value === null || value === undefined) return 0;
  if (typeof value === "string") return new TextEncoder().encode(value).length;
  if (Array.isArray(value)) return value.length;
  if (isMap(value)) return Object.keys(value).length;
  throw new TemplateError(`error calling len: len of type ${typeof value}`);
};

const indexOf = (value: Value, ...keys: Value[]): Value => {
  let at = value;
  for (const key of keys) {
    if (at === null || at === undefined) throw new TemplateError("error calling index: index of untyped nil");
    if (Array.isArray(at) || typeof at === "string") {
      if (typeof key !== "number")
        throw new TemplateError(`error calling index: cannot index slice/array with type ${typeof key}`);
      if (key < 0 || key >= at.length) throw new TemplateError(`error calling index: index out of range: ${key}`);
      at = typeof at === "string" ? at.charCodeAt(key) : at[key];
    } else if (isMap(at)) {
      // What a map has not is, by Go, the zero value of what it holds: for the maps of texts here an empty one.
      at = Object.hasOwn(at, String(key)) ? at[String(key)] : "";
    } else throw new TemplateError(`error calling index: can't index item of type ${typeof at}`);
  }
  return at;
};

const same = (a: Value, b: Value): boolean =>
  a === b || ((a === null || a === undefined) && (b === null || b === undefined));

const ordered = (name: string, test: (order: number) => boolean): TemplateFunction => {
  return (a, b) => {
    if (typeof a !== typeof b) throw new TemplateError(`error calling ${name}: incompatible types for comparison`);
    if (typeof a !== "number" && typeof a !== "string")
      throw new TemplateError(`error calling ${name}: invalid type for comparison`);
    const other = b as typeof a;
    return test(a < other ? -1 : a > other ? 1 : 0);
  };
};

const VERB = /%([-+# 0]*)(\d+|\*)?(?:\.(\d+))?([a-zA-Z%])/g;

const quoteGo = (text: string): string =>
  `"${text.replace(/[\\"\n\t\r]/g, (c) => ({ "\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r" })[c] ?? c)}"`;

/** Go's name of what JSON gives. */
const goType = (value: Value): string =>
  typeof value === "number"
    ? Number.isInteger(value)
      ? "int"
      : "float64"
    : typeof value === "boolean"
      ? "bool"
      : typeof value === "string"
        ? "string"
        : Array.isArray(value)
          ? "[]interface {}"
          : "map[string]interface {}";

/** Go's fmt.Sprintf for the verbs s v d q t f g e x X c U, with width, precision, `-`, `0` and `+`. */
export const sprintf = (format: string, args: Value[]): string => {
  let used = 0;
  const text = format.replace(VERB, (_, flags: string, width: string, precision: string, verb: string) => {
    if (verb === "%") return "%";
    if (width === "*") width = String(args[used++]);
    if (used >= args.length) return `%!${verb}(MISSING)`;
    const value = args[used++];
    let out: string;
    const digits = precision === undefined ? undefined : Number(precision);
    if (verb === "d" && typeof value === "number") out = String(Math.trunc(value));
    else if ((verb === "f" || verb === "F") && typeof value === "number") out = fixed(value, digits ?? 6);
    else if (verb === "e" && typeof value === "number") out = value.toExponential(digits ?? 6);
    else if (verb === "g" && typeof value === "number")
      out = digits ? String(Number(value.toPrecision(digits))) : String(value);
    else if ((verb === "x" || verb === "X") && (typeof value === "number" || typeof value === "string")) {
      out =
        typeof value === "number"
          ? value.toString(16)
          : Array.from(new TextEncoder().encode(value), (byte) => byte.toString(16).padStart(2, "0")).join("");
      if (verb === "X") out = out.toUpperCase();
    } else if (verb === "c" && typeof value === "number") out = String.fromCodePoint(value);
    else if (verb === "q" && typeof value === "string") out = quoteGo(value);
    else if (verb === "t" && typeof value === "boolean") out = String(value);
    else if (verb === "s" && typeof value === "string")
      out = digits === undefined ? value : Array.from(value).slice(0, digits).join("");
    else if (verb === "v" || (verb === "s" && typeof value === "object")) out = print(value, 1);
    else out = `%!${verb}(${goType(value)}=${print(value, 1)})`;
    if (flags.includes("+") && typeof value === "number" && value >= 0) out = `+${out}`;
    const columns = Math.min(Number(width ?? 0), MAX_PAD);
    if (flags.includes("-")) return out.padEnd(columns);
    return flags.includes("0") && typeof value === "number" ? out.padStart(columns, "0") : out.padStart(columns);
  });
  return used < args.length
    ? `${text}%!(EXTRA ${args
        .slice(used)
        .map((each) => `${goType(each)}=${print(each, 1)}`)
        .join(", ")})`
    : text;
};

/** Go's fmt.Sprint: a space between two operands of which neither is a string. */
const sprint = (args: Value[]): string =>
  args
    .map((arg, index) =>
      index > 0 && typeof arg !== "string" && typeof args[index - 1] !== "string" ? ` ${print(arg, 1)}` : print(arg, 1),
    )
    .join("");

/** A row of a table is written by its keys in order and, unlike any other value, with `<`, `>` and `&` escaped. */
export const jsonText = (value: Value): string => {
  if (!isRow(value)) return JSON.stringify(value ?? null);
  const fields = Object.keys(value)
    .filter((key) => typeof value[key] !== "function")
    .sort()
    .map((key) => [key, value[key]]);
  return JSON.stringify(Object.fromEntries(fields)).replace(
    /[<>&]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
};

const text = (value: Value): string => {
  if (typeof value !== "string") throw new TemplateError(`wrong type for value; expected string; got ${typeof value}`);
  return value;
};

/**
 * What a template may call: Go's own, and Docker's json, split, join, title, lower, upper, pad and truncate.
 * https://docs.docker.com/engine/cli/formatting/. `and` and `or` are evaluated apart, since they may leave arguments out.
 */
export const TEMPLATE_FUNCTIONS: Record<string, TemplateFunction> = {
  and: (...args) => args.find((arg) => !truth(arg)) ?? args.at(-1),
  or: (...args) => args.find((arg) => truth(arg)) ?? args.at(-1),
  not: (value) => !truth(value),
  len: lengthOf,
  index: indexOf,
  slice: (value, from = 0, to) => {
    if (typeof value !== "string" && !Array.isArray(value))
      throw new TemplateError("error calling slice: can't slice item");
    const end = (to ?? value.length) as number;
    if ((from as number) < 0 || end > value.length || (from as number) > end)
      throw new TemplateError(`error calling slice: index out of range: ${Math.max(from as number, end)}`);
    return value.slice(from as number, end);
  },
  print: (...args) => sprint(args),
  println: (...args) => `${args.map((arg) => print(arg, 1)).join(" ")}\n`,
  printf: (format, ...args) => sprintf(text(format), args),
  eq: (first, ...others) => others.some((other) => same(first, other)),
  ne: (a, b) => !same(a, b),
  lt: ordered("lt", (order) => order < 0),
  le: ordered("le", (order) => order <= 0),
  gt: ordered("gt", (order) => order > 0),
  ge: ordered("ge", (order) => order >= 0),
  json: jsonText,
  split: (value, separator) => text(value).split(text(separator)),
  join: (value, separator) => {
    if (value === null || value === undefined) return "";
    if (!Array.isArray(value)) throw new TemplateError("wrong type for value; expected []string");
    return value.map((each) => print(each, 1)).join(text(separator));
  },
  title: (value) =>
    text(value).replace(
      /(^|[^\p{L}\p{N}_'])(\p{L})/gu,
      (_, before: string, letter: string) => before + letter.toUpperCase(),
    ),
  lower: (value) => text(value).toLowerCase(),
  upper: (value) => text(value).toUpperCase(),
  pad: (value, before, after) => {
    if (value === "") return "";
    return (
      " ".repeat(Math.min(before as number, MAX_PAD)) + text(value) + " ".repeat(Math.min(after as number, MAX_PAD))
    );
  },
  truncate: (value, length) => text(value).slice(0, length as number),
};
