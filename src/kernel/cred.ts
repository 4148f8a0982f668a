/** Credentials (`include/linux/cred.h`). `/proc` shows the objective ones: `real_cred`. */
import type { Credentials } from "../protocol/task";
import { insideId } from "./idmap";
import type { Program } from "./program";

export type CapabilitySet = "inheritable" | "permitted" | "effective" | "bounding" | "ambient";

const CAPABILITY_FIELD = {
  inheritable: "cap_inheritable",
  permitted: "cap_permitted",
  effective: "cap_effective",
  bounding: "cap_bset",
  ambient: "cap_ambient",
} as const satisfies Record<CapabilitySet, string>;

export function taskCred(prog: Program, task: number): number {
  return prog.pointer(task, prog.fields.task_struct.real_cred);
}

/** Real uid in the initial user namespace: the kernel's `kuid_t`. */
export function credUid(prog: Program, cred: number): number {
  return prog.u32(cred, prog.fields.cred.uid);
}

/** Real gid in the initial user namespace. */
export function credGid(prog: Program, cred: number): number {
  return prog.u32(cred, prog.fields.cred.gid);
}

/** Uids in the initial user namespace, in the order of `/proc/PID/status`. */
export function credUids(prog: Program, cred: number): Credentials["uids"] {
  const { uid, euid, suid, fsuid } = prog.fields.cred;
  return four(prog.u32(cred, uid), prog.u32(cred, euid), prog.u32(cred, suid), prog.u32(cred, fsuid));
}

export function credGids(prog: Program, cred: number): Credentials["gids"] {
  const { gid, egid, sgid, fsgid } = prog.fields.cred;
  return four(prog.u32(cred, gid), prog.u32(cred, egid), prog.u32(cred, sgid), prog.u32(cred, fsgid));
}

/** Root's ids are nearly all there are, so these are one array: a large picture is made of what the collector must carry. */
const ROOT: Credentials["uids"] = [0, 0, 0, 0];

function four(real: number, effective: number, saved: number, filesystem: number): Credentials["uids"] {
  return (real | effective | saved | filesystem) === 0 ? ROOT : [real, effective, saved, filesystem];
}

/** Address of the user namespace that the capabilities count in. */
export function credUserNamespace(prog: Program, cred: number): number {
  return prog.pointer(cred, prog.fields.cred.user_ns);
}

/** The real uid as the task's own user namespace numbers it; 65534 when it has no number for it. */
export function credInsideUid(prog: Program, cred: number): number {
  return insideId(prog, credUserNamespace(prog, cred), "uid", credUid(prog, cred));
}

export function credInsideGid(prog: Program, cred: number): number {
  return insideId(prog, credUserNamespace(prog, cred), "gid", credGid(prog, cred));
}

/** A capability set as `/proc/PID/status` prints it: 16 hexadecimal digits. */
export function credCapabilities(prog: Program, cred: number, set: CapabilitySet): string {
  const words = prog.member(cred, prog.fields.cred[CAPABILITY_FIELD[set]]);
  const low = prog.word(words, 0);
  const high = prog.word(words, 1);
  // Nearly every set is one of these two: nothing, or the 41 capabilities of this kernel.
  if (low === 0 && high === 0) return "0000000000000000";
  if (low === 0xffffffff && high === 0x1ff) return "000001ffffffffff";
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}

export interface Identity {
  credentials: Credentials;
  /** Address of the user namespace. */
  userNamespace: number;
}

export function readIdentity(prog: Program, cred: number): Identity {
  const credentials = readCredentials(prog, cred);
  const userNamespace = credUserNamespace(prog, cred);
  credentials.insideUid = insideId(prog, userNamespace, "uid", credentials.uids[0]);
  credentials.insideGid = insideId(prog, userNamespace, "gid", credentials.gids[0]);
  return { credentials, userNamespace };
}

/** Everything but the ids inside, for which the user namespace must be read. */
export function readCredentials(prog: Program, cred: number): Credentials {
  return {
    address: cred,
    uids: credUids(prog, cred),
    gids: credGids(prog, cred),
    insideUid: 0,
    insideGid: 0,
    inheritable: credCapabilities(prog, cred, "inheritable"),
    permitted: credCapabilities(prog, cred, "permitted"),
    effective: credCapabilities(prog, cred, "effective"),
    bounding: credCapabilities(prog, cred, "bounding"),
    ambient: credCapabilities(prog, cred, "ambient"),
  };
}

/** Address of the user namespace of the task's credentials. */
export function taskUserNamespace(prog: Program, task: number): number {
  return credUserNamespace(prog, taskCred(prog, task));
}
