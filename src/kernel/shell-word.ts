/** Names from the guest as words of the shell commands that evidence offers. */

// Nothing in here means anything to a shell, wherever in a word it stands.
const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;
// A terminal would act on some of these when the command is typed into it, and a reader would not see the others.
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/u;
const EACH_INVISIBLE = new RegExp(INVISIBLE, "gu");

/**
 * A text as one word of a POSIX shell (XCU 2.2): bare if it is plain, else in single quotes; with characters in it that cannot be
 * seen, as what printf makes of their bytes. A text must not end in a line break then. Undefined for a name that is not
 * UTF-8, whose bytes are not known here.
 */
export function shellWord(text: string): string | undefined {
  if (text.includes("\ufffd") || text.includes("\0")) return undefined;
  if (PLAIN.test(text)) return text;
  if (!INVISIBLE.test(text)) return singleQuoted(text);
  const format = text.replace(/[\\%]/g, "$&$&").replace(EACH_INVISIBLE, octal);
  return `"$(printf ${singleQuoted(format)})"`;
}

function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function octal(character: string): string {
  return [...new TextEncoder().encode(character)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
}
