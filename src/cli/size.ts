import { fixed } from "./rounding";

const DECIMAL = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
const BINARY = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"];
const POWERS = "kmgtp";

/** C's `%.Ng`: significant digits, no zeros at the end, an exponent only where it is shorter. */
const significant = (value: number, digits: number): string => {
  if (value === 0) return "0";
  const exponent = Number(value.toExponential(digits - 1).split("e")[1]);
  if (exponent >= digits) {
    const [mantissa, power] = value.toExponential(digits - 1).split("e");
    const short = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
    return `${short}e+${power.slice(1).padStart(2, "0")}`;
  }
  const text = fixed(value, Math.max(0, digits - 1 - exponent));
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
};

const scaled = (bytes: number, base: number, units: string[], digits: number): string => {
  let value = bytes;
  let unit = 0;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit++;
  }
  return significant(value, digits) + units[unit];
};

/** `12.3MB`: powers of a thousand, as Docker shows sizes of images; four digits unless told. */
export const humanSize = (bytes: number, digits = 4): string => scaled(bytes, 1000, DECIMAL, digits);

/** `7.625MiB`: powers of 1024, as `stats` and `info` show memory. */
export const binarySize = (bytes: number): string => scaled(bytes, 1024, BINARY, 4);

/**
 * Reads `64m`, `1.5g`, `512` (bytes), `2GiB` in powers of 1024, whatever the unit's spelling.
 * Throws an Error worded as Docker's.
 */
export const ramInBytes = (text: string): number => {
  const [, number, unit] = /^(.*[\d. ]|)([^\d. ]*)$/s.exec(text) ?? [];
  const value = number?.replace(/ $/, "") ?? "";
  if (!/^(\d+\.?\d*|\.\d+)$/.test(value)) throw new Error(`invalid size: '${text}'`);
  const suffix = unit.toLowerCase();
  if (suffix === "" || suffix === "b") return Math.trunc(Number(value));
  const power = POWERS.indexOf(suffix[0]) + 1;
  if (power === 0 || !["", "b", "ib"].includes(suffix.slice(1))) throw new Error(`invalid suffix: '${suffix}'`);
  return Math.trunc(Number(value) * 1024 ** power);
};
