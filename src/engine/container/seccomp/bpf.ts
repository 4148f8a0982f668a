/** Classic BPF as seccomp(2) takes it: `struct sock_filter` (`include/uapi/linux/filter.h`, `bpf_common.h`). */

export interface Instruction {
  code: number;
  /** Instructions to skip when the test is true, and when it is false. */
  jt: number;
  jf: number;
  k: number;
}

/** Bytes of one instruction. */
export const INSTRUCTION_BYTES = 8;
/** `BPF_MAXINSNS`; boxd takes one less. */
export const MAX_INSTRUCTIONS = 4095;
/** The longest way that a conditional jump goes: its field is a byte. */
export const MAX_SKIP = 255;

export const Code = {
  /** A word of `struct seccomp_data` becomes the accumulator. */
  LOAD: 0x20,
  AND: 0x54,
  JUMP: 0x05,
  JUMP_EQUAL: 0x15,
  JUMP_GREATER: 0x25,
  JUMP_GREATER_EQUAL: 0x35,
  RETURN: 0x06,
} as const;

/** Offsets in `struct seccomp_data` (`include/uapi/linux/seccomp.h`); of an argument, of its lower half. */
export const Field = {
  NR: 0,
  ARCH: 4,
  argument: (index: number) => 16 + 8 * index,
} as const;

/** `AUDIT_ARCH_I386` (`include/uapi/linux/audit.h`). */
export const AUDIT_ARCH_I386 = 0x40000003;

export const load = (offset: number): Instruction => ({ code: Code.LOAD, jt: 0, jf: 0, k: offset });
export const and = (mask: number): Instruction => ({ code: Code.AND, jt: 0, jf: 0, k: mask });
export const jump = (skip: number): Instruction => ({ code: Code.JUMP, jt: 0, jf: 0, k: skip });
export const returns = (value: number): Instruction => ({ code: Code.RETURN, jt: 0, jf: 0, k: value });
export const test = (
  code: typeof Code.JUMP_EQUAL | typeof Code.JUMP_GREATER | typeof Code.JUMP_GREATER_EQUAL,
  k: number,
  skip: { jt: number; jf: number },
): Instruction => ({ code, ...skip, k });

/** The bytes of a program, little-endian. @throws RangeError when it is too long for the kernel */
export function encodeProgram(program: readonly Instruction[]): Uint8Array<ArrayBuffer> {
  if (program.length > MAX_INSTRUCTIONS)
    throw new RangeError(`A filter has at most ${MAX_INSTRUCTIONS} instructions, not ${program.length}.`);
  const bytes = new Uint8Array(program.length * INSTRUCTION_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [index, { code, jt, jf, k }] of program.entries()) {
    const at = index * INSTRUCTION_BYTES;
    view.setUint16(at, code, true);
    view.setUint8(at + 2, jt);
    view.setUint8(at + 3, jf);
    view.setUint32(at + 4, k, true);
  }
  return bytes;
}
