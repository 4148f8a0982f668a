/** Text in guest memory. */

const utf8 = new TextDecoder();

/** Longest text that is kept, in bytes. */
const MAX_KEPT_BYTES = 512;
/** Up to here a string is made faster by its characters. */
const SHORT_BYTES = 16;
/** Texts kept, a power of two; a text that falls on another's place takes it. */
const KEPT = 8192;
/**
 * Names and arguments are the same from picture to picture: a text that was met before is found again without making a
 * string of it, which is most of what a picture would leave to the garbage collector.
 */
const kept = new Array<string>(KEPT).fill("");

/**
 * Text in `bytes[from..to)` up to the first NUL. Bytes that are not UTF-8 become U+FFFD; control characters stay as
 * the guest wrote them, so escape before showing.
 */
export function text(bytes: Uint8Array, from: number, to: number): string {
  let hash = 0;
  let end = from;
  for (; end < to; end++) {
    const byte = bytes[end];
    if (byte === 0) break;
    if (byte >= 0x80) {
      const nul = bytes.indexOf(0, end);
      return utf8.decode(bytes.slice(from, nul < 0 || nul > to ? to : nul));
    }
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  if (end - from > MAX_KEPT_BYTES) return ascii(bytes, from, end);
  const place = (hash ^ (hash >>> 12)) & (KEPT - 1);
  const candidate = kept[place];
  return same(candidate, bytes, from, end) ? candidate : (kept[place] = ascii(bytes, from, end));
}

/** Texts in `bytes[from..to)` that end in a NUL each, the last one perhaps at `to`. */
export function texts(bytes: Uint8Array, from: number, to: number): string[] {
  let count = 0;
  for (let i = from; i < to; i++) if (bytes[i] === 0 || i === to - 1) count++;
  // Of its very size: an array that grows takes room for sixteen more.
  const strings = new Array<string>(count);
  for (let start = from, index = 0; index < count; index++) {
    let end = start;
    while (end < to && bytes[end] !== 0) end++;
    strings[index] = text(bytes, start, end);
    start = end + 1;
  }
  return strings;
}

function same(string: string, bytes: Uint8Array, from: number, to: number): boolean {
  if (string.length !== to - from) return false;
  for (let i = from; i < to; i++) if (string.charCodeAt(i - from) !== bytes[i]) return false;
  return true;
}

function ascii(bytes: Uint8Array, from: number, to: number): string {
  // A string that grows by characters leaves all its beginnings behind.
  if (to - from > SHORT_BYTES) return utf8.decode(bytes.slice(from, to));
  let string = "";
  for (let i = from; i < to; i++) string += String.fromCharCode(bytes[i]);
  return string;
}
