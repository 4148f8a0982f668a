/** Tasks (`include/linux/sched.h`). Every function takes the address of a `task_struct`. */
import type { TaskState } from "../protocol/task";
import { MAX_TASKS } from "./bounds";
import { listForEachEntry, listForEachEntryReverse } from "./list";
import { MemoryFault } from "./memory";
import type { Program } from "./program";

/** `PF_KTHREAD` of `task_struct.flags`. */
const PF_KTHREAD = 0x00200000;

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
