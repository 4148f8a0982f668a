import { NAMESPACE_KINDS, type Namespace, type NamespaceKind } from "../protocol/namespace";
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import { hostNamespaces, markKey, pidNamespace, type NamespaceMark } from "./namespace-mark";

/**
 * The process tree as nodes: tasks under their parents, and panes of glass around tasks that live behind the same
 * walls. A pane stands where its first task stands; a task that entered later (by setns) is drawn inside it too.
 */
export type Node = TaskNode | PaneNode;

export interface TaskNode {
  type: "task";
  key: string;
  task: Task;
  /** Threads of the process besides its first. */
  threadCount: number;
  /** Namespaces that are neither the host's nor the enclosing pane's. */
  marks: NamespaceMark[];
  /** The parent, when the task is drawn elsewhere than under it. */
  enteredFrom?: Task;
  children: Node[];
}

export interface PaneNode {
  type: "pane";
  key: string;
  /** One mark per kind, in the order of `NAMESPACE_KINDS`; `initial` where the wall is open. */
  marks: NamespaceMark[];
  /** Those that differ from the pane around, or from the host where there is none. */
  ownMarks: NamespaceMark[];
  /** True for a pane within a pane. */
  inner: boolean;
  /** Host name inside, when the uts namespace is among `ownMarks`. */
  hostname?: string;
  taskCount: number;
  children: Node[];
}

export interface Forest {
  roots: Node[];
  /** Kernel threads, shown or not. */
  kernelThreadCount: number;
  paneCount: number;
}

/** A container's walls: the namespaces that are not the host's. */
type Walls = ReadonlyMap<NamespaceKind, number>;

const NO_WALLS: Walls = new Map();

/** Tasks behind these walls are drawn behind glass: two walls in common, or a pid namespace of their own. */
const isGlass = (walls: Walls) => walls.size >= 2 || walls.has("pid");

const wallsKey = (walls: Walls) => [...walls].map(([kind, inum]) => `${kind}:${inum}`).join(" ");

/**
 * Whether `task` lives inside `outer`. A pid namespace decides by itself, since it holds its descendants too; other
 * walls must all be the task's own.
 */
function isWithin(task: Task, walls: Walls, outer: Walls): boolean {
  const pid = outer.get("pid");
  if (pid !== undefined) return task.pids.some((level) => level.namespace === pid);
  for (const [kind, inum] of outer) if (walls.get(kind) !== inum) return false;
  return true;
}

function wallsOf(task: Task, host: ReadonlyMap<NamespaceKind, number>): Walls {
  const walls = new Map<NamespaceKind, number>();
  for (const kind of NAMESPACE_KINDS) {
    const inum = kind === "pid" ? pidNamespace(task) : task.namespaces[kind];
    if (inum !== 0 && host.has(kind) && host.get(kind) !== inum) walls.set(kind, inum);
  }
  return walls.size ? walls : NO_WALLS;
}

/** A zombie has let go of every namespace but its pid's: it stays behind the walls of its parent if it was there. */
function zombieWalls(task: Task, parent: Walls): Walls | undefined {
  const letGo = NAMESPACE_KINDS.every((kind) => kind === "pid" || task.namespaces[kind] === 0);
  return letGo && parent.get("pid") === pidNamespace(task) ? parent : undefined;
}

const byStart = (a: Task, b: Task) => a.startTimeNs - b.startTimeNs || a.pid - b.pid;

/** Parents before children, children by start. Broken parent links (missing, circular) make roots. */
function preorder(processes: Task[]): { task: Task; parent?: Task }[] {
  const byPid = new Map(processes.map((task) => [task.tgid, task]));
  const childrenOf = new Map<Task | undefined, Task[]>();
  for (const task of [...processes].sort(byStart)) {
    const parent = byPid.get(task.ppid);
    const at = parent === task ? undefined : parent;
    const siblings = childrenOf.get(at);
    if (siblings) siblings.push(task);
    else childrenOf.set(at, [task]);
  }
  const order: { task: Task; parent?: Task }[] = [];
  const seen = new Set<Task>();
  const visit = (root: Task) => {
    const stack: { task: Task; parent?: Task }[] = [{ task: root }];
    for (let next = stack.pop(); next; next = stack.pop()) {
      if (seen.has(next.task)) continue;
      seen.add(next.task);
      order.push(next);
      const children = childrenOf.get(next.task) ?? [];
      for (let i = children.length - 1; i >= 0; i--) stack.push({ task: children[i], parent: next.task });
    }
  };
  for (const root of childrenOf.get(undefined) ?? []) visit(root);
  // What no root leads to is a ring of parents.
  for (const task of processes) if (!seen.has(task)) visit(task);
  return order;
}

function paneMarks(walls: Walls, host: ReadonlyMap<NamespaceKind, number>): NamespaceMark[] {
  return NAMESPACE_KINDS.map((kind) => {
    const own = walls.get(kind);
    return { kind, inum: own ?? host.get(kind) ?? 0, initial: own === undefined };
  });
}

function hostnameOf(walls: Walls, namespaces: Namespace[]): string | undefined {
  const uts = walls.get("uts");
  return namespaces.find((namespace) => namespace.kind === "uts" && namespace.inum === uts)?.uts?.nodename;
}

/** Builds the tree of a picture. `kernelThreads` says whether the kernel's own threads are in it. */
export function growForest(view: KernelView, options: { kernelThreads: boolean }): Forest {
  const host = hostNamespaces(view.namespaces);
  const threadCounts = new Map<number, number>();
  const processes: Task[] = [];
  let kernelThreadCount = 0;
  const addresses = new Set<number>();
  for (const task of view.tasks) {
    // A damaged list may lead to the same task twice.
    if (addresses.has(task.address)) continue;
    addresses.add(task.address);
    if (task.kernelThread) kernelThreadCount++;
    if (task.kernelThread && !options.kernelThreads) continue;
    if (task.pid === task.tgid) processes.push(task);
    else threadCounts.set(task.tgid, (threadCounts.get(task.tgid) ?? 0) + 1);
  }

  const roots: Node[] = [];
  const placed = new Map<Task, { node: TaskNode; walls: Walls; parent?: Task; pane?: PaneNode }>();
  const panes = new Map<string, PaneNode>();

  for (const { task, parent } of preorder(processes)) {
    const parentWalls = (parent && placed.get(parent)?.walls) ?? NO_WALLS;
    const walls = zombieWalls(task, parentWalls) ?? wallsOf(task, host);
    const glass = isGlass(walls);

    // A parent may be behind glass that its child is not: then the child is drawn under the nearest ancestor that fits.
    let above = parent;
    const fits = (ancestor: Task) => {
      const at = placed.get(ancestor)!;
      return at.walls === walls || !at.pane || isWithin(task, walls, at.walls);
    };
    while (above && !fits(above)) above = placed.get(above)!.parent;
    const at = above && placed.get(above);

    let siblings = at?.node.children ?? roots;
    let pane = at?.pane;
    if (glass) {
      const key = wallsKey(walls);
      const known = panes.get(key);
      if (known && known !== pane) {
        siblings = known.children;
        above = undefined;
        pane = known;
      } else if (!known) {
        const marks = paneMarks(walls, host);
        const around = pane?.marks ?? paneMarks(NO_WALLS, host);
        const ownMarks = marks.filter((mark, index) => mark.inum !== around[index].inum);
        pane = {
          type: "pane",
          key,
          marks,
          ownMarks,
          inner: pane !== undefined,
          hostname: ownMarks.some((mark) => mark.kind === "uts") ? hostnameOf(walls, view.namespaces) : undefined,
          taskCount: 0,
          children: [],
        };
        panes.set(key, pane);
        siblings.push(pane);
        siblings = pane.children;
      }
      pane!.taskCount++;
    }

    const node: TaskNode = {
      type: "task",
      key: `task:${task.address}`,
      task,
      threadCount: threadCounts.get(task.tgid) ?? 0,
      marks: glass ? [] : [...walls].map(([kind, inum]) => ({ kind, inum, initial: false })),
      children: [],
    };
    if (parent && above !== parent) node.enteredFrom = parent;
    siblings.push(node);
    placed.set(task, { node, walls, parent, pane });
  }
  return { roots, kernelThreadCount, paneCount: panes.size };
}

/** Marks of a task, one per kind, in the order of `NAMESPACE_KINDS`; kinds it has let go of are left out. */
export function taskMarks(task: Task, host: ReadonlyMap<NamespaceKind, number>): NamespaceMark[] {
  return NAMESPACE_KINDS.flatMap((kind) => {
    const inum = kind === "pid" ? pidNamespace(task) : task.namespaces[kind];
    return inum === 0 ? [] : [{ kind, inum, initial: host.get(kind) === inum }];
  });
}

/** Keys of the marks a task holds, to light up holders of a tag. */
export function holds(task: Task, key: string): boolean {
  return NAMESPACE_KINDS.some((kind) => {
    const inum = kind === "pid" ? pidNamespace(task) : task.namespaces[kind];
    return inum !== 0 && markKey({ kind, inum }) === key;
  });
}
