/**
 * A program that makes the system calls its arguments name, where no tool of the guest makes them. Each call is seven
 * arguments, a number and six parameters; a parameter is a decimal number, or a text after `@`, of which it is the
 * address. The first call that fails ends it with its error number. Without arguments it waits for a signal.
 */
import { HEADER_BYTES, LOAD_ADDRESS, staticProgram, u32 } from "./static-program";

export const SYSCALL = {
  write: 4,
  execve: 11,
  pause: 29,
  prctl: 172,
  memfd_create: 356,
  mq_open: 277,
  mq_timedsend: 279,
  semget: 393,
  shmget: 395,
  shmctl: 396,
  shmat: 397,
  msgget: 399,
  msgsnd: 400,
} as const;

/** The words of one call. */
export function syscall(name: keyof typeof SYSCALL, ...parameters: (number | string)[]): string {
  const all = [...parameters, 0, 0, 0, 0, 0, 0].slice(0, 6);
  return [SYSCALL[name], ...all.map((value) => (typeof value === "string" ? `'@${value}'` : value >>> 0))].join(" ");
}

const code = [
  ...[0x89, 0xe5], //             mov ebp, esp
  ...[0x83, 0xc5, 0x08], //       add ebp, 8            ; &argv[1]
  ...[0x83, 0x7d, 0x00, 0x00], // cmp dword [ebp], 0
  ...[0x74, 0x53], //             je pause
  // next:
  ...[0x83, 0x7d, 0x00, 0x00], // cmp dword [ebp], 0
  ...[0x74, 0x44], //             je done
  ...[0xb9, ...u32(7)], //        mov ecx, 7
  // word:
  ...[0x8b, 0x75, 0x00], //       mov esi, [ebp]
  ...[0x83, 0xc5, 0x04], //       add ebp, 4
  ...[0x31, 0xc0], //             xor eax, eax
  ...[0x80, 0x3e, 0x40], //       cmp byte [esi], '@'
  ...[0x74, 0x12], //             je text
  // digit:
  ...[0x0f, 0xb6, 0x16], //       movzx edx, byte [esi]
  ...[0x85, 0xd2], //             test edx, edx
  ...[0x74, 0x0e], //             jz got
  ...[0x83, 0xea, 0x30], //       sub edx, '0'
  ...[0x6b, 0xc0, 0x0a], //       imul eax, eax, 10
  ...[0x01, 0xd0], //             add eax, edx
  ...[0x46], //                   inc esi
  ...[0xeb, 0xee], //             jmp digit
  ...[0x8d, 0x46, 0x01], // text: lea eax, [esi + 1]
  ...[0x50], //             got:  push eax
  ...[0x49], //                   dec ecx
  ...[0x75, 0xda], //             jnz word
  ...[0x89, 0xe8], //             mov eax, ebp
  ...[0x5d, 0x5f, 0x5e, 0x5a, 0x59, 0x5b], // pop ebp, edi, esi, edx, ecx, ebx
  ...[0x87, 0x04, 0x24], //       xchg [esp], eax       ; the number, and where the next word is
  ...[0xcd, 0x80], //             int 0x80
  ...[0x5d], //                   pop ebp
  ...[0x3d, ...u32(-4096)], //    cmp eax, -4096
  ...[0x76, 0xba], //             jbe next
  ...[0xf7, 0xd8], //             neg eax
  ...[0xeb, 0x02], //             jmp exit
  ...[0x31, 0xc0], //       done: xor eax, eax
  ...[0x89, 0xc3], //       exit: mov ebx, eax
  ...[0x31, 0xc0, 0x40], //       xor eax, eax; inc eax
  ...[0xcd, 0x80], //             int 0x80
  ...[0xb8, ...u32(29)], // pause: mov eax, __NR_pause
  ...[0xcd, 0x80], //             int 0x80
  ...[0xeb, 0xf7], //             jmp pause
];

/** `struct sock_fprog` of one instruction, which allows everything: what `PR_SET_SECCOMP` takes. */
export const FILTER_ADDRESS = LOAD_ADDRESS + HEADER_BYTES + code.length;
const filter = [...[1, 0, 0, 0], ...u32(FILTER_ADDRESS + 8), ...[6, 0, 0, 0], ...u32(0x7fff0000)];

export const SYSCALL_PROGRAM = staticProgram([...code, ...filter]);
