/** A process with threads for the guest, where nothing else has any: a static ELF program of 150 bytes. */

/** `clone()` with these makes a thread: CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM. */
const THREAD_FLAGS = 0x50f00;

const LOAD_ADDRESS = 0x08048000;
const EHDR_BYTES = 52;
const PHDR_BYTES = 32;

/** A program that starts `threads` threads beside its first, after which all of them wait for a signal. */
export function threadsProgram(threads: number): Uint8Array {
  const u32 = (value: number) => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
  const u16 = (value: number) => [value & 0xff, value >>> 8];
  // The threads share one stack, which none of them touches.
  const clone = [
    ...[0xb8, ...u32(120)], // mov eax, __NR_clone
    ...[0xbb, ...u32(THREAD_FLAGS)], // mov ebx, flags
    ...[0x31, 0xc9, 0x31, 0xd2, 0x31, 0xf6], // xor ecx, ecx; xor edx, edx; xor esi, esi
    ...[0xcd, 0x80], // int 0x80
    ...[0x85, 0xc0], // test eax, eax
    ...[0x74, 0x03], // jz pause, in the new thread
    0x4f, // dec edi
  ];
  const code = [
    ...[0xbf, ...u32(threads)], // mov edi, threads
    ...clone,
    ...[0x75, 0x100 - clone.length - 2], // jnz clone
    ...[0xb8, ...u32(29)], // pause: mov eax, __NR_pause
    ...[0xcd, 0x80], // int 0x80
    ...[0xeb, 0xf7], // jmp pause
  ];
  const headers = EHDR_BYTES + PHDR_BYTES;
  const ehdr = [
    ...[0x7f, 0x45, 0x4c, 0x46, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ...[...u16(2), ...u16(3), ...u32(1)], // ET_EXEC, EM_386, EV_CURRENT
    ...[...u32(LOAD_ADDRESS + headers), ...u32(EHDR_BYTES), ...u32(0), ...u32(0)], // entry, phoff, shoff, flags
    ...[...u16(EHDR_BYTES), ...u16(PHDR_BYTES), ...u16(1), ...u16(40), ...u16(0), ...u16(0)],
  ];
  const size = headers + code.length;
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
