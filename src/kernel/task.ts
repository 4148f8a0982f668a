/** Tasks (`include/linux/sched.h`). Every function takes the address of a `task_struct`. */
import type { Task, TaskState } from "../protocol/task";
import { MAX_TASKS } from "./bounds";
import { cssSetFreezing, taskCssSet } from "./cgroup";
import { listForEachEntry, listForEachEntryReverse } from "./list";
import { MemoryFault } from "./memory";
import { mmExePath } from "./mm";
import type { Program } from "./program";
import { signalGroupExitCode } from "./signal";

/** `PF_KTHREAD` of `task_struct.flags`. */
const PF_KTHREAD = 0x00200000;
/** Bit of `task_struct.atomic_flags`. */
const PFA_NO_NEW_PRIVS = 0;

/** Group leaders in the order of the kernel's task list, without the idle task. */
export function processes(prog: Program): Generator<number, void, undefined> {
  const { tasks } = prog.fields.task_struct;
  return listForEachEntry(prog, prog.member(prog.symbol("init_task"), tasks), tasks, "task", MAX_TASKS);
}

/** The same from the end of the list. */
export function processesReverse(prog: Program): Generator<number, void, undefined> {
  const { tasks } = prog.fields.task_struct;
  return listForEachEntryReverse(prog, prog.member(prog.symbol("init_task"), tasks), tasks, "task", MAX_TASKS);
}

/** All threads of a process, the group leader first. */
export function threads(prog: Program, leader: number): Generator<number, void, undefined> {
  const { signal, thread_node } = prog.fields.task_struct;
  const head = prog.member(prog.pointer(leader, signal), prog.fields.signal_struct.thread_head);
  return listForEachEntry(prog, head, thread_node, "thread", MAX_TASKS);
}

/** Every task: each process, and after it its other threads. Ends quietly where the kernel's list breaks. */
export function* allTasks(prog: Program): Generator<number, void, undefined> {
  for (const leader of upToFault(processes(prog))) {
    yield leader;
    for (const thread of upToFault(threads(prog, leader))) if (thread !== leader) yield thread;
  }
}

/** A walk that ends quietly where memory cannot be read. */
export function* upToFault(walk: Iterable<number>): Generator<number, void, undefined> {
  try {
    yield* walk;
  } catch (error) {
    if (!(error instanceof MemoryFault)) throw error;
  }
}

/** True when the process has no thread but `leader`: a shortcut that spares the walk. */
export function singleThreaded(prog: Program, leader: number): boolean {
  const { signal, thread_node } = prog.fields.task_struct;
  const head = prog.member(prog.pointer(leader, signal), prog.fields.signal_struct.thread_head);
  return prog.pointer(prog.member(leader, thread_node), prog.fields.list_head.next) === head;
}

export function taskPid(prog: Program, task: number): number {
  return prog.u32(task, prog.fields.task_struct.pid) | 0;
}

export function taskTgid(prog: Program, task: number): number {
  return prog.u32(task, prog.fields.task_struct.tgid) | 0;
}

/** Host pid of the parent process; `fs/proc/array.c` prints the same. */
export function taskParentPid(prog: Program, task: number): number {
  const { real_parent, tgid } = prog.fields.task_struct;
  return prog.u32(prog.pointer(task, real_parent), tgid) | 0;
}

export function taskComm(prog: Program, task: number): string {
  return prog.string(task, prog.fields.task_struct.comm);
}

/** Programs executed since the task was forked: a child begins with its parent's count (`copy_process`). */
export function taskExecs(prog: Program, task: number): number {
  const { self_exec_id, parent_exec_id } = prog.fields.task_struct;
  return (prog.u32(task, self_exec_id) - prog.u32(task, parent_exec_id)) >>> 0;
}

/** Nanoseconds since boot. */
export function taskStartTime(prog: Program, task: number): number {
  return prog.u64(task, prog.fields.task_struct.start_boottime);
}

export function isKernelThread(prog: Program, task: number): boolean {
  return (prog.u32(task, prog.fields.task_struct.flags) & PF_KTHREAD) !== 0;
}

/** Address of the task's `mm_struct`; 0 for kernel threads, also while one borrows a process's memory, and zombies. */
export function taskMm(prog: Program, task: number): number {
  return isKernelThread(prog, task) ? 0 : prog.pointer(task, prog.fields.task_struct.mm);
}

/** Address of what it shares with the other threads of its process. */
export function taskSignal(prog: Program, task: number): number {
  return prog.pointer(task, prog.fields.task_struct.signal);
}

/** Address of its `fs_struct`; 0 once it has ended. */
export function taskFs(prog: Program, task: number): number {
  return prog.pointer(task, prog.fields.task_struct.fs);
}

/** Address of the `struct path` of its root directory; 0 once it has ended. */
export function taskRootPath(prog: Program, task: number): number {
  const fs = taskFs(prog, task);
  return fs === 0 ? 0 : prog.member(fs, prog.fields.fs_struct.root);
}

/** The same of its working directory. */
export function taskCwdPath(prog: Program, task: number): number {
  const fs = taskFs(prog, task);
  return fs === 0 ? 0 : prog.member(fs, prog.fields.fs_struct.pwd);
}

/** The same of its program's file; 0 also for kernel threads. */
export function taskExePath(prog: Program, task: number): number {
  const mm = taskMm(prog, task);
  return mm === 0 ? 0 : mmExePath(prog, mm);
}

/** It has come to rest for the freezer, or is stopped, which the freezer counts as rest: `cgroup_enter_frozen()`. */
export function taskAtRest(prog: Program, task: number): boolean {
  return prog.bits(task, prog.fields.task_struct.frozen) !== 0;
}

/** At rest, in a cgroup that is to be frozen. */
export function taskFrozen(prog: Program, task: number): boolean {
  return taskAtRest(prog, task) && cssSetFreezing(prog, taskCssSet(prog, task));
}

export function taskNoNewPrivs(prog: Program, task: number): boolean {
  return ((prog.u32(task, prog.fields.task_struct.atomic_flags) >>> PFA_NO_NEW_PRIVS) & 1) !== 0;
}

export function taskSeccompMode(prog: Program, task: number): number {
  return prog.u32(task, prog.fields.task_struct["seccomp.mode"]) | 0;
}

/** Nanoseconds on the CPU, up to the last time the scheduler counted. */
export function taskCpuTime(prog: Program, task: number): number {
  return prog.u64(task, prog.fields.task_struct["se.sum_exec_runtime"]);
}

/** Wait status as the task itself keeps it; stays readable after the rest was given up. */
export function taskExitCode(prog: Program, task: number): number {
  return prog.u32(task, prog.fields.task_struct.exit_code) | 0;
}

/** True from the moment it has ended. */
export function hasEnded(prog: Program, task: number): boolean {
  return prog.u32(task, prog.fields.task_struct.exit_state) !== 0;
}

/** Wait status of a task that has ended, undefined before: `wait_task_zombie()` of `kernel/exit.c`. */
export function taskExitStatus(prog: Program, task: number): number | undefined {
  if (!hasEnded(prog, task)) return undefined;
  const own = taskExitCode(prog, task);
  if (taskPid(prog, task) !== taskTgid(prog, task)) return own;
  return signalGroupExitCode(prog, taskSignal(prog, task)) ?? own;
}

/** What is in the `task_struct` itself; what it leads to is left empty. */
export function readTask(prog: Program, task: number): Task {
  return {
    address: task,
    pid: taskPid(prog, task),
    tgid: taskTgid(prog, task),
    pids: NONE,
    ppid: 0,
    pgid: 0,
    sid: 0,
    tty: undefined,
    foreground: false,
    comm: taskComm(prog, task),
    argv: NONE,
    argvTruncated: false,
    execs: taskExecs(prog, task),
    environmentBytes: 0,
    exe: undefined,
    state: taskState(prog, task),
    frozen: taskAtRest(prog, task),
    exitStatus: undefined,
    uid: 0,
    gid: 0,
    credentials: NO_CREDENTIALS,
    noNewPrivs: taskNoNewPrivs(prog, task),
    seccomp: taskSeccompMode(prog, task),
    oomScoreAdj: 0,
    childSubreaper: false,
    root: undefined,
    cwd: undefined,
    startTimeNs: taskStartTime(prog, task),
    cpuTimeNs: taskCpuTime(prog, task),
    rssBytes: 0,
    kernelThread: isKernelThread(prog, task),
    namespaces: NO_NAMESPACES,
    forChildren: undefined,
    cgroup: "",
  };
}

const NONE: never[] = [];
const NO_NAMESPACES: Task["namespaces"] = { mnt: 0, pid: 0, net: 0, uts: 0, ipc: 0, user: 0, cgroup: 0, time: 0 };
export const NO_CREDENTIALS: Task["credentials"] = {
  address: 0,
  uids: [0, 0, 0, 0],
  gids: [0, 0, 0, 0],
  insideUid: 0,
  insideGid: 0,
  inheritable: "",
  permitted: "",
  effective: "",
  bounding: "",
  ambient: "",
};

// include/linux/sched.h, "Used in tsk->__state" and below.
const TASK_UNINTERRUPTIBLE = 0x2;
const TASK_NOLOAD = 0x400;
const TASK_IDLE = TASK_UNINTERRUPTIBLE | TASK_NOLOAD;
const TASK_RTLOCK_WAIT = 0x1000;
const TASK_FROZEN = 0x8000;
/** The states `/proc` tells apart: all bits up to `TASK_PARKED`. */
const TASK_REPORT = 0x7f;
const TASK_REPORT_IDLE = TASK_REPORT + 1;

/** `task_state_array` of `fs/proc/array.c`, by the position of the highest bit. */
const STATE_LETTERS: readonly TaskState[] = ["R", "S", "D", "T", "t", "X", "Z", "P", "I"];

/** State letter as `/proc/PID/stat` prints it: `__task_state_index()`. */
export function taskState(prog: Program, task: number): TaskState {
  const state = prog.u32(task, prog.fields.task_struct.__state);
  const exitState = prog.u32(task, prog.fields.task_struct.exit_state);
  return stateLetter(state, exitState);
}

/** The letter for a value of `__state` and one of `exit_state`. */
export function stateLetter(state: number, exitState: number): TaskState {
  let reported = (state | exitState) & TASK_REPORT;
  if ((state & TASK_IDLE) === TASK_IDLE) reported = TASK_REPORT_IDLE;
  // The kernel shows frozen tasks as uninterruptible.
  if (state & (TASK_RTLOCK_WAIT | TASK_FROZEN)) reported = TASK_UNINTERRUPTIBLE;
  return STATE_LETTERS[32 - Math.clz32(reported)];
}
