/** The log file of a container (`protocol/boxd.ts`), as pieces. */
import { LOG_HEADER_BYTES } from "../../protocol/boxd";
import type { Output } from "../shim";

/** The pieces in a log file; what is cut short at its end is left out. */
export function parseLog(bytes: Uint8Array<ArrayBuffer>): Required<Output>[] {
  const pieces: Required<Output>[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + LOG_HEADER_BYTES <= bytes.length;) {
    const length = view.getUint32(at + 4, true);
    const end = at + LOG_HEADER_BYTES + length;
    if (end > bytes.length) break;
    pieces.push({
      stream: view.getUint8(at) === 2 ? "stderr" : "stdout",
      at: view.getBigUint64(at + 8, true),
      bytes: bytes.slice(at + LOG_HEADER_BYTES, end),
    });
    at = end;
  }
  return pieces;
}

/** The same by lines: each has its newline, but perhaps the last of a stream; its time is that of its first piece. */
export function logLines(pieces: readonly Required<Output>[]): Required<Output>[] {
  const open: Partial<Record<Output["stream"], Required<Output>>> = {};
  const lines: Required<Output>[] = [];
  for (const piece of pieces) {
    let rest = piece.bytes;
    while (rest.length > 0) {
      const end = rest.indexOf(10);
      const part = end < 0 ? rest : rest.slice(0, end + 1);
      rest = end < 0 ? rest.slice(rest.length) : rest.slice(end + 1);
      const begun = open[piece.stream];
      if (begun) begun.bytes = joined(begun.bytes, part);
      else lines.push((open[piece.stream] = { ...piece, bytes: part }));
      if (end >= 0) open[piece.stream] = undefined;
    }
  }
  return lines;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}
