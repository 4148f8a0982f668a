/** Docker's own: Ctrl-P, Ctrl-Q. */
export const DEFAULT_DETACH_KEYS = "ctrl-p,ctrl-q";

const NAMED: Record<string, number> = {
  "ctrl-@": 0,
  "ctrl-[": 27,
  "ctrl-\\": 28,
  "ctrl-]": 29,
  "ctrl-^": 30,
  "ctrl-_": 31,
};

/** Reads `ctrl-p,ctrl-q`, `ctrl-@`, `a,b` as the bytes the keys send. Throws an Error for a key of no such name. */
export const parseDetachKeys = (text: string): number[] =>
  (text || DEFAULT_DETACH_KEYS).split(",").map((key) => {
    if (key.length === 1) return key.charCodeAt(0);
    if (Object.hasOwn(NAMED, key)) return NAMED[key];
    const letter = /^ctrl-([a-z])$/.exec(key);
    if (!letter) throw new Error(`Unknown character: '${key}'`);
    return letter[1].charCodeAt(0) - 96;
  });

/** Watches what is typed. `take` gives what may be sent on; `detached` once the whole sequence has come. */
export interface DetachWatch {
  take(chunk: Uint8Array): Uint8Array;
  readonly detached: boolean;
}

/** Holds back the beginning of a sequence until it is clear whether it is one. */
export const watchDetachKeys = (keys: number[]): DetachWatch => {
  let matched = 0;
  let detached = false;
  return {
    get detached() {
      return detached;
    },
    take: (chunk) => {
      const sent: number[] = [];
      for (const byte of chunk) {
        if (detached) break;
        if (byte === keys[matched]) {
          matched++;
          if (matched === keys.length) detached = true;
          continue;
        }
        sent.push(...keys.slice(0, matched));
        matched = 0;
        if (byte === keys[0]) matched = 1;
        else sent.push(byte);
        if (matched === keys.length) detached = true;
      }
      return Uint8Array.from(sent);
    },
  };
};
