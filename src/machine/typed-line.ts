/** The line that somebody types, as far as keys alone tell it. */

const MAX_LINE_CHARACTERS = 4096;

/**
 * Follows keys into lines. Completion, history and cursor keys change a line in ways that only the shell knows; such a
 * line ends as undefined.
 */
export class TypedLine {
  #text: string | undefined = "";
  readonly #utf8 = new TextDecoder();

  /** Takes what was typed; returns the lines that were entered with it. */
  type(bytes: Uint8Array): (string | undefined)[] {
    const entered: (string | undefined)[] = [];
    for (const character of this.#utf8.decode(bytes, { stream: true })) {
      if (character === "\r" || character === "\n") {
        entered.push(this.#text);
        this.#text = "";
      } else this.#key(character);
    }
    return entered;
  }

  #key(character: string): void {
    // Ctrl-C and Ctrl-U begin the line anew.
    if (character === "\x03" || character === "\x15") this.#text = "";
    else if (this.#text === undefined) return;
    else if (character === "\x7f" || character === "\b") this.#text = [...this.#text].slice(0, -1).join("");
    else if (character < " ") this.#text = undefined;
    else this.#text = this.#text.length < MAX_LINE_CHARACTERS ? this.#text + character : undefined;
  }
}
