import { NAMESPACE_KINDS, type Namespace, type NamespaceKind } from "../protocol/namespace";
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import { taskMarks } from "./forest";
import { hostNamespaces, KIND_MEANING, markKey, type NamespaceMark } from "./namespace-mark";

/** Two tasks side by side: which namespaces they share, and which they do not. */
export interface Comparison {
  shared: NamespaceMark[];
  different: Difference[];
  /** In one sentence: `They share 6 of 8 namespaces and differ in pid and uts.` */
  summary: string;
}

export interface Difference {
  kind: NamespaceKind;
  /** Undefined when the task has let go of its namespace (zombie). */
  one?: NamespaceMark;
  other?: NamespaceMark;
  /** What that means for the two: `412 is seen by 1, but does not see it.` May hold names from the guest. */
  meaning: string;
}

export function compareTasks(view: KernelView, one: Task, other: Task): Comparison {
  const host = hostNamespaces(view.namespaces);
  const marksOf = (task: Task) => new Map(taskMarks(task, host).map((mark) => [mark.kind, mark]));
  const [ones, others] = [marksOf(one), marksOf(other)];
  const namespaces = new Map(view.namespaces.map((namespace) => [markKey(namespace), namespace]));
  const shared: NamespaceMark[] = [];
  const different: Difference[] = [];
  for (const kind of NAMESPACE_KINDS) {
    const [a, b] = [ones.get(kind), others.get(kind)];
    if (a && b && a.inum === b.inum) shared.push(a);
    else different.push({ kind, one: a, other: b, meaning: meaningOf(kind, one, other, a, b, namespaces) });
  }
  return { shared, different, summary: summaryOf(shared, different) };
}

function summaryOf(shared: readonly NamespaceMark[], different: readonly Difference[]): string {
  const kinds = inWords(different.map(({ kind }) => kind));
  if (different.length === 0) return "They share all eight namespaces.";
  if (shared.length === 0) return "They share no namespace.";
  return `They share ${shared.length} of ${NAMESPACE_KINDS.length} namespaces and differ in ${kinds}.`;
}

/** `pid`, `pid and uts`, `mnt, pid and uts`. */
export function inWords(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

type Known = ReadonlyMap<string, Namespace>;

function meaningOf(
  kind: NamespaceKind,
  one: Task,
  other: Task,
  a: NamespaceMark | undefined,
  b: NamespaceMark | undefined,
  known: Known,
): string {
  if (!a || !b) return `${(a ? other : one).pid} has ended and let go of it.`;
  const [own, others] = [known.get(markKey(a)), known.get(markKey(b))];
  if (kind === "pid") {
    if (isInside(others, own, known)) return `${one.pid} sees ${other.pid}; ${other.pid} does not see ${one.pid}.`;
    if (isInside(own, others, known)) return `${other.pid} sees ${one.pid}; ${one.pid} does not see ${other.pid}.`;
    return "Neither sees the other’s processes.";
  }
  if (kind === "user") {
    if (isInside(others, own, known)) return `The user ids of ${other.pid} lie inside those of ${one.pid}.`;
    if (isInside(own, others, known)) return `The user ids of ${one.pid} lie inside those of ${other.pid}.`;
  }
  if (kind === "uts" && own?.uts && others?.uts && own.uts.nodename !== others.uts.nodename) {
    return `Host names: ${own.uts.nodename} and ${others.uts.nodename}.`;
  }
  return `Each has its own ${KIND_MEANING[kind].replace(/, (\S+)$/, " and $1")}.`;
}

/** Whether `inner` is a descendant of `outer` (pid and user namespaces). */
function isInside(inner: Namespace | undefined, outer: Namespace | undefined, known: Known): boolean {
  if (!inner || !outer) return false;
  let at: Namespace | undefined = inner;
  // As many levels as the kernel allows, so that a ring in torn memory ends.
  for (let level = 0; at?.parent && level < 33; level++) {
    if (at.parent === outer.inum) return true;
    at = known.get(markKey({ kind: at.kind, inum: at.parent }));
  }
  return false;
}
