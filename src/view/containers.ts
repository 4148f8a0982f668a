import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import { growForest, type Node, type PaneNode } from "./forest";

/** A container: the tasks behind one pane of glass, panes within it not counted. */
export interface Container {
  key: string;
  pane: PaneNode;
  /** The task that was there first, whose eyes are the container's. */
  first: Task;
  tasks: Task[];
}

function tasksIn(pane: PaneNode): Task[] {
  const tasks: Task[] = [];
  const stack: Node[] = [...pane.children].reverse();
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (node.type === "pane") continue;
    tasks.push(node.task);
    for (let index = node.children.length - 1; index >= 0; index--) stack.push(node.children[index]);
  }
  return tasks;
}

/** Every container of the picture, in the order of the tree. */
export function findContainers(view: KernelView): Container[] {
  const found: Container[] = [];
  const stack: Node[] = growForest(view, { kernelThreads: false }).roots.reverse();
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (node.type === "pane") {
      const tasks = tasksIn(node);
      // One that still has its namespaces sees more than a zombie.
      const first = tasks.find((task) => task.state !== "Z" && task.state !== "X") ?? tasks[0];
      if (first) found.push({ key: node.key, pane: node, first, tasks });
    }
    for (let index = node.children.length - 1; index >= 0; index--) stack.push(node.children[index]);
  }
  return found;
}

/** `1 · 44 sleep`: inner pids before the host's. The name is the guest's own: escape before showing. */
export function containerName({ first }: Container): string {
  const pids = first.pids.map(({ pid }) => pid).reverse();
  return `${pids.join(" · ") || first.pid} ${first.comm}`;
}
