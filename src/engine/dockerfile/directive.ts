/** Parser directives: comments at the very start that tell how to read the rest (docs: #parser-directives). */
import type { Problems } from "./problem";
import { lineRange, type Range, type SourceLine } from "./source";

export interface Directive {
  name: "syntax" | "escape" | "check";
  value: string;
  range: Range;
}

// Of a line without blanks at its ends.
const DIRECTIVE = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(\S.*)$/s;
const NAMES: readonly string[] = ["syntax", "escape", "check"] satisfies Directive["name"][];
/** The frontend whose language this is; others would be programs of their own. */
const DOCKERFILE_FRONTEND = /^(docker\.io\/)?docker\/dockerfile(-upstream)?([:@]|$)/;

export const ESCAPE_DEFAULT = "\\";

/** The directives of a file. The first line that is none ends them. */
export function parseDirectives(lines: SourceLine[], problems: Problems): Directive[] {
  const directives: Directive[] = [];
  for (const line of lines) {
    const directive = asDirective(line);
    if (!directive) break;
    const range = lineRange(line);
    if (directives.some(({ name }) => name === directive.name)) {
      problems.error("bad-directive", range, `The directive ${directive.name} can be given only once.`);
    } else {
      checkDirective(directive, problems);
      directives.push(directive);
    }
  }
  return directives;
}

function asDirective(line: SourceLine): Directive | undefined {
  const match = DIRECTIVE.exec(line.text.trim());
  const name = match?.[1].toLowerCase();
  if (!match || name === undefined || !NAMES.includes(name)) return undefined;
  return { name: name as Directive["name"], value: match[2], range: lineRange(line) };
}

function checkDirective({ name, value, range }: Directive, problems: Problems): void {
  if (name === "escape" && value !== "\\" && value !== "`") {
    problems.error("bad-directive", range, `The escape character is a backslash or a backtick, not ${value}.`, {
      found: value,
      expected: "\\ or `",
    });
  }
  if (name === "syntax" && !DOCKERFILE_FRONTEND.test(value)) {
    const message = `The frontend ${value} is not run: this file is read as a Dockerfile.`;
    problems.warning("unknown-frontend", range, message);
  }
}

/** The escape character that the directives ask for. */
export function escapeOf(directives: Directive[]): string {
  return directives.find(({ name }) => name === "escape")?.value === "`" ? "`" : ESCAPE_DEFAULT;
}

/** Warns of a directive that comes too late to be one. */
export function checkLateDirective(line: SourceLine, problems: Problems): void {
  const directive = asDirective(line);
  if (directive?.name !== "escape" && directive?.name !== "syntax") return;
  problems.warning(
    "directive-is-comment",
    directive.range,
    `# ${directive.name}= is only a comment here. Directives stand before everything else, comments and empty lines too.`,
  );
}
