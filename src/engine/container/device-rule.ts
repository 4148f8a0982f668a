/** Which devices a container may use: rules as cgroups of version 1 had them, and the program that version 2 takes instead. */
import { badParameter } from "../api/error";

/** The most rules of one container. */
export const MAX_DEVICE_RULES = 256;

export interface DeviceRule {
  /** All, character or block devices. */
  type: "a" | "c" | "b";
  /** Undefined for all. */
  major?: number;
  minor?: number;
  /** Some of read, write, mknod: `rwm`. */
  access: string;
}

const character = (major: number, minor: number | undefined, access = "rwm"): DeviceRule => ({
  type: "c",
  major,
  minor,
  access,
});

/** What every container may use (moby `oci/defaults.go`, runc `specconv.AllowedDevices`); a node alone opens nothing. */
export const DEFAULT_DEVICE_RULES: readonly DeviceRule[] = [
  { type: "c", access: "m" },
  { type: "b", access: "m" },
  ...[3, 5, 7, 8, 9].map((minor) => character(1, minor)),
  ...[0, 1, 2].map((minor) => character(5, minor)),
  // Terminals of any devpts.
  character(136, undefined),
];

/** `c 1:3 rwm`, `b *:* r`, as `--device-cgroup-rule` has it. @throws ApiError 400 */
export function parseDeviceRule(text: string): DeviceRule {
  const [, type, major, minor, access] = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(text) ?? [];
  if (access === undefined) throw badParameter(`invalid device cgroup rule format: '${text}'`);
  const number = (part: string) => (part === "*" ? undefined : Number(part));
  return { type: type as DeviceRule["type"], major: number(major), minor: number(minor), access };
}

/** @throws ApiError 400 for what is none of read, write, mknod */
export function checkDeviceAccess(access: string): string {
  if (!/^[rwm]{1,3}$/.test(access)) throw badParameter(`invalid device mode: ${access}`);
  return access;
}

/** Of `struct bpf_cgroup_dev_ctx` (`include/uapi/linux/bpf.h`): `BPF_DEVCG_ACC_*` and `BPF_DEVCG_DEV_*`. */
const ACCESS: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };
const TYPES = { b: 1, c: 2 };
const ALL_ACCESS = 7;

/** Registers: what is returned, the context, and what was loaded from it. */
const R0 = 0;
const CONTEXT = 1;
const TYPE = 2;
const WANTED = 3;
const MAJOR = 4;
const MINOR = 5;
const SCRATCH = 6;

/** `BPF_*` instructions (`Documentation/bpf/standardization/instruction-set.rst`): a code, its registers, an offset, a number. */
type Instruction = [code: number, to: number, from: number, offset: number, immediate: number];
const loadWord = (to: number, offset: number): Instruction => [0x61, to, CONTEXT, offset, 0];
const moveRegister = (to: number, from: number): Instruction => [0xbc, to, from, 0, 0];
const move = (to: number, value: number): Instruction => [0xb4, to, 0, 0, value];
const and = (to: number, value: number): Instruction => [0x54, to, 0, 0, value];
const shiftRight = (to: number, bits: number): Instruction => [0x74, to, 0, 0, bits];
const skipUnless = (register: number, value: number, offset: number): Instruction => [0x56, register, 0, offset, value];
const EXIT: Instruction = [0x95, 0, 0, 0, 0];

/**
 * The rules as bytes of `struct bpf_insn`, for a program of the kind `BPF_PROG_TYPE_CGROUP_DEVICE`: 1 for a use that some
 * rule allows whole, 0 for any other (`kernel/bpf/cgroup.c`).
 */
export function compileDeviceRules(rules: readonly DeviceRule[]): Uint8Array<ArrayBuffer> {
  // The kernel loads no program with a part that is never reached.
  const all = rules.some(
    ({ type, major, minor, access }) => type === "a" && (major ?? minor) === undefined && bits(access) === ALL_ACCESS,
  );
  const program = all
    ? [move(R0, 1), EXIT]
    : [
        loadWord(TYPE, 0),
        moveRegister(WANTED, TYPE),
        and(TYPE, 0xffff),
        shiftRight(WANTED, 16),
        loadWord(MAJOR, 4),
        loadWord(MINOR, 8),
        ...rules.flatMap(ruleTest),
        move(R0, 0),
        EXIT,
      ];
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, [code, to, from, offset, immediate]] of program.entries()) {
    view.setUint8(8 * index, code);
    view.setUint8(8 * index + 1, to | (from << 4));
    view.setInt16(8 * index + 2, offset, true);
    view.setInt32(8 * index + 4, immediate, true);
  }
  return bytes;
}

function bits(access: string): number {
  return [...access].reduce((all, letter) => all | ACCESS[letter], 0);
}

function ruleTest({ type, major, minor, access }: DeviceRule): Instruction[] {
  const allowed = bits(access);
  // Each test skips what is behind it up to the next rule; `left` counts that.
  const tests: ((left: number) => Instruction[])[] = [];
  if (type !== "a") tests.push((left) => [skipUnless(TYPE, TYPES[type], left)]);
  if (allowed !== ALL_ACCESS)
    tests.push((left) => [
      moveRegister(SCRATCH, WANTED),
      and(SCRATCH, ALL_ACCESS & ~allowed),
      skipUnless(SCRATCH, 0, left),
    ]);
  if (major !== undefined) tests.push((left) => [skipUnless(MAJOR, major, left)]);
  if (minor !== undefined) tests.push((left) => [skipUnless(MINOR, minor, left)]);
  return tests.reduceRight<Instruction[]>((behind, test) => [...test(behind.length), ...behind], [move(R0, 1), EXIT]);
}
