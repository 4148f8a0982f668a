/** Namespaces made, entered and gone; host names set. */
import type { Change, NamespaceName } from "../protocol/change";
import { NAMESPACE_KINDS, type Namespace, type NamespaceKind } from "../protocol/namespace";
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import { type Difference, difference } from "./difference";
import { taskName } from "./task-changes";

export function namespaceChanges(before: KernelView, after: KernelView, tasks: Difference<Task>): Change[] {
  const { added, removed, changed } = difference(before, after, "namespaces");
  const entered = entries(before, after, tasks);
  const found: Change[] = [];
  const born = new Set<string>();
  for (const namespace of inKindOrder(added)) {
    born.add(key(namespace));
    // Its maker is the one that is in it now, or whose children will be.
    const maker =
      entered.find((entry) => entry.kind === namespace.kind && entry.inum === namespace.inum)?.task ??
      after.tasks.find((task) => willEnter(task, namespace));
    found.push({ type: "namespace-born", namespace: nameOf(namespace), ...(maker && { task: taskName(maker) }) });
  }
  const all = new Map(after.namespaces.map((namespace) => [key(namespace), namespace]));
  for (const entry of entered) {
    const namespace = all.get(key(entry));
    if (!namespace) continue;
    // Whoever made it was named with its birth.
    if (born.delete(key(namespace))) continue;
    found.push({ type: "namespace-joined", namespace: nameOf(namespace), task: taskName(entry.task) });
  }
  for (const [old, namespace] of changed) {
    const [was, is] = [old.uts?.nodename, namespace.uts?.nodename];
    if (was !== undefined && is !== undefined && was !== is) {
      found.push({ type: "uts-changed", namespace: nameOf(namespace), before: was, after: is });
    }
  }
  for (const namespace of inKindOrder(removed)) found.push({ type: "namespace-died", namespace: nameOf(namespace) });
  return found;
}

interface Entry {
  kind: NamespaceKind;
  inum: number;
  task: Task;
}

/** Tasks that are in another namespace than before; new ones, in another than their parent's. */
function entries(before: KernelView, after: KernelView, { added, changed }: Difference<Task>): Entry[] {
  const found: Entry[] = [];
  const compare = (old: Task | undefined, task: Task) => {
    if (!old || task.pid !== task.tgid) return;
    for (const kind of NAMESPACE_KINDS) {
      const inum = task.namespaces[kind];
      // What is ending has left its namespaces: that is no entry.
      if (inum !== 0 && old.namespaces[kind] !== 0 && inum !== old.namespaces[kind]) found.push({ kind, inum, task });
    }
  };
  for (const task of added) {
    const of = (view: KernelView) => view.tasks.find(({ pid }) => pid === task.ppid);
    compare(of(after) ?? of(before), task);
  }
  for (const [old, task] of changed) compare(old, task);
  return found;
}

function willEnter(task: Task, { kind, inum }: Namespace): boolean {
  return (kind === "pid" && task.forChildren?.pid === inum) || (kind === "time" && task.forChildren?.time === inum);
}

const key = ({ kind, inum }: { kind: NamespaceKind; inum: number }) => `${kind}:${inum}`;

const nameOf = ({ kind, inum, address }: Namespace): NamespaceName => ({ kind, inum, address });

/** Those of one `unshare` or `clone` are made at once; the order of `/proc/PID/ns` is as good as any, and always the same. */
function inKindOrder(namespaces: Namespace[]): Namespace[] {
  const rank = ({ kind }: Namespace) => NAMESPACE_KINDS.indexOf(kind);
  return [...namespaces].sort((one, other) => rank(one) - rank(other) || one.inum - other.inum);
}
