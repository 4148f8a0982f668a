/** Text on its way from the clipboard to a guest terminal, in pieces the guest takes at its own pace. */

/** Above this a paste is asked about first: more often a slip than a wish. */
export const ASK_ABOVE_CHARACTERS = 64 * 1024;
/**
 * The guest's console holds a fixed number of buffers, each filled by one piece: small pieces keep little in it, so that
 * Ctrl-C after a cancelled paste does not wait behind much.
 */
const CHUNK_CHARACTERS = 512;

const isHighSurrogate = (code: number) => code >= 0xd800 && code < 0xdc00;

/** Cuts `text` into pieces of about `size` characters, never through a surrogate pair. */
export function* pieces(text: string, size = CHUNK_CHARACTERS): Generator<string> {
  for (let start = 0; start < text.length;) {
    let end = Math.min(start + size, text.length);
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end++;
    yield text.slice(start, end);
    start = end;
  }
}

/**
 * What a terminal sends for pasted text: Enter for a line's end; in bracketed mode no escape, so that the text cannot
 * end the bracket itself.
 */
export const asTyped = (text: string, bracketed: boolean) => {
  const lines = text.replace(/\r?\n/g, "\r");
  return bracketed ? lines.replaceAll("\x1b", "␛") : lines;
};

export class Paste {
  readonly terminal: number;
  readonly totalCharacters: number;
  /** More than one pastes without a thought. */
  readonly large: boolean;
  readonly lineCount: number;
  sentCharacters = $state(0);
  /** Waits for a yes, is being sent, or has ended. */
  phase = $state<"asking" | "sending" | "ended">("asking");
  readonly #text: string;
  readonly #bracketed: boolean;
  readonly #type: (bytes: Uint8Array) => Promise<void>;

  constructor(terminal: number, text: string, bracketed: boolean, type: (bytes: Uint8Array) => Promise<void>) {
    this.terminal = terminal;
    this.#text = text;
    this.#bracketed = bracketed;
    this.#type = type;
    this.totalCharacters = text.length;
    let lineCount = 1;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lineCount++;
    this.lineCount = lineCount;
    this.large = text.length > ASK_ABOVE_CHARACTERS;
    if (!this.large) void this.send();
  }

  /** Sends until the end or a cancel; resolves then. */
  async send(): Promise<void> {
    this.phase = "sending";
    const encoder = new TextEncoder();
    if (this.#bracketed) await this.#type(encoder.encode("\x1b[200~"));
    for (const piece of pieces(this.#text)) {
      if (this.phase !== "sending") break;
      await this.#type(encoder.encode(asTyped(piece, this.#bracketed)));
      this.sentCharacters += piece.length;
    }
    if (this.#bracketed) await this.#type(encoder.encode("\x1b[201~"));
    this.phase = "ended";
  }

  cancel(): void {
    this.phase = "ended";
  }
}
