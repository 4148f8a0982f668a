import type { FileContent, LayerEntry } from "../protocol/mount";

const TYPES: Record<number, { letter: string; word: string }> = {
  0x1000: { letter: "p", word: "named pipe" },
  0x2000: { letter: "c", word: "character device" },
  0x4000: { letter: "d", word: "directory" },
  0x6000: { letter: "b", word: "block device" },
  0x8000: { letter: "-", word: "file" },
  0xa000: { letter: "l", word: "symbolic link" },
  0xc000: { letter: "s", word: "socket" },
};

export const isDirectory = (mode: number) => (mode & 0xf000) === 0x4000;
export const isRegular = (mode: number) => (mode & 0xf000) === 0x8000;
export const isLink = (mode: number) => (mode & 0xf000) === 0xa000;

/** `drwxr-xr-x`, as `ls -l` writes it. */
export function formatMode(mode: number): string {
  const bits = (shift: number, special: number, letter: string) => {
    const three = (mode >> shift) & 7;
    const x = three & 1;
    const last = mode & special ? (x ? letter : letter.toUpperCase()) : x ? "x" : "-";
    return (three & 4 ? "r" : "-") + (three & 2 ? "w" : "-") + last;
  };
  const letter = TYPES[mode & 0xf000]?.letter ?? "?";
  return letter + bits(6, 0o4000, "s") + bits(3, 0o2000, "s") + bits(0, 0o1000, "t");
}

export function typeWord({ mode, whiteout }: Pick<LayerEntry, "mode" | "whiteout">): string {
  return whiteout ? "whiteout" : (TYPES[mode & 0xf000]?.word ?? "unknown type");
}

/** The lines of a file that is text; undefined for one that is not. */
export function textLines({ bytes, sizeBytes, missingPages }: FileContent): string[] | undefined {
  // A page that is not in memory shows as zeroes, which no text has.
  if (missingPages || bytes.includes(0)) return undefined;
  try {
    // Where the bound cuts a character in two, its beginning is left out.
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, {
      stream: bytes.length < sizeBytes,
    });
    const lines = text.split("\n");
    if (lines.at(-1) === "") lines.pop();
    return lines;
  } catch {
    return undefined;
  }
}

export const HEX_ROW_BYTES = 16;

/** A row of `hexdump -C`: the offset, the bytes, and the same in ASCII. */
export function hexRow(bytes: Uint8Array, row: number): { offset: string; hex: string; ascii: string } {
  const from = row * HEX_ROW_BYTES;
  const part = [...bytes.subarray(from, from + HEX_ROW_BYTES)];
  const hex = part.map((byte) => byte.toString(16).padStart(2, "0"));
  return {
    offset: from.toString(16).padStart(6, "0"),
    hex: [hex.slice(0, 8).join(" "), hex.slice(8).join(" ")].join("  ").trimEnd().padEnd(48),
    ascii: part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join(""),
  };
}
