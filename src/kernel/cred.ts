/** Credentials (`include/linux/cred.h`). `/proc` shows the objective ones: `real_cred`. */
import type { Program } from "./program";

export function taskCred(prog: Program, task: number): number {
  return prog.pointer(task, prog.fields.task_struct.real_cred);
}

/** Real uid in the initial user namespace: the kernel's `kuid_t`. */
export function taskUid(prog: Program, task: number): number {
  return prog.u32(taskCred(prog, task), prog.fields.cred.uid);
}

/** Real gid in the initial user namespace. */
export function taskGid(prog: Program, task: number): number {
  return prog.u32(taskCred(prog, task), prog.fields.cred.gid);
}

/** Address of the user namespace the task's capabilities count in. */
export function taskUserNamespace(prog: Program, task: number): number {
  return prog.pointer(taskCred(prog, task), prog.fields.cred.user_ns);
}
