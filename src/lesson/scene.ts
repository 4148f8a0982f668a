import type { NamespaceKind } from "../protocol/namespace";
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";

/** A kernel picture with the look-ups a matcher needs. */
export interface Scene {
  view: KernelView;
  /** Boot time at which the step began; tasks started later are the step's. */
  beganAtNs: number;
  /** Processes (thread group leaders) that are there now, and those glimpsed since the picture before. */
  processes: Task[];
  glimpsed: Task[];
  byPid: Map<number, Task>;
  /** Inode number of the host's namespace of each kind. */
  host: Partial<Record<NamespaceKind, number>>;
  nodenames: Map<number, string>;
}

/** One pass over tasks and namespaces. */
function scene(view: KernelView, beganAtNs: number): Scene {
  const processes = view.tasks.filter(isProcess);
  const glimpsed = view.glimpsed.filter(isProcess);
  const byPid = new Map<number, Task>();
  // A pid may have been used twice between two pictures, and an ending task is listed twice: the present one wins.
  for (const task of glimpsed) byPid.set(task.pid, task);
  for (const task of processes) byPid.set(task.pid, task);
  const host: Scene["host"] = {};
  const nodenames = new Map<number, string>();
  for (const namespace of view.namespaces) {
    if (namespace.initial) host[namespace.kind] = namespace.inum;
    if (namespace.uts) nodenames.set(namespace.inum, namespace.uts.nodename);
  }
  return { view, beganAtNs, processes, glimpsed, byPid, host, nodenames };
}

function isProcess(task: Task): boolean {
  return task.pid === task.tgid;
}

/** Prepares pictures that follow each other for matching. The first one is the step's beginning. */
export class Scenes {
  #beganAtNs: number | undefined;
  /** Tasks of the latest picture by address, with what was last known of them. */
  #former = new Map<number, Task>();

  next(view: KernelView): Scene {
    this.#beganAtNs ??= view.bootTimeNs;
    const glimpsed = [...view.glimpsed, ...view.tasks.filter(isEnding)].map((task) => this.#whole(task));
    this.#former = new Map(view.tasks.map((task): [number, Task] => [task.address, this.#whole(task)]));
    return scene({ ...view, glimpsed }, this.#beganAtNs);
  }

  // A task that was caught while it ended has given up its memory and then its namespaces; an earlier picture knows them.
  #whole(task: Task): Task {
    const former = this.#former.get(task.address);
    if (!isEnding(task) || former?.startTimeNs !== task.startTimeNs) return task;
    return {
      ...task,
      argv: task.argv.length === 0 && task.comm === former.comm ? former.argv : task.argv,
      namespaces: task.namespaces.mnt === 0 ? former.namespaces : task.namespaces,
    };
  }
}

// `do_exit` gives up the memory, in which argv is, before all namespaces at once (kernel/exit.c).
function isEnding(task: Task): boolean {
  return task.namespaces.mnt === 0 || (task.argv.length === 0 && !task.kernelThread);
}
