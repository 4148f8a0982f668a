/** Tells whether two pictures show the same, so that an idle guest sends nothing. */
import type { IdRange, IpcObject, Namespace } from "../protocol/namespace";
import type { Credentials, Place, Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import { NAMESPACE_KINDS } from "../protocol/namespace";

/** True when nothing differs but the time at which they were taken, and the CPU time and resident memory of tasks. */
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
    a.pgid === b.pgid &&
    a.sid === b.sid &&
    a.tty === b.tty &&
    a.frozen === b.frozen &&
    a.exitStatus === b.exitStatus &&
    a.noNewPrivs === b.noNewPrivs &&
    a.seccomp === b.seccomp &&
    a.oomScoreAdj === b.oomScoreAdj &&
    a.childSubreaper === b.childSubreaper &&
    a.environmentBytes === b.environmentBytes &&
    sameCredentials(a.credentials, b.credentials) &&
    samePlace(a.exe, b.exe) &&
    samePlace(a.root, b.root) &&
    samePlace(a.cwd, b.cwd) &&
    a.forChildren?.pid === b.forChildren?.pid &&
    a.forChildren?.time === b.forChildren?.time &&
    a.cgroup === b.cgroup &&
    a.argvTruncated === b.argvTruncated &&
    same(a.argv, b.argv, Object.is) &&
    NAMESPACE_KINDS.every((kind) => a.namespaces[kind] === b.namespaces[kind])
  );
}

/** The kernel replaces a `struct cred` and never changes one; a new one may lie where an old one lay. */
function sameCredentials(a: Credentials, b: Credentials): boolean {
  return (
    a.address === b.address &&
    same(a.uids, b.uids, Object.is) &&
    same(a.gids, b.gids, Object.is) &&
    a.insideUid === b.insideUid &&
    a.insideGid === b.insideGid &&
    a.inheritable === b.inheritable &&
    a.permitted === b.permitted &&
    a.effective === b.effective &&
    a.bounding === b.bounding &&
    a.ambient === b.ambient
  );
}

function samePlace(a: Place | undefined, b: Place | undefined): boolean {
  return a?.path === b?.path && a?.mount === b?.mount && a?.deleted === b?.deleted;
}

function sameRanges(a: IdRange[] = [], b: IdRange[] = []): boolean {
  return same(
    a,
    b,
    (one, other) => one.first === other.first && one.hostFirst === other.hostFirst && one.count === other.count,
  );
}

function sameIpc(a: IpcObject, b: IpcObject): boolean {
  return (
    a.address === b.address &&
    a.kind === b.kind &&
    a.id === b.id &&
    a.key === b.key &&
    a.name === b.name &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.mode === b.mode &&
    a.size === b.size &&
    a.use === b.use
  );
}

function sameNamespace(a: Namespace, b: Namespace): boolean {
  return (
    a.kind === b.kind &&
    a.inum === b.inum &&
    a.address === b.address &&
    a.childReaper === b.childReaper &&
    a.cgroupRoot === b.cgroupRoot &&
    a.timeOffsets?.monotonicNs === b.timeOffsets?.monotonicNs &&
    a.timeOffsets?.boottimeNs === b.timeOffsets?.boottimeNs &&
    sameRanges(a.uidMap, b.uidMap) &&
    sameRanges(a.gidMap, b.gidMap) &&
    same(a.ipc ?? [], b.ipc ?? [], sameIpc) &&
    a.uts?.nodename === b.uts?.nodename &&
    a.uts?.domainname === b.uts?.domainname
  );
}
