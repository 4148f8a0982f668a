/** Facts of tasks and namespaces. Commands name the task's host pid, or that of a task in the namespace. */
import { NAMESPACE_KINDS, type NamespaceKind } from "../protocol/namespace";
import { taskCgroup } from "./cgroup";
import { credGid, credUid, taskCred } from "./cred";
import { type Fact, fact, type ObjectFacts, quoted } from "./fact";
import { mountHolds, mountNamespaces, namespaceMounts } from "./mount";
import {
  initialNamespace,
  namespaceInum,
  namespaceOwnerInum,
  namespaceParentInum,
  taskNamespace,
  taskNamespaceInum,
  utsNames,
  visitNamespaces,
} from "./namespace";
import { taskPids } from "./pid";
import type { Program } from "./program";
import { allTasks, taskComm, taskMm, taskParentPid, taskPid, taskStartTime, taskState } from "./task";
import { mmCommandLine, NO_COMMAND_LINE, type CommandLine } from "./usermemory";

const ofTask = (command: (pid: number) => string) => (prog: Program, task: number) => command(taskPid(prog, task));
const status = (line: string) => ofTask((pid) => `awk '/^${line}:/' /proc/${pid}/status`);

/** The task's command line; none for kernel threads and zombies. */
export function taskCommandLine(prog: Program, task: number): CommandLine {
  const mm = taskMm(prog, task);
  return mm === 0 ? NO_COMMAND_LINE : mmCommandLine(prog, mm);
}

function namespacePath(kind: NamespaceKind): string {
  if (kind === "pid") return "task_struct.thread_pid->numbers[].ns->ns.inum";
  if (kind === "user") return "task_struct.real_cred->user_ns->ns.inum";
  return `task_struct.nsproxy->${kind}_ns->ns.inum`;
}

/** `ns/mnt` and its like, as the files of `/proc/PID` are named. */
function taskNamespaceFacts(): Record<string, Fact> {
  const facts = NAMESPACE_KINDS.map((kind) => [
    `ns/${kind}`,
    fact(
      namespacePath(kind),
      (prog, task) => taskNamespaceInum(prog, task, kind),
      (inum) => `${kind}:[${inum}]`,
      ofTask((pid) => `readlink /proc/${pid}/ns/${kind}`),
    ),
  ]);
  return Object.fromEntries(facts) as Record<string, Fact>;
}

export const TASK_FACTS: ObjectFacts = {
  all: allTasks,
  facts: {
    pid: fact("task_struct.pid", taskPid, String, status("Pid")),
    pids: fact(
      "task_struct.thread_pid->numbers[].nr",
      taskPids,
      (pids) => pids.map(({ pid }) => pid).join(" "),
      status("NSpid"),
    ),
    ppid: fact("task_struct.real_parent->tgid", taskParentPid, String, status("PPid")),
    comm: fact(
      "task_struct.comm",
      taskComm,
      quoted,
      ofTask((pid) => `cat /proc/${pid}/comm`),
    ),
    argv: fact(
      "task_struct.mm->arg_start",
      taskCommandLine,
      ({ argv }) => argv.map(quoted).join(" "),
      ofTask((pid) => `tr '\\0' '\\n' < /proc/${pid}/cmdline`),
    ),
    state: fact("task_struct.__state", taskState, String, status("State")),
    uid: fact("task_struct.real_cred->uid", (prog, task) => credUid(prog, taskCred(prog, task)), String, status("Uid")),
    gid: fact("task_struct.real_cred->gid", (prog, task) => credGid(prog, taskCred(prog, task)), String, status("Gid")),
    startTimeNs: fact(
      "task_struct.start_boottime",
      taskStartTime,
      String,
      // Field 22, in ticks of 10 ms. The command's name may hold spaces and parentheses, so count from behind it.
      ofTask((pid) => `sed 's/.*) //' /proc/${pid}/stat | cut -d ' ' -f 20`),
    ),
    cgroup: fact(
      "task_struct.cgroups->dfl_cgrp->kn->name",
      taskCgroup,
      quoted,
      ofTask((pid) => `cat /proc/${pid}/cgroup`),
    ),
    ...taskNamespaceFacts(),
  },
};

/** Every namespace of a kind: the host's, then each by the shortest way from a task. */
function* allNamespaces(prog: Program, kind: NamespaceKind): Generator<number, void, undefined> {
  const seen = new Set<number>([initialNamespace(prog, kind)]);
  yield* seen;
  const fresh = (address: number) => address !== 0 && !seen.has(address) && seen.add(address) !== undefined;
  for (const task of allTasks(prog)) {
    const address = taskNamespace(prog, task, kind);
    if (fresh(address)) yield address;
  }
  // Some are only parents or owners of others.
  for (const task of allTasks(prog)) {
    for (const from of NAMESPACE_KINDS) {
      const found: number[] = [];
      const passed = new Set<number>();
      visitNamespaces(prog, taskNamespace(prog, task, from), from, (address, of) => {
        if (passed.has(address)) return false;
        passed.add(address);
        if (of === kind && fresh(address)) found.push(address);
        return true;
      });
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
}

/** Host pid of the first task in a namespace. */
export function namespaceMember(prog: Program, namespace: number, kind: NamespaceKind): number | undefined {
  for (const task of allTasks(prog)) if (taskNamespace(prog, task, kind) === namespace) return taskPid(prog, task);
  return undefined;
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
