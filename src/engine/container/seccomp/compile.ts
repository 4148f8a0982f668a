/** A profile becomes a program of classic BPF: a binary search for the number of the call, then tests of its arguments. */
import { badParameter } from "../../api/error";
import {
  and,
  AUDIT_ARCH_I386,
  Code,
  encodeProgram,
  Field,
  jump,
  load,
  MAX_INSTRUCTIONS,
  MAX_SKIP,
  returns,
  test,
  type Instruction,
} from "./bpf";
import type { SeccompAction, SeccompArgument, SeccompCondition, SeccompProfile, SeccompRule } from "./profile";
import { SYSCALLS } from "./syscalls";

const EPERM = 1;
const ENOSYS = 38;
const ARCHITECTURE = "x86";

/** `SECCOMP_RET_*` (`include/uapi/linux/seccomp.h`). */
const RETURNS: Readonly<Record<SeccompAction, number>> = {
  SCMP_ACT_KILL_PROCESS: 0x80000000,
  SCMP_ACT_KILL: 0,
  SCMP_ACT_KILL_THREAD: 0,
  SCMP_ACT_TRAP: 0x00030000,
  SCMP_ACT_ERRNO: 0x00050000,
  SCMP_ACT_TRACE: 0x7ff00000,
  SCMP_ACT_LOG: 0x7ffc0000,
  SCMP_ACT_ALLOW: 0x7fff0000,
};

/** Default actions under which a call that the profile has never heard of goes on: it needs no ENOSYS (runc `isAllowAction`). */
const PERMISSIVE: readonly SeccompAction[] = ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"];

/** What the conditions of a profile are judged by. */
export interface SeccompSurroundings {
  /** The bounding set, without `CAP_`, lower case. */
  capabilities: readonly string[];
  /** `6.12.107-glassbox`. */
  kernel: string;
}

/** The value that a call without arguments to be looked at returns, or the rules that look at them. */
type Verdict = { value: number } | { rules: readonly { args: readonly SeccompArgument[]; value: number }[] };

/**
 * The filter as bytes of `struct sock_filter`.
 *
 * Of several rules for a call one without conditions counts before those with some, and else the first that fits, as
 * libseccomp has it. Calls that i386 has not are passed over. A call with a higher number than any that the profile names is
 * newer than the profile and gets ENOSYS, as runc does it, so that a C library falls back to an older one.
 * @throws ApiError 400 when it becomes too long
 */
export function compileFilter(profile: SeccompProfile, around: SeccompSurroundings): Uint8Array<ArrayBuffer> {
  const program = filterProgram(profile, around);
  if (program.length > MAX_INSTRUCTIONS)
    throw badParameter(
      `the seccomp profile becomes a filter of ${program.length} instructions, and the kernel takes ${MAX_INSTRUCTIONS}: leave out conditions on arguments`,
    );
  return encodeProgram(program);
}

/** The filter as instructions. */
export function filterProgram(profile: SeccompProfile, around: SeccompSurroundings): Instruction[] {
  const otherwise = returnValue(profile.defaultAction, profile.defaultErrnoRet);
  const verdicts = verdictsOf(profile, around, otherwise);
  const search = binarySearch(segments(verdicts, otherwise, newest(profile), unknown(profile, otherwise)), otherwise);
  return [
    load(Field.ARCH),
    // There is no other architecture on this machine; should there be one, its numbers mean something else.
    test(Code.JUMP_EQUAL, AUDIT_ARCH_I386, { jt: 1, jf: 0 }),
    returns(RETURNS.SCMP_ACT_KILL_PROCESS),
    load(Field.NR),
    ...search,
  ];
}

function returnValue(action: SeccompAction, errno: number | null | undefined): number {
  const value = RETURNS[action];
  return action === "SCMP_ACT_ERRNO" || action === "SCMP_ACT_TRACE" ? value + (errno ?? EPERM) : value;
}

/** What calls get that are newer than the profile. */
function unknown({ defaultAction }: SeccompProfile, otherwise: number): number {
  return PERMISSIVE.includes(defaultAction) ? otherwise : RETURNS.SCMP_ACT_ERRNO + ENOSYS;
}

/** The highest number that the profile names, whether its rule applies or not. */
function newest({ syscalls }: SeccompProfile): number {
  return Math.max(-1, ...syscalls.flatMap(({ names }) => names.map((name) => SYSCALLS.get(name) ?? -1)));
}

function verdictsOf(
  { syscalls }: SeccompProfile,
  around: SeccompSurroundings,
  otherwise: number,
): Map<number, Verdict> {
  const verdicts = new Map<number, Verdict>();
  for (const rule of syscalls) {
    if (!applies(rule, around)) continue;
    const value = returnValue(rule.action, rule.errnoRet);
    const alternatives = argumentsOf(rule);
    for (const name of rule.names) {
      const number = SYSCALLS.get(name);
      const former = number === undefined ? undefined : verdicts.get(number);
      // What does the default anyway says nothing (runc passes over it, so it hides no other rule).
      if (number === undefined || value === otherwise || (former && "value" in former)) continue;
      if (alternatives.length === 0) verdicts.set(number, { value });
      else
        verdicts.set(number, { rules: [...(former?.rules ?? []), ...alternatives.map((args) => ({ args, value }))] });
    }
  }
  return verdicts;
}

function argumentsOf({ args }: SeccompRule): (readonly SeccompArgument[])[] {
  if (!args?.length) return [];
  const indexes = new Set(args.map(({ index }) => index));
  return indexes.size === args.length ? [args] : args.map((arg) => [arg]);
}

function applies({ includes, excludes }: SeccompRule, around: SeccompSurroundings): boolean {
  const has = (capability: string) => around.capabilities.includes(capability.toLowerCase().replace(/^cap_/, ""));
  const excluded =
    excludes &&
    (excludes.arches?.includes(ARCHITECTURE) ||
      excludes.caps?.some(has) ||
      kernelFits(excludes, around.kernel) === true);
  if (excluded) return false;
  if (!includes) return true;
  return (
    (!includes.arches?.length || includes.arches.includes(ARCHITECTURE)) &&
    (includes.caps ?? []).every(has) &&
    kernelFits(includes, around.kernel) !== false
  );
}

/** Whether this kernel is at least the one asked for; undefined when none is. */
function kernelFits({ minKernel }: SeccompCondition, kernel: string): boolean | undefined {
  if (!minKernel) return undefined;
  const numbers = (text: string) => (/^[\d.]+/.exec(text)?.[0] ?? "").split(".").map(Number);
  const [wanted, present] = [numbers(minKernel), numbers(kernel)];
  // As moby compares them: version and patch level.
  const differs = [0, 1].find((index) => (wanted[index] ?? 0) !== (present[index] ?? 0));
  return differs === undefined || (present[differs] ?? 0) > (wanted[differs] ?? 0);
}

/** Numbers of calls from `first` to the next segment's, which all have one verdict. */
interface Segment {
  first: number;
  verdict: Verdict;
}

function segments(
  verdicts: ReadonlyMap<number, Verdict>,
  otherwise: number,
  newest: number,
  unknown: number,
): Segment[] {
  const found: Segment[] = [];
  for (let number = 0; number <= newest + 1; number++) {
    const verdict = number > newest ? { value: unknown } : (verdicts.get(number) ?? { value: otherwise });
    const last = found.at(-1)?.verdict;
    if (last && "value" in last && "value" in verdict && last.value === verdict.value) continue;
    found.push({ first: number, verdict });
  }
  return found;
}

/** The accumulator holds the number. Every way ends in a return. */
function binarySearch(segments: readonly Segment[], otherwise: number): Instruction[] {
  if (segments.length === 1) return leaf(segments[0].verdict, otherwise);
  const middle = Math.ceil(segments.length / 2);
  const below = binarySearch(segments.slice(0, middle), otherwise);
  const above = binarySearch(segments.slice(middle), otherwise);
  const { first } = segments[middle];
  const far = below.length > MAX_SKIP;
  return [
    test(Code.JUMP_GREATER_EQUAL, first, far ? { jt: 0, jf: 1 } : { jt: below.length, jf: 0 }),
    ...(far ? [jump(below.length)] : []),
    ...below,
    ...above,
  ];
}

function leaf(verdict: Verdict, otherwise: number): Instruction[] {
  if ("value" in verdict) return [returns(verdict.value)];
  return [...verdict.rules.flatMap(({ args, value }) => ruleTest(args, value)), returns(otherwise)];
}

/** Returns `value` when all conditions hold; else goes on behind itself. */
function ruleTest(args: readonly SeccompArgument[], value: number): Instruction[] {
  return args.reduceRight<Instruction[]>(
    (rest, arg) => [...conditionTest(arg, rest.length), ...rest],
    [returns(value)],
  );
}

/** Goes on when the condition holds, else skips `behind` more. i386's arguments are 32 bits wide. */
function conditionTest({ index, op, value, valueTwo = 0 }: SeccompArgument, behind: number): Instruction[] {
  const k = value >>> 0;
  const ifSo = { jt: 0, jf: behind };
  const unless = { jt: behind, jf: 0 };
  const argument = load(Field.argument(index));
  switch (op) {
    case "SCMP_CMP_EQ":
      return [argument, test(Code.JUMP_EQUAL, k, ifSo)];
    case "SCMP_CMP_NE":
      return [argument, test(Code.JUMP_EQUAL, k, unless)];
    case "SCMP_CMP_GT":
      return [argument, test(Code.JUMP_GREATER, k, ifSo)];
    case "SCMP_CMP_LE":
      return [argument, test(Code.JUMP_GREATER, k, unless)];
    case "SCMP_CMP_GE":
      return [argument, test(Code.JUMP_GREATER_EQUAL, k, ifSo)];
    case "SCMP_CMP_LT":
      return [argument, test(Code.JUMP_GREATER_EQUAL, k, unless)];
    case "SCMP_CMP_MASKED_EQ":
      return [argument, and(k), test(Code.JUMP_EQUAL, valueTwo >>> 0, ifSo)];
  }
}
