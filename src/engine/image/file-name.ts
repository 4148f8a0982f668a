/**
 * File names are bytes to Linux and text to us. Bytes that are no UTF-8 become lone surrogates U+DC80 to U+DCFF and
 * come back as the same bytes (Python's "surrogateescape", PEP 383), so that no name is lost or two become one.
 */
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const utf8 = new TextEncoder();
const ESCAPE = 0xdc00;
const LONE_SURROGATE = /[\ud800-\udfff]/u;

export function decodeFileName(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return decodeMixed(bytes);
  }
}

export function encodeFileName(name: string): Uint8Array {
  if (!LONE_SURROGATE.test(name)) return utf8.encode(name);
  const bytes: number[] = [];
  for (const character of name) {
    const code = character.codePointAt(0)!;
    if (code >= ESCAPE + 0x80 && code <= ESCAPE + 0xff) bytes.push(code - ESCAPE);
    else bytes.push(...utf8.encode(character));
  }
  return Uint8Array.from(bytes);
}

function decodeMixed(bytes: Uint8Array): string {
  let name = "";
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes[at]);
    let character: string | undefined;
    try {
      if (at + length <= bytes.length) character = strict.decode(bytes.subarray(at, at + length));
    } catch {
      // no UTF-8 here: this byte is escaped, and the next one gets its chance
    }
    if (character === undefined) name += String.fromCharCode(ESCAPE + bytes[at++]);
    else {
      name += character;
      at += length;
    }
  }
  return name;
}

function sequenceLength(first: number): number {
  return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}
