/**
 * Facts of the picture as data: for each, its C path, the reader, how the value is written, and the shell command that
 * shows the same. The picture and its evidence both call the reader named here, so they cannot disagree.
 */
import type { FactRef, LevelPid, Namespace, NamespaceKind } from "../protocol/view";
import { taskCgroup } from "./cgroup";
import { taskGid, taskUid } from "./cred";
import { namespaceInum, namespaceOwnerInum, namespaceParentInum, taskNamespaceInum, utsNames } from "./namespace";
import { pidLevel, pidNamespace, pidNumber, taskThreadPid } from "./pid";
import type { Program } from "./program";
import { taskComm, taskMm, taskParentPid, taskPid, taskStartTime, taskState } from "./task";
import { mmCommandLine, NO_COMMAND_LINE, type CommandLine } from "./usermemory";

export type TaskFactName = Extract<FactRef, { object: "task" }>["fact"];
export type NamespaceFactName = Extract<FactRef, { object: "namespace" }>["fact"];

/** `command` is given the host pid of the task, or of a task in the namespace. */
interface Fact<T> {
  path: () => string;
  read: (prog: Program, task: number) => T;
  show: (value: T) => string;
  command: (pid: number) => string;
}

function taskFact<T>(
  path: string,
  read: (prog: Program, task: number) => T,
  show: (value: T) => string,
  command: (pid: number) => string,
): Fact<T> {
  return { path: () => path, read, show, command };
}

const status = (line: string) => (pid: number) => `awk '/^${line}:/' /proc/${pid}/status`;

/** Pids from the initial namespace to the task's own. */
export function taskPids(prog: Program, task: number): LevelPid[] {
  const pid = taskThreadPid(prog, task);
  const pids: LevelPid[] = [];
  for (let level = 0, own = pidLevel(prog, pid); level <= own; level++) {
    const namespace = namespaceInum(prog, pidNamespace(prog, pid, level), "pid");
    pids.push({ namespace, level, pid: pidNumber(prog, pid, level) });
  }
  return pids;
}

/** The task's command line; none for kernel threads and zombies. */
export function taskCommandLine(prog: Program, task: number): CommandLine {
  const mm = taskMm(prog, task);
  return mm === 0 ? NO_COMMAND_LINE : mmCommandLine(prog, mm);
}

export const TASK_FACTS = {
  pid: taskFact("task_struct.pid", taskPid, String, status("Pid")),
  pids: taskFact(
    "task_struct.thread_pid->numbers[].nr",
    taskPids,
    (pids) => pids.map(({ pid }) => pid).join(" "),
    status("NSpid"),
  ),
  ppid: taskFact("task_struct.real_parent->tgid", taskParentPid, String, status("PPid")),
  comm: taskFact("task_struct.comm", taskComm, quoted, (pid) => `cat /proc/${pid}/comm`),
  argv: taskFact(
    "task_struct.mm->arg_start",
    taskCommandLine,
    ({ argv }) => argv.map(quoted).join(" "),
    (pid) => `tr '\\0' '\\n' < /proc/${pid}/cmdline`,
  ),
  state: taskFact("task_struct.__state", taskState, String, status("State")),
  uid: taskFact("task_struct.real_cred->uid", taskUid, String, status("Uid")),
  gid: taskFact("task_struct.real_cred->gid", taskGid, String, status("Gid")),
  startTimeNs: taskFact(
    "task_struct.start_boottime",
    taskStartTime,
    String,
    // Field 22, in ticks of 10 ms. The command's name may hold spaces and parentheses, so count from behind it.
    (pid) => `sed 's/.*) //' /proc/${pid}/stat | cut -d ' ' -f 20`,
  ),
  cgroup: taskFact("task_struct.cgroups->dfl_cgrp->kn->name", taskCgroup, quoted, (pid) => `cat /proc/${pid}/cgroup`),
  namespace: {
    path: (kind: NamespaceKind) => {
      if (kind === "pid") return "task_struct.thread_pid->numbers[].ns->ns.inum";
      if (kind === "user") return "task_struct.real_cred->user_ns->ns.inum";
      return `task_struct.nsproxy->${kind}_ns->ns.inum`;
    },
    read: taskNamespaceInum,
    show: (inum: number, kind: NamespaceKind) => `${kind}:[${inum}]`,
    command: (pid: number, kind: NamespaceKind) => `readlink /proc/${pid}/ns/${kind}`,
  },
} satisfies Record<TaskFactName, unknown>;

/** Paths begin at the variable of the kind that evidence names, `mnt_ns` or `uts_ns`. */
export const NAMESPACE_FACTS = {
  inum: {
    path: (kind: NamespaceKind) => `${kind}_ns->ns.inum`,
    read: namespaceInum,
    show: (inum: number, kind: NamespaceKind) => `${kind}:[${inum}]`,
    command: (pid: number, kind: NamespaceKind) => `readlink /proc/${pid}/ns/${kind}`,
  },
  parent: {
    path: (kind: NamespaceKind) => `${kind}_ns->parent->ns.inum`,
    read: namespaceParentInum,
    show: (inum: number | undefined, kind: NamespaceKind) => (inum === undefined ? "none" : `${kind}:[${inum}]`),
    command: (_pid: number, kind: NamespaceKind) => `lsns -t ${kind} -o NS,PNS`,
  },
  owner: {
    path: (kind: NamespaceKind) => (kind === "user" ? "user_ns->parent->ns.inum" : `${kind}_ns->user_ns->ns.inum`),
    read: namespaceOwnerInum,
    show: (inum: number | undefined) => (inum === undefined ? "none" : `user:[${inum}]`),
    command: (_pid: number, kind: NamespaceKind) => `lsns -t ${kind} -o NS,ONS`,
  },
  uts: {
    path: () => "uts_ns->name.nodename",
    read: utsNames,
    show: ({ nodename, domainname }: NonNullable<Namespace["uts"]>) => `${quoted(nodename)} ${quoted(domainname)}`,
    command: (pid: number) => `nsenter -t ${pid} -u sh -c 'hostname; cat /proc/sys/kernel/domainname'`,
  },
} satisfies Record<NamespaceFactName, unknown>;

function quoted(text: string): string {
  return JSON.stringify(text);
}
