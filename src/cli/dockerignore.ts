import { CliFailure } from "./failure";

/** Most lines of a `.dockerignore`. */
const MAX_PATTERNS = 10_000;

interface Pattern {
  test: RegExp;
  text: string;
  /** Begins with `!`. */
  keeps: boolean;
}

/** Go's filepath.Clean, for what stands in these files. */
const clean = (path: string): string => {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    // Nothing is above the root.
    else if (part === ".." && path.startsWith("/")) continue;
    else parts.push(part);
  }
  return parts.join("/");
};

/** `*` within a name, `**` across names, `?`, `[a-z]`, `\` before what is meant as it is. */
const regularExpression = (pattern: string): RegExp => {
  let text = "^";
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === "*" && pattern[at + 1] === "*") {
      at++;
      if (pattern[at + 1] === "/") {
        at++;
        text += "(?:.*/)?";
      } else text += ".*";
    } else if (character === "*") text += "[^/]*";
    else if (character === "?") text += "[^/]";
    else if (character === "[") {
      const end = pattern.indexOf("]", at + 2);
      if (end < 0) throw new CliFailure(`error checking context: syntax error in pattern: ${pattern}`);
      text += `[${pattern
        .slice(at + 1, end)
        .replace(/^!/, "^")
        .replace(/\\/g, "\\\\")}]`;
      at = end;
    } else if (character === "\\" && at + 1 < pattern.length)
      text += pattern[++at].replace(/[$^.*+?()[\]{}|\\/]/g, "\\$&");
    else text += character.replace(/[$^.*+?()[\]{}|\\/]/g, "\\$&");
  }
  return new RegExp(`${text}$`, "su");
};

/**
 * Reads a `.dockerignore`; the function says whether a path (relative, without a slash before it) stays out. The last line that
 * matches a path or a directory above it counts. https://docs.docker.com/build/concepts/context/#dockerignore-files
 */
export const parseDockerignore = (text: string, always: string[] = []): ((path: string) => boolean) => {
  const lines = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .filter((line) => !line.startsWith("#"))
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (lines.length > MAX_PATTERNS)
    throw new CliFailure(`.dockerignore has more than ${MAX_PATTERNS} lines: leave some out`);
  const patterns: Pattern[] = [...lines, ...always.map((path) => `!${path}`)].flatMap((line) => {
    const keeps = line.startsWith("!");
    const path = clean(keeps ? line.slice(1).trim() : line);
    if (keeps && path === "" && line === "!")
      throw new CliFailure(`error checking context: illegal exclusion pattern: "!"`);
    return path === "" ? [] : [{ test: regularExpression(path), text: path, keeps }];
  });
  // What matched a directory matches all in it; but a pattern that could not have changed anything there was not asked.
  const ignores = (path: string): boolean => {
    let inherited: boolean[] = [];
    let ignored = false;
    for (const each of directoriesOf(path)) {
      ignored = false;
      inherited = patterns.map(({ test, keeps }, index) => {
        const matches = inherited[index] || (keeps === ignored && test.test(each));
        if (matches) ignored = !keeps;
        return matches;
      });
    }
    return ignored;
  };
  // Docker does not look into a directory that stays out, unless a `!` names something in it letter for letter.
  const isClosed = (directory: string): boolean =>
    ignores(directory) && !patterns.some(({ keeps, text }) => keeps && `${text}/`.startsWith(`${directory}/`));
  return (path) => ignores(path) || directoriesOf(path).slice(0, -1).some(isClosed);
};

/** `a`, `a/b`, `a/b/c`. */
const directoriesOf = (path: string): string[] => {
  const parts = path.split("/");
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
};
