/** Texts that try to break out of quoting, for tests. */
import { onTestFailed } from "vitest";

const SPICE = [
  ..."'\"\\`$&|;<>()[]{}*?!#~^%=:,-+ \t\n\r",
  "\u001b[31m",
  "\x7f",
  "é",
  "😀",
  "\u202e",
  "$(reboot)",
  "`id`",
  "${IFS}",
  "'; false; '",
  "'\\''",
  "\\\\",
  "--help",
  "-n",
  "\n\n",
  "EOF\n",
  "if",
  "a=b",
  "~root",
  "../..",
];

/** A small generator of random numbers (mulberry32): the same seed gives the same run. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The seed of this test: `SEED` of the environment, or a new one. A test that fails, or never ends, prints it. */
export function newSeed(): number {
  const seed = process.env.SEED ? Number(process.env.SEED) : Math.floor(Math.random() * 2 ** 32);
  onTestFailed(() => console.error(`SEED=${seed}`));
  return seed;
}

export function hostileText(next: () => number): string {
  const length = Math.floor(next() * 7);
  return Array.from({ length }, () =>
    next() < 0.3 ? String.fromCharCode(97 + Math.floor(next() * 26)) : SPICE[Math.floor(next() * SPICE.length)],
  ).join("");
}

export function hostileTexts(count: number): { texts: string[]; seed: number } {
  const seed = newSeed();
  const next = random(seed);
  return { texts: [...SPICE, ...Array.from({ length: count }, () => hostileText(next))].slice(0, count), seed };
}
