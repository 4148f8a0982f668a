/** Programs for the guest where nothing else does what a test needs: static ELF files of a few hundred bytes. */

export const LOAD_ADDRESS = 0x08048000;
const EHDR_BYTES = 52;
const PHDR_BYTES = 32;
export const HEADER_BYTES = EHDR_BYTES + PHDR_BYTES;

export const u32 = (value: number) => [
  value & 0xff,
  (value >>> 8) & 0xff,
  (value >>> 16) & 0xff,
  (value >>> 24) & 0xff,
];
const u16 = (value: number) => [value & 0xff, (value >>> 8) & 0xff];

/** A program of this i386 code, which begins at `LOAD_ADDRESS + HEADER_BYTES`. It cannot write to itself. */
export function staticProgram(code: readonly number[]): Uint8Array {
  const ehdr = [
    ...[0x7f, 0x45, 0x4c, 0x46, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ...[...u16(2), ...u16(3), ...u32(1)], // ET_EXEC, EM_386, EV_CURRENT
    ...[...u32(LOAD_ADDRESS + HEADER_BYTES), ...u32(EHDR_BYTES), ...u32(0), ...u32(0)], // entry, phoff, shoff, flags
    ...[...u16(EHDR_BYTES), ...u16(PHDR_BYTES), ...u16(1), ...u16(40), ...u16(0), ...u16(0)],
  ];
  const size = HEADER_BYTES + code.length;
  const phdr = [
    ...[...u32(1), ...u32(0), ...u32(LOAD_ADDRESS), ...u32(LOAD_ADDRESS)], // PT_LOAD, offset, vaddr, paddr
    ...[...u32(size), ...u32(size), ...u32(5), ...u32(4096)], // filesz, memsz, PF_R | PF_X, align
  ];
  return Uint8Array.from([...ehdr, ...phdr, ...code]);
}

/** The shell command that writes a file of these bytes. */
export function writeFileCommand(path: string, bytes: Uint8Array): string {
  const octal = [...bytes].map((byte) => `\\0${byte.toString(8)}`).join("");
  return `printf '%b' '${octal}' > ${path} && chmod 755 ${path}`;
}
