/** More digits than any double between 1e-15 and 1e21 has behind the point. */
const EXACT_DIGITS = 100;

/**
 * A number with so many digits behind the point, as Go and C print it: what lies exactly in the middle goes to the even
 * neighbour, where JavaScript's `toFixed` always goes up.
 */
export const fixed = (value: number, digits: number): string => {
  const up = value.toFixed(digits);
  const exact = value.toFixed(EXACT_DIGITS);
  const end = exact.indexOf(".") + 1 + digits;
  if (!/^50*$/.test(exact.slice(end))) return up;
  const down = exact.slice(0, digits === 0 ? end - 1 : end);
  return /[02468]$/.test(down) ? down : up;
};
