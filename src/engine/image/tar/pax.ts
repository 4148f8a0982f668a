/** PAX records, `LENGTH KEY=VALUE\n` (POSIX.1-2001, "pax Extended Header"). Values are bytes: attributes are binary. */
import { concat } from "../bytes";
import { decodeFileName, encodeFileName } from "../file-name";
import { TarError } from "./error";

export type PaxRecords = Map<string, Uint8Array>;

/** Prefix of extended attributes, as star, GNU tar and Docker write them. */
export const XATTR_PREFIX = "SCHILY.xattr.";

const SPACE = 0x20;
const NEWLINE = 0x0a;
const EQUALS = 0x3d;
/** A record's length has at most so many digits. */
const MAX_LENGTH_DIGITS = 10;

/** @throws TarError when the records do not fit into each other. */
export function decodePax(bytes: Uint8Array): PaxRecords {
  const records: PaxRecords = new Map();
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(SPACE, at);
    const digits = space < 0 || space - at > MAX_LENGTH_DIGITS ? "" : decodeFileName(bytes.subarray(at, space));
    if (!/^[0-9]+$/.test(digits)) throw damaged();
    const end = at + Number(digits);
    if (end <= space + 1 || end > bytes.length || bytes[end - 1] !== NEWLINE) throw damaged();
    const record = bytes.subarray(space + 1, end - 1);
    const equals = record.indexOf(EQUALS);
    if (equals <= 0) throw damaged();
    records.set(decodeFileName(record.subarray(0, equals)), record.subarray(equals + 1));
    at = end;
  }
  return records;
}

/** Records in the order of their keys, so that equal records are equal bytes. */
export function encodePax(records: PaxRecords): Uint8Array {
  // The character set must be said before the names it is about.
  const rank = (key: string) => (key === "hdrcharset" ? "" : key);
  const sorted = [...records].sort(([a], [b]) => (rank(a) < rank(b) ? -1 : 1));
  return concat(
    sorted.map(([key, value]) => {
      const rest = concat([encodeFileName(` ${key}=`), value, Uint8Array.of(NEWLINE)]);
      // The length counts its own digits.
      let length = rest.length + 1;
      while (rest.length + String(length).length !== length) length = rest.length + String(length).length;
      return concat([encodeFileName(String(length)), rest]);
    }),
  );
}

function damaged(): TarError {
  return new TarError("bad-header", "an extended header is damaged");
}
