/** Tells whether two pictures show the same, so that an idle guest sends nothing. */
import type { Namespace } from "../protocol/namespace";
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import { NAMESPACE_KINDS } from "../protocol/namespace";

/** True when nothing differs but the time at which they were taken. */
export function samePicture(a: KernelView, b: KernelView): boolean {
  return (
    a.totalForks === b.totalForks &&
    same(a.problems, b.problems, (one, other) => one.where === other.where && one.what === other.what) &&
    same(a.omitted, b.omitted, Object.is) &&
    same(a.tasks, b.tasks, sameTask) &&
    same(a.namespaces, b.namespaces, sameNamespace)
  );
}

function same<T>(a: readonly T[], b: readonly T[], equal: (one: T, other: T) => boolean): boolean {
  return a.length === b.length && a.every((one, index) => equal(one, b[index]));
}

function sameTask(a: Task, b: Task): boolean {
  return (
    a.address === b.address &&
    a.startTimeNs === b.startTimeNs &&
    a.pid === b.pid &&
    a.tgid === b.tgid &&
    a.ppid === b.ppid &&
    a.state === b.state &&
    a.comm === b.comm &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.cgroup === b.cgroup &&
    a.argvTruncated === b.argvTruncated &&
    same(a.argv, b.argv, Object.is) &&
    NAMESPACE_KINDS.every((kind) => a.namespaces[kind] === b.namespaces[kind])
  );
}

function sameNamespace(a: Namespace, b: Namespace): boolean {
  return (
    a.kind === b.kind &&
    a.inum === b.inum &&
    a.address === b.address &&
    a.uts?.nodename === b.uts?.nodename &&
    a.uts?.domainname === b.uts?.domainname
  );
}
