/** Ranges of bytes: of downloads (RFC 9110, section 14) and of upload chunks (OCI distribution specification). */

/** From `start` up to, without, `end`. */
export interface ByteRange {
  start: number;
  end: number;
}

/**
 * The range a `Range` header asks for, of `size` bytes. `undefined`: no range, or one that a server may ignore (several
 * ranges, another unit, nonsense). `"unsatisfiable"`: beyond the end.
 */
export function requestedRange(header: string | null, size: number): ByteRange | "unsatisfiable" | undefined {
  const match = /^bytes=([0-9]*)-([0-9]*)$/.exec(header?.trim() ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return undefined;
  if (match[1] === "") {
    const last = Number(match[2]);
    return last === 0 || size === 0 ? "unsatisfiable" : { start: Math.max(0, size - last), end: size };
  }
  const start = Number(match[1]);
  const end = match[2] === "" ? size : Math.min(size, Number(match[2]) + 1);
  if (match[2] !== "" && Number(match[2]) < start) return undefined;
  return start >= size ? "unsatisfiable" : { start, end };
}

/** The range of a chunk, `0-99` or `bytes 0-99/*`; undefined when the header is none. */
export function chunkRange(header: string): ByteRange | undefined {
  const match = /^(?:bytes[ =])?([0-9]+)-([0-9]+)(?:\/(?:[0-9]+|\*))?$/.exec(header.trim());
  if (!match || Number(match[2]) < Number(match[1])) return undefined;
  return { start: Number(match[1]), end: Number(match[2]) + 1 };
}

/** `0-99` for the first hundred bytes; of none, `0-0`, as the reference implementation says it. */
export function receivedRange(size: number): string {
  return `0-${Math.max(0, size - 1)}`;
}
