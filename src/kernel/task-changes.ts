/** Tasks made, executed and ended. The kernel's own threads come and go with its work and are nobody's doing: left out. */
import type { Change, TaskName } from "../protocol/change";
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import type { Difference } from "./difference";

export const taskName = ({ address, pid, comm }: Task): TaskName => ({ address, pid, comm });

/** Forks and execs, in the order in which the tasks were made. */
export function taskChanges(before: KernelView, after: KernelView, { added, changed }: Difference<Task>): Change[] {
  const found: Change[] = [];
  for (const task of byAge(added)) if (!task.kernelThread) found.push(...birth(task, before, after));
  for (const [old, task] of changed) if (!task.kernelThread && hasExecuted(old, task)) found.push(exec(task));
  return found;
}

/** Tasks that ended: as zombies, or gone at once. */
export function exits(after: KernelView, { added, removed, changed }: Difference<Task>): Change[] {
  const found: Change[] = [];
  for (const task of byAge(added)) if (isDead(task) && !task.kernelThread) found.push(exit(task));
  for (const [old, task] of changed) if (isDead(task) && !isDead(old) && !task.kernelThread) found.push(exit(task));
  for (const old of removed) {
    // A zombie that was waited for ended before.
    if (old.kernelThread || isDead(old)) continue;
    const last = after.glimpsed.find((one) => one.address === old.address && one.startTimeNs === old.startTimeNs);
    found.push(exit(last ?? old));
  }
  return found;
}

export function isDead({ state }: Task): boolean {
  return state === "Z" || state === "X";
}

function byAge(tasks: Task[]): Task[] {
  return [...tasks].sort((one, other) => one.startTimeNs - other.startTimeNs);
}

function birth(task: Task, before: KernelView, after: KernelView): Change[] {
  const executed = task.execs > 0 && task.argv.length > 0;
  // Until it executes something, a child has its parent's name.
  const parent = executed ? (parentOf(task, before) ?? parentOf(task, after)) : undefined;
  const name = { ...taskName(task), comm: parent?.comm ?? task.comm };
  const fork: Change = { type: "fork", task: name, parent: task.ppid, thread: task.pid !== task.tgid };
  return executed ? [fork, exec(task)] : [fork];
}

function parentOf(task: Task, view: KernelView): Task | undefined {
  return view.tasks.find(({ pid }) => pid === task.ppid);
}

/** While a task executes a program it has no command line, which is when nothing can be said of it yet. */
function hasExecuted(old: Task, task: Task): boolean {
  if (task.argv.length === 0) return false;
  return task.execs !== old.execs || (old.argv.length === 0 && old.execs > 0);
}

function exec(task: Task): Change {
  return { type: "exec", task: taskName(task), argv: task.argv };
}

/** `WEXITSTATUS` and `WTERMSIG` of `wait(2)`. */
function exit(task: Task): Change {
  const { exitStatus } = task;
  if (exitStatus === undefined) return { type: "exit", task: taskName(task) };
  const signal = exitStatus & 0x7f;
  if (signal !== 0) return { type: "exit", task: taskName(task), signal };
  return { type: "exit", task: taskName(task), exitCode: (exitStatus >> 8) & 0xff };
}
