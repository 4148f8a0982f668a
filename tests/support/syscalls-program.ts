/** Programs for the guest that make system calls one after another and then wait: static ELF files without libraries. */

const LOAD_ADDRESS = 0x08048000;
const EHDR_BYTES = 52;
const PHDR_BYTES = 32;

/** A system call of i386 by its number; bytes among its arguments are handed over by their address. */
export type SystemCall = [number: number, ...args: (number | Uint8Array)[]];

/** A program that makes these calls, whatever they return, and waits for a signal. Files it opens are numbered from 3. */
export function syscallsProgram(calls: SystemCall[]): Uint8Array {
  const headers = EHDR_BYTES + PHDR_BYTES;
  const codeBytes = calls.reduce((sum, call) => sum + call.length * 5 + 2, 0) + 9;
  const data: number[] = [];
  const place = (bytes: Uint8Array) => {
    const address = LOAD_ADDRESS + headers + codeBytes + data.length;
    data.push(...bytes);
    return address;
  };
  const code: number[] = [];
  // mov of an immediate word to eax, ebx, ecx, edx, esi, edi
  const registers = [0xb8, 0xbb, 0xb9, 0xba, 0xbe, 0xbf];
  for (const call of calls) {
    call.forEach((value, index) => {
      code.push(registers[index], ...u32(typeof value === "number" ? value : place(value)));
    });
    code.push(0xcd, 0x80); // int 0x80
  }
  code.push(0xb8, ...u32(29), 0xcd, 0x80, 0xeb, 0xf7); // pause: mov eax, __NR_pause; int 0x80; jmp pause
  const size = headers + code.length + data.length;
  const ehdr = [
    ...[0x7f, 0x45, 0x4c, 0x46, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ...[...u16(2), ...u16(3), ...u32(1)], // ET_EXEC, EM_386, EV_CURRENT
    ...[...u32(LOAD_ADDRESS + headers), ...u32(EHDR_BYTES), ...u32(0), ...u32(0)], // entry, phoff, shoff, flags
    ...[...u16(EHDR_BYTES), ...u16(PHDR_BYTES), ...u16(1), ...u16(40), ...u16(0), ...u16(0)],
  ];
  const phdr = [
    ...[...u32(1), ...u32(0), ...u32(LOAD_ADDRESS), ...u32(LOAD_ADDRESS)], // PT_LOAD, offset, vaddr, paddr
    ...[...u32(size), ...u32(size), ...u32(7), ...u32(4096)], // filesz, memsz, PF_R | PF_W | PF_X, align
  ];
  return Uint8Array.from([...ehdr, ...phdr, ...code, ...data]);
}

function u32(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
}

function u16(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff];
}

// include/linux/socket.h, include/linux/net.h
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_SEQPACKET = 5;

// arch/x86/entry/syscalls/syscall_32.tbl
export const socket = (family: number, type: number, protocol = 0): SystemCall => [359, family, type, protocol];
export const socketpair = (type: number): SystemCall => [360, AF_UNIX, type, 0, new Uint8Array(8)];
export const bind = (fd: number, address: Uint8Array): SystemCall => [361, fd, address, address.length];
export const connect = (fd: number, address: Uint8Array): SystemCall => [362, fd, address, address.length];
export const listen = (fd: number): SystemCall => [363, fd, 8];
export const accept = (fd: number): SystemCall => [364, fd, 0, 0, 0];
export const open = (path: string, flags = 0): SystemCall => [5, new TextEncoder().encode(`${path}\0`), flags, 0];

/** `struct sockaddr_in`. */
export function inetAddress(address: string, port: number): Uint8Array {
  return Uint8Array.from([
    AF_INET,
    0,
    port >>> 8,
    port & 0xff,
    ...address.split(".").map(Number),
    ...u32(0),
    ...u32(0),
  ]);
}

/** `struct sockaddr_un` with a path, or with an abstract name, which begins with a zero byte. */
export function unixAddress(name: Uint8Array): Uint8Array {
  return Uint8Array.from([AF_UNIX, 0, ...name]);
}
