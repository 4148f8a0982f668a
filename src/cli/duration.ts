const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `About an hour`, `2 days`: the rounding of Docker's lists. */
export const humanDuration = (seconds: number): string => {
  const whole = Math.trunc(seconds);
  if (whole < 1) return "Less than a second";
  if (whole === 1) return "1 second";
  if (whole < MINUTE) return `${whole} seconds`;
  const minutes = Math.trunc(seconds / MINUTE);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  // Go rounds half away from zero, which is up here.
  const hours = Math.floor(seconds / HOUR + 0.5);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.trunc(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.trunc(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.trunc(hours / 24 / 30)} months`;
  return `${Math.trunc(seconds / DAY / 365)} years`;
};

const UNITS: Record<string, number> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** Reads Go's durations, `1h30m`, `1.5s`, `-10ms`; nanoseconds. Throws an Error worded as Go's. */
export const parseDuration = (text: string): number => {
  const quoted = JSON.stringify(text);
  const body = /^[-+]/.test(text) ? text.slice(1) : text;
  if (body === "0") return 0;
  if (body === "") throw new Error(`time: invalid duration ${quoted}`);
  let total = 0;
  let rest = body;
  while (rest !== "") {
    const number = /^(\d+\.?\d*|\.\d+)/.exec(rest);
    if (!number) throw new Error(`time: invalid duration ${quoted}`);
    rest = rest.slice(number[0].length);
    const unit = /^[^\d.]+/.exec(rest);
    if (!unit) throw new Error(`time: missing unit in duration ${quoted}`);
    if (!Object.hasOwn(UNITS, unit[0]))
      throw new Error(`time: unknown unit ${JSON.stringify(unit[0])} in duration ${quoted}`);
    rest = rest.slice(unit[0].length);
    total += Number(number[0]) * UNITS[unit[0]];
  }
  return Math.round(text.startsWith("-") ? -total : total);
};
