/**
 * Patterns of paths. One pattern is a list of parts, and a path is held against all places in it at once, so that the
 * time is pattern times path, whatever both hold.
 */

/** One part of a pattern. */
export type GlobPart =
  | { kind: "char"; char: string }
  /** `?`: any character but "/". */
  | { kind: "any" }
  /** `*`: any text without "/". */
  | { kind: "star" }
  /** `**` at an end: any text. */
  | { kind: "all" }
  /** `**` before something: nothing, or any text that ends with "/". */
  | { kind: "directories" }
  /** `[a-z]`, `[^a-z]`; as in Go, it can match "/". */
  | { kind: "class"; negated: boolean; ranges: [low: number, high: number][] };

export type Glob = readonly GlobPart[];

/** Where a pattern is wrong, in characters from 0. */
export class GlobError extends Error {
  override name = "GlobError";
  readonly offset: number;
  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

/**
 * A pattern of Go's filepath.Match (pkg.go.dev/path/filepath#Match); with `globstar`, `**` crosses directories, as in
 * .dockerignore (moby/patternmatcher).
 * @throws GlobError
 */
export function parseGlob(pattern: string, { globstar }: { globstar: boolean }): Glob {
  const parts: GlobPart[] = [];
  const chars = [...pattern];
  let offset = 0;
  for (let i = 0; i < chars.length; offset += chars[i].length, i++) {
    const char = chars[i];
    if (char === "[") {
      const { part, next } = parseClass(chars, i, offset);
      parts.push(part);
      offset += chars.slice(i + 1, next).join("").length;
      i = next - 1;
    } else if (char === "\\") {
      if (chars[i + 1] === undefined) throw new GlobError(offset, "a backslash at the end escapes nothing");
      parts.push({ kind: "char", char: chars[++i] });
      offset += char.length;
    } else if (char === "*" && globstar && chars[i + 1] === "*") {
      // The "/" after it belongs to it.
      const length = chars[i + 2] === "/" ? 3 : 2;
      const last = i + length >= chars.length;
      parts.push({ kind: last || isSuffix(chars, i, length) ? "all" : "directories" });
      i += length - 1;
      offset += length - 1;
    } else if (char === "*") {
      parts.push({ kind: "star" });
    } else {
      parts.push(char === "?" ? { kind: "any" } : { kind: "char", char });
    }
  }
  return parts;
}

/** Docker takes `**name`, when no other wildcard follows, as "ends with name", be it in the middle of a file's name. */
function isSuffix(chars: string[], start: number, length: number): boolean {
  return start === 0 && length === 2 && !chars.slice(length).some((char) => "*?[]\\".includes(char));
}

const codePoint = (char: string): number => char.codePointAt(0)!;

function parseClass(chars: string[], start: number, offset: number): { part: GlobPart; next: number } {
  const unclosed = new GlobError(offset, 'a "[" is not closed by "]"');
  const negated = chars[start + 1] === "^";
  const ranges: [number, number][] = [];
  let i = start + (negated ? 2 : 1);
  const one = (): number => {
    if (chars[i] === undefined) throw unclosed;
    if (chars[i] === "-" || (chars[i] === "]" && chars[i - 1] === "-")) {
      throw new GlobError(offset, 'a "-" within brackets needs a backslash, or a character on each side');
    }
    if (chars[i] === "]")
      throw new GlobError(offset, 'a "]" within brackets needs a backslash, and "[]" holds nothing');
    if (chars[i] === "\\") i++;
    if (chars[i] === undefined) throw unclosed;
    return codePoint(chars[i++]);
  };
  while (chars[i] !== "]" || ranges.length === 0) {
    const low = one();
    if (chars[i] === "-") {
      i++;
      ranges.push([low, one()]);
    } else {
      ranges.push([low, low]);
    }
    if (chars[i] === undefined) throw unclosed;
  }
  return { part: { kind: "class", negated, ranges }, next: i + 1 };
}

/** Whether a path matches as a whole or, with `orParent`, one of the directories that it lies in. */
export function matchGlob(glob: Glob, path: string, { orParent = false } = {}): boolean {
  // places[p]: the parts before p can have matched what was read so far.
  let places = new Uint8Array(glob.length + 1);
  let next = new Uint8Array(glob.length + 1);
  enter(glob, places, 0);
  for (const char of path) {
    if (orParent && char === "/" && places[glob.length]) return true;
    next.fill(0);
    let alive = false;
    for (let p = 0; p < glob.length; p++) {
      if (!places[p] || !accepts(glob[p], char)) continue;
      alive = true;
      step(glob, p, char, next);
    }
    if (!alive) return false;
    [places, next] = [next, places];
  }
  return places[glob.length] === 1;
}

/** Where one can be after part `p` has taken `char`. */
function step(glob: Glob, p: number, char: string, next: Uint8Array): void {
  const { kind } = glob[p];
  if (kind === "star" || kind === "all") {
    enter(glob, next, p);
  } else if (kind === "directories") {
    next[p] = 1;
    // Once it has begun, it is left behind a "/" only.
    if (char === "/") enter(glob, next, p + 1);
  } else {
    enter(glob, next, p + 1);
  }
}

/** Comes to part `p`, and past it if it may match nothing. */
function enter(glob: Glob, places: Uint8Array, p: number): void {
  places[p] = 1;
  while (p < glob.length && ["star", "all", "directories"].includes(glob[p].kind)) places[++p] = 1;
}

function accepts(part: GlobPart, char: string): boolean {
  switch (part.kind) {
    case "char":
      return part.char === char;
    case "any":
    case "star":
      return char !== "/";
    case "all":
    case "directories":
      return true;
    case "class":
      return part.ranges.some(([low, high]) => low <= codePoint(char) && codePoint(char) <= high) !== part.negated;
  }
}
