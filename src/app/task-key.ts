import type { Task } from "../protocol/task";

/** Identity of a task for as long as the page remembers it: the kernel gives the address of a dead task to a new one. */
export const taskKey = (task: Task) => `${task.address}:${task.startTimeNs}`;
