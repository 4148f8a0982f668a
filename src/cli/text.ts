/** Docker's short form of an id: without its algorithm, twelve digits. */
export const shortId = (id: string): string => id.slice(id.indexOf(":") + 1).slice(0, 12);

/** At most `columns` characters, the last of them `…` when something was left out. */
export const ellipsis = (text: string, columns: number): string => {
  const characters = Array.from(text);
  if (characters.length <= columns) return text;
  return columns <= 1 ? characters.slice(0, columns).join("") : `${characters.slice(0, columns - 1).join("")}…`;
};

/** `a=b,c=d`, by name. */
export const labelText = (labels: Record<string, string> | null | undefined): string =>
  Object.entries(labels ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(",");

/** Compares as people read: digits by their number, `2` before `10`. */
export const compareNatural = (a: string, b: string): number => {
  const parts = (text: string): string[] => text.match(/\d+|\D+/g) ?? [];
  const [left, right] = [parts(a), parts(b)];
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    if (left[index] === right[index]) continue;
    const bothNumbers = /^\d/.test(left[index]) && /^\d/.test(right[index]);
    if (bothNumbers && Number(left[index]) !== Number(right[index])) return Number(left[index]) - Number(right[index]);
    return left[index] < right[index] ? -1 : 1;
  }
  return left.length - right.length;
};
