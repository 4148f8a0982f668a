/** Units of Go's time.ParseDuration, in nanoseconds. */
const UNITS: Record<string, number> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };
const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;
/** What is smaller is no nanosecond any more; Go stops there, too. */
const FRACTION_DIGITS_MAX = 19;
/** Far more than the longest duration needs. */
const DURATION_CHARS_MAX = 100;
/** Go keeps a duration in 63 bits. */
const NANOSECONDS_MAX = 2 ** 63;

/**
 * A duration as Go writes it (pkg.go.dev/time#ParseDuration): `30s`, `1m30s`, `1.5h`, `-2ms`, `0`.
 * @returns nanoseconds, exact below 2^53 (104 days); nothing for what is no duration.
 */
export function parseDuration(text: string): number | undefined {
  const sign = /^[+-]/.test(text) ? text[0] : "";
  const body = text.slice(sign.length);
  if (body.length > DURATION_CHARS_MAX) return undefined;
  if (body === "0") return 0;
  let total = 0;
  PART.lastIndex = 0;
  while (PART.lastIndex < body.length) {
    const match = PART.exec(body);
    if (!match) return undefined;
    total += nanoseconds(match[1], UNITS[match[2]]);
  }
  if (body === "" || total >= NANOSECONDS_MAX) return undefined;
  return sign === "-" ? -total : total;
}

/** `number` of `unit`; whole and fractional parts apart, as Go does, so that 0.1s is 100,000,000 and not nearly so. */
function nanoseconds(number: string, unit: number): number {
  const [whole, fraction = ""] = number.split(".");
  const digits = fraction.slice(0, FRACTION_DIGITS_MAX);
  return Number(whole || "0") * unit + Math.trunc(Number(digits || "0") * (unit / 10 ** digits.length));
}
