/** The cheap look at what lives for a moment only. */
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import { Keep } from "./keep";
import { Namespaces } from "./namespaces";
import type { Program } from "./program";
import { Reading } from "./reading";
import { processesReverse, taskStartTime } from "./task";
import { readSomeTasks } from "./tasks";

/**
 * The last picture with those tasks read again that `ran` since (addresses), and with processes that are new. A task must
 * run to execute a program, to enter a namespace or to end, and new processes are at the end of the kernel's list, so no
 * list is walked. Every other section is that of the last whole picture.
 */
export function glance(
  prog: Program,
  now: () => number,
  last: KernelView,
  ran: ReadonlySet<number>,
  keep: Keep = new Keep(),
): KernelView {
  const reading = new Reading(prog, now, keep);
  const namespaces = new Namespaces(reading);
  const again = new Map<number, Task | undefined>();
  for (const task of last.tasks) {
    if (!ran.has(task.address)) continue;
    const same = reading.read(taskStartTime, task.address, "task_struct", 0) === task.startTimeNs;
    again.set(task.address, same ? readSomeTasks(reading, namespaces, [task.address])[0] : undefined);
  }
  const kept = again.size === 0 ? last.tasks : withNews(last.tasks, again);
  const newcomers = readSomeTasks(reading, namespaces, newProcesses(reading, last));
  const tasks = newcomers.length > 0 ? [...kept, ...newcomers] : kept;
  const fresh = namespaces
    .all()
    .filter(({ address, inum }) => !last.namespaces.some((one) => one.address === address && one.inum === inum));
  return {
    ...last,
    bootTimeNs: newcomers.reduce((latest, task) => Math.max(latest, task.startTimeNs), last.bootTimeNs),
    totalForks: reading.read((prog) => prog.variable("total_forks"), 0, "total_forks", 0),
    tasks,
    namespaces: fresh.length > 0 ? [...last.namespaces, ...fresh] : last.namespaces,
    glimpsed: [],
  };
}

function withNews(tasks: readonly Task[], again: ReadonlyMap<number, Task | undefined>): Task[] {
  const news: Task[] = [];
  for (const task of tasks) {
    const read = again.has(task.address) ? again.get(task.address) : task;
    if (read) news.push(read);
  }
  return news;
}

/** Addresses of processes that are younger than every known task, the oldest first. */
function newProcesses(reading: Reading, last: KernelView): number[] {
  const newest = last.tasks.reduce((latest, { startTimeNs }) => Math.max(latest, startTimeNs), 0);
  const found: number[] = [];
  reading.walk(processesReverse(reading.prog), "init_task.tasks", (task) => {
    if (reading.read(taskStartTime, task, "task_struct", 0) <= newest) return false;
    found.push(task);
  });
  return found.reverse();
}
