/**
 * The 512-byte header block (POSIX.1-1988 ustar, "pax Interchange Format"; GNU's additions in tar's manual, "Basic Tar
 * Format"), as bytes and numbers; what the fields mean is up to the reader.
 */
import { decodeFileName } from "../file-name";
import { TarError } from "./error";

export const BLOCK_BYTES = 512;

export interface Block {
  /** Prefix and name joined. */
  name: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtime: number;
  /** The type flag's character; NUL is given as "0". */
  typeflag: string;
  linkname: string;
  uname: string;
  gname: string;
  devmajor: number;
  devminor: number;
}

/** What is written, already encoded. */
export interface BlockFields extends Omit<Block, "name" | "linkname" | "uname" | "gname"> {
  name: Uint8Array;
  prefix: Uint8Array;
  linkname: Uint8Array;
  uname: Uint8Array;
  gname: Uint8Array;
}

/** Where the fields are: offset and length. */
const FIELD = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  typeflag: [156, 1],
  linkname: [157, 100],
  magic: [257, 8],
  uname: [265, 32],
  gname: [297, 32],
  devmajor: [329, 8],
  devminor: [337, 8],
  prefix: [345, 155],
} as const;
type FieldName = keyof typeof FIELD;

export const NAME_BYTES = FIELD.name[1];
export const PREFIX_BYTES = FIELD.prefix[1];
export const LINKNAME_BYTES = FIELD.linkname[1];
export const OWNER_NAME_BYTES = FIELD.uname[1] - 1;
/** The largest numbers that octal digits can say in the short (mode, uid, gid, device) and the long (size, mtime) fields. */
export const MAX_SHORT_OCTAL = 0o7777777;
export const MAX_LONG_OCTAL = 0o77777777777;

const POSIX_MAGIC = "ustar\x0000";
const GNU_MAGIC = "ustar  \0";

export function isZero(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/** @throws TarError for a wrong checksum or a field that is no number. */
export function decodeBlock(block: Uint8Array): Block {
  const magic = latin1(field(block, "magic"));
  const isPosix = magic === POSIX_MAGIC;
  const isUstar = isPosix || magic === GNU_MAGIC;
  const name = text(block, "name");
  checkChecksum(block, name);
  // Where ustar has the prefix, GNU has times: only POSIX archives have one.
  const prefix = isPosix ? text(block, "prefix") : "";
  const typeflag = String.fromCharCode(block[FIELD.typeflag[0]]);
  const number = (which: FieldName) => decodeNumber(field(block, which), which, name);
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    mode: number("mode"),
    uid: number("uid"),
    gid: number("gid"),
    size: number("size"),
    mtime: number("mtime"),
    typeflag: typeflag === "\0" ? "0" : typeflag,
    linkname: text(block, "linkname"),
    uname: isUstar ? text(block, "uname") : "",
    gname: isUstar ? text(block, "gname") : "",
    devmajor: isUstar ? number("devmajor") : 0,
    devminor: isUstar ? number("devminor") : 0,
  };
}

export function encodeBlock(fields: BlockFields): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES);
  const put = (which: FieldName, bytes: Uint8Array) => block.set(bytes, FIELD[which][0]);
  const octal = (which: FieldName, value: number) =>
    put(which, ascii(value.toString(8).padStart(FIELD[which][1] - 1, "0") + "\0"));
  put("name", fields.name);
  octal("mode", fields.mode);
  octal("uid", fields.uid);
  octal("gid", fields.gid);
  octal("size", fields.size);
  octal("mtime", fields.mtime);
  put("checksum", ascii("        "));
  put("typeflag", ascii(fields.typeflag));
  put("linkname", fields.linkname);
  put("magic", ascii(POSIX_MAGIC));
  put("uname", fields.uname);
  put("gname", fields.gname);
  octal("devmajor", fields.devmajor);
  octal("devminor", fields.devminor);
  put("prefix", fields.prefix);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put("checksum", ascii(sum.toString(8).padStart(6, "0") + "\0 "));
  return block;
}

function checkChecksum(block: Uint8Array, name: string): void {
  const [at, length] = FIELD.checksum;
  let unsigned = 0;
  let signed = 0;
  for (let index = 0; index < BLOCK_BYTES; index++) {
    const byte = index >= at && index < at + length ? 0x20 : block[index];
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  const stated = decodeNumber(field(block, "checksum"), "checksum", name);
  // Some old tars added up signed characters.
  if (stated !== unsigned && stated !== signed) {
    throw new TarError(
      "bad-checksum",
      "a header is damaged (wrong checksum), or this is no tar archive",
      name || undefined,
    );
  }
}

/** Octal digits, or GNU's base-256: the first bit set, then a two's complement number, most significant byte first. */
function decodeNumber(bytes: Uint8Array, which: FieldName, name: string): number {
  if (bytes[0] & 0x80) {
    let value = bytes[0] & 0x40 ? -1n : 0n;
    value = (value << 6n) | BigInt(bytes[0] & 0x3f);
    for (const byte of bytes.subarray(1)) value = (value << 8n) | BigInt(byte);
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw new TarError("bad-number", `its ${which} is out of range`, name);
    return number;
  }
  const digits = latin1(bytes)
    .replace(/^[ \0]+/, "")
    .replace(/[ \0].*$/s, "");
  if (digits === "") return 0;
  if (!/^[0-7]+$/.test(digits)) {
    // A file that is no archive shows itself here or in the checksum, whichever comes first.
    if (which === "checksum") throw new TarError("bad-checksum", "this is no tar archive: a header has no checksum");
    throw new TarError("bad-number", `its ${which} is no octal number`, name);
  }
  return parseInt(digits, 8);
}

function field(block: Uint8Array, which: FieldName): Uint8Array {
  const [at, length] = FIELD[which];
  return block.subarray(at, at + length);
}

function text(block: Uint8Array, which: FieldName): string {
  return untilNul(field(block, which));
}

/** The name in `bytes`, which ends at the first NUL or with the field. */
export function untilNul(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decodeFileName(end < 0 ? bytes : bytes.subarray(0, end));
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function ascii(characters: string): Uint8Array {
  return Uint8Array.from(characters, (character) => character.charCodeAt(0));
}
