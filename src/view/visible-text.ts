/**
 * Names come from the guest, who may put anything in them. What would move the cursor, hide or turn text round
 * is written out, so that a name can neither vanish nor pose as another.
 */

/** A stretch of text; `escaped` when it stands for a character that cannot be shown. */
export interface TextPart {
  text: string;
  escaped: boolean;
}

const isSurrogate = (code: number) => code >= 0xd800 && code <= 0xdfff;

/** Unicode's invisible and direction-changing characters (UAX #9; general categories Cc, Cf, Zl, Zp). */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\u115f\u1160\u3164\uffa0]/u;

function written(code: number): string {
  // Unicode's control pictures sit in the same order as the C0 controls.
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return "␡";
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\u{${code.toString(16)}}`;
}

/**
 * Splits `text` into parts that are safe to draw, at most `limit` characters of it; what is left out is counted in
 * a last, escaped part.
 */
export function visibleParts(text: string, limit = 200): TextPart[] {
  const parts: TextPart[] = [];
  let shown = 0;
  let taken = 0;
  for (const character of text) {
    if (shown === limit) {
      parts.push({ text: `… ${text.length - taken} more`, escaped: true });
      break;
    }
    const code = character.codePointAt(0)!;
    const escaped = isSurrogate(code) || INVISIBLE.test(character);
    const piece = escaped ? written(code) : character;
    const last = parts.at(-1);
    if (last && last.escaped === escaped) last.text += piece;
    else parts.push({ text: piece, escaped });
    shown++;
    taken += character.length;
  }
  return parts;
}

/** The same as one string, for labels read aloud and for tooltips. */
export function visibleText(text: string, limit = 200): string {
  return visibleParts(text, limit)
    .map((part) => part.text)
    .join("");
}

/** A word as a POSIX shell would need it: bare if it is plain, else quoted. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
