/** `127.0.0.1`, without leading zeros, as Go's net.ParseIP takes it. */
export const isIPv4 = (text: string): boolean =>
  /^\d{1,3}(\.\d{1,3}){3}$/.test(text) &&
  text.split(".").every((part) => String(Number(part)) === part && Number(part) < 256);

/** `2001:db8::1`, `::ffff:1.2.3.4`, without a zone. */
export const isIPv6 = (text: string): boolean => {
  const halves = text.split("::");
  if (halves.length > 2 || !text.includes(":")) return false;
  const groupsOf = (half: string): string[] => (half === "" ? [] : half.split(":"));
  const groups = halves.flatMap(groupsOf);
  const last = groups.at(-1) ?? "";
  const endsAsIPv4 = last.includes(".") && isIPv4(last);
  const plain = endsAsIPv4 ? groups.slice(0, -1) : groups;
  if (!plain.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  const count = plain.length + (endsAsIPv4 ? 2 : 0);
  return halves.length === 2 ? count < 8 : count === 8;
};

export const isAddress = (text: string): boolean => isIPv4(text) || isIPv6(text);
