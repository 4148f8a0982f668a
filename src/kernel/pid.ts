/** Pids at every level of nested pid namespaces (`include/linux/pid.h`). */
import type { LevelPid } from "../protocol/task";
import { MAX_NAMESPACE_LEVEL } from "./bounds";
import { MemoryFault } from "./memory";
import type { Program } from "./program";

/** Address of the task's `struct pid`; 0 in the instant between unhashing a dead task and unlinking it. */
export function taskThreadPid(prog: Program, task: number): number {
  return prog.pointer(task, prog.fields.task_struct.thread_pid);
}

/** Depth of the pid namespace a `struct pid` was made in. */
export function pidLevel(prog: Program, pid: number): number {
  const level = prog.u32(pid, prog.fields.pid.level);
  if (level > MAX_NAMESPACE_LEVEL) {
    throw new MemoryFault(pid, `pid.level is ${level}; the kernel allows ${MAX_NAMESPACE_LEVEL}`);
  }
  return level;
}

/** The number at one level. */
export function pidNumber(prog: Program, pid: number, level: number): number {
  return prog.u32(prog.element(pid, prog.fields.pid.numbers, "upid", level), prog.fields.upid.nr) | 0;
}

/** The number in the initial pid namespace; 0 when there is none. */
export function hostPid(prog: Program, pid: number): number {
  return pid === 0 ? 0 : pidNumber(prog, pid, 0);
}

/** Address of the pid namespace at one level. */
export function pidNamespace(prog: Program, pid: number, level: number): number {
  return prog.pointer(prog.element(pid, prog.fields.pid.numbers, "upid", level), prog.fields.upid.ns);
}

/** Address of the pid namespace a `struct pid` was made in: `ns_of_pid()`. */
export function ownPidNamespace(prog: Program, pid: number): number {
  return pidNamespace(prog, pid, pidLevel(prog, pid));
}

/** Address of the pid namespace the task lives in: `task_active_pid_ns()`. */
export function activePidNamespace(prog: Program, task: number): number {
  return ownPidNamespace(prog, taskThreadPid(prog, task));
}

/** The numbers of a `struct pid` from the initial namespace to its own. */
export function levelPids(prog: Program, pid: number): LevelPid[] {
  const inum = prog.fields.pid_namespace["ns.inum"];
  // Of its very size: an array that grows takes room for sixteen more.
  const pids = new Array<LevelPid>(pidLevel(prog, pid) + 1);
  for (let level = 0; level < pids.length; level++) {
    const namespace = prog.u32(pidNamespace(prog, pid, level), inum);
    pids[level] = { namespace, level, pid: pidNumber(prog, pid, level) };
  }
  return pids;
}

export function taskPids(prog: Program, task: number): LevelPid[] {
  return levelPids(prog, taskThreadPid(prog, task));
}
