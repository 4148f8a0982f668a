import { humanDuration, parseDuration } from "./duration";
import { CliFailure } from "./failure";

/** Go's `2006-01-02 15:04:05 -0700 MST` in UTC, from Unix seconds. */
export const instantText = (seconds: number): string =>
  `${new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ")} +0000 UTC`;

/** The same of an RFC 3339 text, with the fraction it has. */
export const instantTextOf = (rfc3339: string): string => {
  const found = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(rfc3339);
  if (!found) return rfc3339;
  const fraction = (found[3] ?? "").replace(/\.?0+$/, "");
  if (found[4] !== "Z") {
    const zone = found[4].replace(":", "");
    return `${found[1]} ${found[2]}${fraction} ${zone} ${zone}`;
  }
  return `${found[1]} ${found[2]}${fraction} +0000 UTC`;
};

/** `3 hours ago`; nothing for an instant that never was. */
export const agoText = (seconds: number, nowMs: number): string =>
  seconds === 0 ? "" : `${humanDuration(Math.floor(nowMs / 1000) - seconds)} ago`;

/** Unix seconds, with nine digits behind the point where `nanos` are known. */
export const secondsOf = (rfc3339: string): number => Date.parse(rfc3339.replace(/(\.\d{3})\d+/, "$1")) / 1000;

const LAYOUT = /^\d{4}-\d\d-\d\d(T\d\d(:\d\d(:\d\d(\.\d+)?)?)?)?(Z|[+-]\d\d:\d\d)?$/;

/**
 * `--since` and `--until`: a Unix time is passed on, a duration counts back from now, a date is read as UTC unless it says
 * otherwise. Throws a CliFailure for what is none of these.
 */
export const timestampOf = (text: string, nowMs: number): string => {
  if (text === "") return "";
  if (text !== "0") {
    try {
      return String(Math.floor((nowMs * 1e6 - parseDuration(text)) / 1e9));
    } catch {
      // Not a duration.
    }
  }
  if (/^\d+(\.\d+)?$/.test(text)) return text;
  const failure = new CliFailure(`failed to parse value as time or duration: ${JSON.stringify(text)}`);
  if (!LAYOUT.test(text)) throw failure;
  const zone = /(Z|[+-]\d\d:\d\d)$/.exec(text.slice(10))?.[0] ?? "Z";
  const body =
    text.endsWith(zone) && /T/.test(text)
      ? text.slice(0, text.length - (/(Z|[+-]\d\d:\d\d)$/.test(text.slice(10)) ? zone.length : 0))
      : text.slice(0, 10);
  const [date, time = "00:00:00"] = body.split("T");
  const [clock, fraction = ""] = time.split(".");
  const full = clock.split(":").concat("00", "00").slice(0, 3).join(":");
  const ms = Date.parse(`${date}T${full}${zone}`);
  if (Number.isNaN(ms)) throw failure;
  return `${Math.floor(ms / 1000)}.${fraction.padEnd(9, "0").slice(0, 9)}`;
};
