import type { Step } from "../../src/plan/step";
import { quote } from "../../src/plan/quote";

const SLOT = /\{([a-z-]+)\}/g;
const COMMAND = "{command}";

/** True when the text has a place for an option's value, or is the place of the command. */
export function isTemplate(text: string): boolean {
  return text.search(SLOT) >= 0;
}

/** A step with all its places filled, but for its reason, which stays as it is. */
export function fill(step: Step, settings: Record<string, string | true>, command: string[]): Step {
  const walk = (value: unknown, key = ""): unknown => {
    if (Array.isArray(value)) return value.flatMap((item) => (item === COMMAND ? command : [walk(item)]));
    if (typeof value === "object" && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, walk(item, name)]));
    }
    if (typeof value !== "string" || key === "why") return value;
    return value.replace(SLOT, (_, name: string) => String(settings[name]));
  };
  return walk(step) as Step;
}

/** The name that the script has for an option: not the name of anything else in it. */
export function variable(name: string): string {
  return `opt_${name.replaceAll("-", "_")}`;
}

/** A template as what stands between double quotes in a shell, its values from their variables. */
export function expansion(text: string): string {
  return text
    .split(/(\{[a-z-]+\})/)
    .map((part) => (isTemplate(part) ? `\${${variable(part.slice(1, -1))}}` : part.replace(/["\\$`]/g, "\\$&")))
    .join("");
}

/** Words that hold option values, each as a variable of the script that has the word quoted already. */
export class Words {
  private readonly names = new Map<string, string>();

  /** Words as a command's text, in quotes of its own: double ones when a variable is in it. */
  command(words: string[]): string {
    if (!words.some(isTemplate)) return quote(words.map(quote).join(" "));
    return `"${words.map((word) => this.part(word)).join(" ")}"`;
  }

  /** The same of one word, to stand between double quotes. */
  part(word: string): string {
    if (!isTemplate(word)) return quote(word).replace(/["\\$`]/g, "\\$&");
    return `$${this.name(word)}`;
  }

  /** The lines that set the variables asked for so far. */
  lines(): string[] {
    return [...this.names].flatMap(([word, name]) =>
      word === COMMAND
        ? [
            `${name}=''`,
            'for argument in "$@"; do',
            '  quote "$argument"',
            `  ${name}="\${${name}:+$${name} }$word"`,
            "done",
          ]
        : [`quote "${expansion(word)}" && ${name}=$word`],
    );
  }

  private name(word: string): string {
    const known = this.names.get(word);
    if (known) return known;
    const plain = word === COMMAND ? "command_words" : `${word.replace(/\W+/g, "_").replace(/^_|_$/g, "")}_word`;
    const taken = new Set(this.names.values());
    const name = taken.has(plain) ? `${plain}${taken.size}` : plain;
    this.names.set(word, name);
    return name;
  }
}
