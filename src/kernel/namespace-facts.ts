/** Facts of namespaces. Commands name the host pid of a task in the namespace. */
import { mountHolds, mountNamespaces, namespaceMounts } from "./mount";
import { networkNamespaces } from "./netdevice";
import { type IdRange, NAMESPACE_KINDS, type NamespaceKind } from "../protocol/namespace";
import { type Fact, fact, type ObjectFacts, quoted } from "./fact";
import { idRanges } from "./idmap";
import { IPC_KINDS, ipcAddresses, ipcId, type IpcKind, ipcName } from "./ipc";
import {
  cgroupRoot,
  childReaper,
  initialNamespace,
  namespaceInum,
  namespaceLevel,
  namespaceOwnerInum,
  namespaceParentInum,
  pidNamespaceForChildren,
  taskNamespace,
  taskNsproxy,
  timeNamespaceForChildren,
  timeOffsetNs,
  utsNames,
  visitNamespaces,
} from "./namespace";
import type { Program } from "./program";
import { allTasks, taskPid } from "./task";

/** Every namespace of a kind: the host's, then each by the shortest way from a task. */
export function* allNamespaces(prog: Program, kind: NamespaceKind): Generator<number, void, undefined> {
  const seen = new Set<number>([initialNamespace(prog, kind)]);
  yield* seen;
  const fresh = (address: number) => address !== 0 && !seen.has(address) && seen.add(address) !== undefined;
  for (const task of allTasks(prog)) {
    const address = taskNamespace(prog, task, kind);
    if (fresh(address)) yield address;
  }
  // Some are kept for children only.
  if (kind === "pid" || kind === "time") {
    for (const task of allTasks(prog)) {
      const address = namespaceForChildren(prog, task, kind);
      if (fresh(address)) yield address;
    }
  }
  // Some are only parents or owners of others.
  for (const task of allTasks(prog)) {
    for (const from of NAMESPACE_KINDS) {
      const found: number[] = [];
      const passed = new Set<number>();
      const visit = (address: number, of: NamespaceKind): boolean => {
        if (passed.has(address)) return false;
        passed.add(address);
        if (of === kind && fresh(address)) found.push(address);
        return true;
      };
      visitNamespaces(prog, taskNamespace(prog, task, from), from, visit);
      if (from === "pid" || from === "time") visitNamespaces(prog, namespaceForChildren(prog, task, from), from, visit);
      yield* found;
    }
  }
  // Some nobody is in: the kernel lists mount namespaces, and mounts keep namespaces of any kind.
  for (const mounts of mountNamespaces(prog)) {
    if (kind === "mnt" && fresh(mounts)) yield mounts;
    for (const mount of namespaceMounts(prog, mounts)) {
      const held = mountHolds(prog, mount);
      if (held?.kind === kind && fresh(held.address)) yield held.address;
    }
  }
  if (kind === "net") for (const net of networkNamespaces(prog)) if (fresh(net)) yield net;
}

/** Address of the namespace that the task's next child will be in; 0 when it has ended. */
function namespaceForChildren(prog: Program, task: number, kind: "pid" | "time"): number {
  const nsproxy = taskNsproxy(prog, task);
  if (nsproxy === 0) return 0;
  return kind === "pid" ? pidNamespaceForChildren(prog, nsproxy) : timeNamespaceForChildren(prog, nsproxy);
}

/** Host pid of the first task in a namespace. */
export function namespaceMember(prog: Program, namespace: number, kind: NamespaceKind): number | undefined {
  for (const task of allTasks(prog)) if (taskNamespace(prog, task, kind) === namespace) return taskPid(prog, task);
  return undefined;
}

function idMap(ranges: IdRange[]): string {
  return ranges.map(({ first, hostFirst, count }) => `${first} ${hostFirst} ${count}`).join(", ") || "none";
}

/** What the objects of an ipc namespace are called: `shm 3`, `mqueue "jobs"`. */
function ipcNames(prog: Program, namespace: number): string {
  const name = (address: number, kind: IpcKind) =>
    kind === "mqueue" ? quoted(ipcName(prog, address, kind) ?? "") : String(ipcId(prog, address, kind));
  const names = IPC_KINDS.flatMap((kind) =>
    Array.from(ipcAddresses(prog, namespace, kind), (address) => `${kind} ${name(address, kind)}`),
  );
  return names.join(", ") || "none";
}

/** Paths begin at the variable of the kind that evidence names, `mnt_ns` or `uts_ns`. */
function namespaceFacts(kind: NamespaceKind): ObjectFacts {
  const inMember = (command: (pid: number) => string) => (prog: Program, namespace: number) => {
    const pid = namespaceMember(prog, namespace, kind);
    return pid === undefined ? undefined : command(pid);
  };
  const orNone = (of: string) => (inum: number | undefined) => (inum === undefined ? "none" : `${of}:[${inum}]`);
  const facts: Record<string, Fact> = {
    inum: fact(
      `${kind}_ns->ns.inum`,
      (prog, namespace) => namespaceInum(prog, namespace, kind),
      (inum) => `${kind}:[${inum}]`,
      inMember((pid) => `readlink /proc/${pid}/ns/${kind}`),
    ),
    parent: fact(
      `${kind}_ns->parent->ns.inum`,
      (prog, namespace) => namespaceParentInum(prog, namespace, kind),
      orNone(kind),
      inMember(() => `lsns -t ${kind} -o NS,PNS`),
    ),
    owner: fact(
      kind === "user" ? "user_ns->parent->ns.inum" : `${kind}_ns->user_ns->ns.inum`,
      (prog, namespace) => namespaceOwnerInum(prog, namespace, kind),
      orNone("user"),
      inMember(() => `lsns -t ${kind} -o NS,ONS`),
    ),
  };
  if (kind === "pid" || kind === "user") {
    facts.level = fact(`${kind}_ns->level`, (prog, namespace) => namespaceLevel(prog, namespace, kind), String);
  }
  if (kind === "pid") {
    facts.childReaper = fact(
      "pid_ns->child_reaper->tgid",
      childReaper,
      (pid) => (pid === undefined ? "none" : String(pid)),
      inMember(() => "lsns -t pid -o NS,PID"),
    );
  }
  if (kind === "user") {
    for (const ids of ["uid", "gid"] as const) {
      facts[`${ids}Map`] = fact(
        `user_ns->${ids}_map.nr_extents`,
        (prog, namespace) => idRanges(prog, namespace, ids),
        idMap,
        inMember((pid) => `cat /proc/${pid}/${ids}_map`),
      );
    }
  }
  if (kind === "time") {
    facts.timeOffsets = fact(
      "time_ns->offsets.monotonic.tv_nsec",
      (prog, namespace) => [timeOffsetNs(prog, namespace, "monotonic"), timeOffsetNs(prog, namespace, "boottime")],
      ([monotonicNs, boottimeNs]) => `monotonic ${monotonicNs} boottime ${boottimeNs}`,
      inMember((pid) => `cat /proc/${pid}/timens_offsets`),
    );
  }
  if (kind === "cgroup") {
    facts.cgroupRoot = fact("cgroup_ns->root_cset->dfl_cgrp->kn->name", cgroupRoot, quoted);
  }
  if (kind === "ipc") {
    facts.ipc = fact(
      "ipc_ns->ids[0].ipcs_idr.idr_rt.xa_head",
      ipcNames,
      String,
      inMember((pid) => `nsenter -t ${pid} -i sh -c 'cat /proc/sysvipc/*'`),
    );
  }
  if (kind === "uts") {
    facts.uts = fact(
      "uts_ns->name.nodename",
      utsNames,
      ({ nodename, domainname }) => `${quoted(nodename)} ${quoted(domainname)}`,
      inMember((pid) => `nsenter -t ${pid} -u sh -c 'hostname; cat /proc/sys/kernel/domainname'`),
    );
  }
  return { all: (prog) => allNamespaces(prog, kind), facts };
}

export const NAMESPACE_FACTS = Object.fromEntries(
  NAMESPACE_KINDS.map((kind) => [kind, namespaceFacts(kind)]),
) as Record<NamespaceKind, ObjectFacts>;
