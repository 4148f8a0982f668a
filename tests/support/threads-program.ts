/** A process with threads for the guest, where nothing else has any. */
import { staticProgram, u32 } from "./static-program";

/** `clone()` with these makes a thread: CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM. */
const THREAD_FLAGS = 0x50f00;

/** A program that starts `threads` threads beside its first, after which all of them wait for a signal. */
export function threadsProgram(threads: number): Uint8Array {
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
  return staticProgram(code);
}
