/** A program without a library, a shell or a compiler: an ELF header and a dozen instructions. */

const ELF_HEADER_BYTES = 52;
const PROGRAM_HEADER_BYTES = 32;
/** Where i386 Linux programs are usually loaded. */
const BASE = 0x08048000;

const utf8 = new TextEncoder();

/** A static i386 executable that writes `text` to its standard output and exits with 0 (System V ABI, i386 supplement). */
export function helloProgram(text: string): Uint8Array {
  const message = utf8.encode(text);
  const codeAt = ELF_HEADER_BYTES + PROGRAM_HEADER_BYTES;
  const code = instructions(0, message.length).length;
  const messageAt = codeAt + code;
  const program = new Uint8Array(messageAt + message.length);
  const view = new DataView(program.buffer);
  const u16 = (offset: number, ...values: number[]) =>
    values.forEach((value, index) => view.setUint16(offset + 2 * index, value, true));
  const u32 = (offset: number, ...values: number[]) =>
    values.forEach((value, index) => view.setUint32(offset + 4 * index, value, true));

  program.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]); // magic, 32 bits, little-endian, version 1
  u16(16, 2, 3); // executable, 80386
  u32(20, 1, BASE + codeAt, ELF_HEADER_BYTES, 0, 0); // version, entry, program headers, no section headers, no flags
  u16(40, ELF_HEADER_BYTES, PROGRAM_HEADER_BYTES, 1, 40, 0, 0);
  // One segment: the whole file, readable and executable, aligned to a page.
  u32(ELF_HEADER_BYTES, 1, 0, BASE, BASE, program.length, program.length, 5, 0x1000);
  program.set(instructions(BASE + messageAt, message.length), codeAt);
  program.set(message, messageAt);
  return program;
}

/** write(1, address, length); exit(0) */
function instructions(address: number, length: number): number[] {
  const word = (value: number) => [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24];
  return [
    ...[0xb8, ...word(4)], // mov eax, 4 (write)
    ...[0xbb, ...word(1)], // mov ebx, 1 (standard output)
    ...[0xb9, ...word(address)], // mov ecx, address
    ...[0xba, ...word(length)], // mov edx, length
    ...[0xcd, 0x80], // int 0x80
    ...[0xb8, ...word(1)], // mov eax, 1 (exit)
    ...[0x31, 0xdb], // xor ebx, ebx
    ...[0xcd, 0x80], // int 0x80
  ];
}
