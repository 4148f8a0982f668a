// Nothing in here means anything to a shell, wherever in a word it stands.
const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;
// The first word of a command must also be no assignment and no reserved word.
const PLAIN_COMMAND = /^[A-Za-z0-9_+./-]+$/;
const RESERVED = new Set("case do done elif else esac fi for if in then until while function select time".split(" "));

/**
 * A text as one word of a POSIX shell (XCU 2.2). Plain words stay as they are; others stand in single quotes,
 * in which only the single quote itself needs care.
 * @throws RangeError when the text holds a NUL, which no program can be given.
 */
export function quote(text: string): string {
  if (text.includes("\0")) throw new RangeError("A NUL byte cannot be part of a command.");
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A text as the first word of a command. */
export function quoteCommand(text: string): string {
  if (PLAIN_COMMAND.test(text) && !RESERVED.has(text)) return text;
  const word = quote(text);
  return word === text ? `'${text}'` : word;
}
