import { NAMESPACE_KINDS, type NamespaceKind } from "../protocol/namespace";
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import { taskKey } from "../app/task-key";
import { taskMarks } from "./forest";
import { hostNamespaces, type NamespaceMark } from "./namespace-mark";

/** Processes by the namespaces they are in. */
export interface Matrix {
  rows: MatrixRow[];
  /** Kernel threads, shown or not. */
  kernelThreadCount: number;
}

export interface MatrixRow {
  key: string;
  task: Task;
  cells: MatrixCell[];
}

/** One cell per kind, in the order of `NAMESPACE_KINDS`. */
export interface MatrixCell {
  kind: NamespaceKind;
  /** Undefined when the task has let go of it (zombie). */
  mark?: NamespaceMark;
  /** The row above, or below, is in the same namespace. */
  above: boolean;
  below: boolean;
}

/** What the rows are ordered by: the task's pid, its name, or a kind; then the members of one namespace stand together, those of the host's last. */
export type MatrixOrder = "number" | "name" | NamespaceKind;

/** Rows of a picture: processes, and kernel threads if `kernelThreads`. */
export function layMatrix(view: KernelView, order: MatrixOrder, kernelThreads: boolean): Matrix {
  const host = hostNamespaces(view.namespaces);
  const seen = new Set<number>();
  const drafts: { task: Task; marks: Partial<Record<NamespaceKind, NamespaceMark>> }[] = [];
  let kernelThreadCount = 0;
  for (const task of view.tasks) {
    if (task.pid !== task.tgid || seen.has(task.address)) continue;
    seen.add(task.address);
    if (task.kernelThread) kernelThreadCount++;
    if (task.kernelThread && !kernelThreads) continue;
    drafts.push({ task, marks: Object.fromEntries(taskMarks(task, host).map((mark) => [mark.kind, mark])) });
  }
  const byPid = (a: { task: Task }, b: { task: Task }) => a.task.pid - b.task.pid;
  drafts.sort(byPid);
  if (order === "name") drafts.sort((a, b) => compareText(a.task.comm, b.task.comm) || byPid(a, b));
  else if (order !== "number") {
    // A namespace stands where its first member would; those that let go of theirs come after all.
    const rank = new Map<number, number>();
    drafts.forEach(({ marks }, index) => {
      const mark = marks[order];
      if (mark && !rank.has(mark.inum)) rank.set(mark.inum, mark.initial ? Number.MAX_SAFE_INTEGER - 1 : index);
    });
    const rankOf = ({ marks }: (typeof drafts)[number]) =>
      rank.get(marks[order]?.inum ?? -1) ?? Number.MAX_SAFE_INTEGER;
    drafts.sort((a, b) => rankOf(a) - rankOf(b) || byPid(a, b));
  }
  const same = (kind: NamespaceKind, one: number, other: number) => {
    const inum = drafts[one]?.marks[kind]?.inum;
    return inum !== undefined && inum === drafts[other]?.marks[kind]?.inum;
  };
  const rows = drafts.map(({ task, marks }, index) => ({
    key: taskKey(task),
    task,
    cells: NAMESPACE_KINDS.map((kind) => ({
      kind,
      mark: marks[kind],
      above: same(kind, index, index - 1),
      below: same(kind, index, index + 1),
    })),
  }));
  return { rows, kernelThreadCount };
}

/** By code unit: the same everywhere, whatever the names hold. */
const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
