/** Reads System.map, the list of a kernel's symbols: `c0100000 T _text`, one a line. */

/** Address by name. Of names that occur twice (private functions), the first is kept. */
export function readSystemMap(text: string): Map<string, number> {
  const symbols = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [, address, name] = /^([0-9a-f]+) \S (\S+)$/.exec(line) ?? [];
    if (name && !symbols.has(name)) symbols.set(name, parseInt(address, 16));
  }
  return symbols;
}
