/**
 * A profile of system calls as Docker takes it with `--security-opt seccomp=`: the JSON of moby's `profiles/seccomp`, which is
 * the OCI runtime specification's `linux.seccomp` with conditions on capabilities, architecture and kernel.
 */
import * as v from "valibot";
import { badParameter } from "../../api/error";

/** The longest profile text that is read; Docker's own has 17 KB. */
export const MAX_PROFILE_BYTES = 256 << 10;
/** The most rules, and the most names in each. */
export const MAX_RULES = 2048;
export const MAX_NAMES = 1024;
/** `MAX_ERRNO` of the kernel's `include/linux/err.h`: seccomp cuts what is above. */
export const MAX_ERRNO = 4095;

const ACTIONS = [
  "SCMP_ACT_KILL",
  "SCMP_ACT_KILL_THREAD",
  "SCMP_ACT_KILL_PROCESS",
  "SCMP_ACT_TRAP",
  "SCMP_ACT_ERRNO",
  "SCMP_ACT_TRACE",
  "SCMP_ACT_LOG",
  "SCMP_ACT_ALLOW",
] as const;

const OPERATORS = [
  "SCMP_CMP_NE",
  "SCMP_CMP_LT",
  "SCMP_CMP_LE",
  "SCMP_CMP_EQ",
  "SCMP_CMP_GE",
  "SCMP_CMP_GT",
  "SCMP_CMP_MASKED_EQ",
] as const;

export type SeccompAction = (typeof ACTIONS)[number];
export type SeccompOperator = (typeof OPERATORS)[number];

/** A condition on one argument. Of `SCMP_CMP_MASKED_EQ`, `value` is the mask and `valueTwo` what must be left. */
export interface SeccompArgument {
  /** 0 to 5. */
  index: number;
  value: number;
  valueTwo?: number;
  op: SeccompOperator;
}

/** What a rule is there for, or not there for. */
export interface SeccompCondition {
  /** With `CAP_`: all of them are in the bounding set (`includes`), one of them is (`excludes`). */
  caps?: readonly string[] | null;
  /** `x86` is this machine's. */
  arches?: readonly string[] | null;
  /** `4.8`. */
  minKernel?: string | null;
}

/** All of its `args` are so; two conditions on one argument are alternatives, as runc has it. */
export interface SeccompRule {
  names: readonly string[];
  action: SeccompAction;
  errnoRet?: number | null;
  args?: readonly SeccompArgument[] | null;
  includes?: SeccompCondition | null;
  excludes?: SeccompCondition | null;
}

export interface SeccompProfile {
  defaultAction: SeccompAction;
  /** EPERM when left out. */
  defaultErrnoRet?: number | null;
  syscalls: readonly SeccompRule[];
}

const action = v.picklist(ACTIONS, (issue) => unknownAction(issue.input));
const errno = v.nullish(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_ERRNO)));
// What JSON.parse rounds would compare with another value than was written.
const word = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(0),
  v.maxValue(Number.MAX_SAFE_INTEGER, "an argument has 32 bits on this machine"),
);
const names = v.pipe(v.array(v.string()), v.maxLength(MAX_NAMES));
const condition = v.nullish(
  v.looseObject({
    caps: v.nullish(names),
    arches: v.nullish(names),
    minKernel: v.nullish(v.pipe(v.string(), v.regex(/^\d+(\.\d+){0,2}$/, "a kernel is written as 4.8"))),
  }),
);
const argument = v.looseObject({
  index: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(5, "a system call has six arguments, 0 to 5")),
  value: word,
  valueTwo: v.optional(word),
  op: v.picklist(OPERATORS),
});
const rule = v.looseObject({
  name: v.optional(v.string()),
  names: v.nullish(names),
  action,
  errnoRet: errno,
  args: v.nullish(v.pipe(v.array(argument), v.maxLength(MAX_NAMES))),
  includes: condition,
  excludes: condition,
});
const profile = v.looseObject({
  defaultAction: v.optional(action),
  defaultErrnoRet: errno,
  architectures: v.nullish(names),
  archMap: v.nullish(v.array(v.unknown())),
  syscalls: v.nullish(v.pipe(v.array(rule), v.maxLength(MAX_RULES))),
});

/**
 * The profile in a JSON text; undefined for one that says nothing, which Docker takes for none.
 * `architectures` and `archMap` are not looked at: this machine has one architecture, and a filter always concerns that.
 * @throws ApiError 400
 */
export function parseProfile(text: string): SeccompProfile | undefined {
  const refuse = (why: string) => badParameter(`Decoding seccomp profile failed: ${why}`);
  if (text.length > MAX_PROFILE_BYTES) throw refuse(`it is longer than ${MAX_PROFILE_BYTES} bytes`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : String(error));
  }
  const checked = v.safeParse(profile, json, { abortEarly: true });
  if (!checked.success) {
    const [issue] = checked.issues;
    const path = v.getDotPath(issue);
    throw refuse(path === null ? issue.message : `${path}: ${issue.message}`);
  }
  const { defaultAction, defaultErrnoRet, syscalls, architectures, archMap } = checked.output;
  if (architectures?.length && archMap?.length)
    throw badParameter(
      "both 'architectures' and 'archMap' are specified in the seccomp profile, use either 'architectures' or 'archMap'",
    );
  if (defaultAction === undefined && !syscalls?.length) return undefined;
  if (defaultAction === undefined) throw refuse("there is no defaultAction");
  return { defaultAction, defaultErrnoRet, syscalls: (syscalls ?? []).map(named) };
}

function named({ name, names: several, ...rest }: v.InferOutput<typeof rule>): SeccompRule {
  if (name !== undefined && several?.length)
    throw badParameter("both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'");
  return { ...rest, names: name === undefined ? (several ?? []) : [name] };
}

function unknownAction(given: unknown): string {
  return given === "SCMP_ACT_NOTIFY"
    ? "SCMP_ACT_NOTIFY needs a program that listens, which this engine has not"
    : `there is no action ${JSON.stringify(given)}`;
}
