/** Facts of tasks. Commands name the task's host pid. */
import { NAMESPACE_KINDS, type NamespaceKind } from "../protocol/namespace";
import type { Place } from "../protocol/task";
import { taskCgroup } from "./cgroup";
import {
  type CapabilitySet,
  credCapabilities,
  credGid,
  credGids,
  credInsideGid,
  credInsideUid,
  credUid,
  credUids,
  taskCred,
} from "./cred";
import { type Fact, fact, type ObjectFacts, quoted } from "./fact";
import { mmEnvironmentBytes, mmRssBytes } from "./mm";
import { forChildrenInum, taskNamespaceInum } from "./namespace";
import { placeOf } from "./path";
import { taskPids } from "./pid";
import type { Program } from "./program";
import { signalChildSubreaper, signalOomScoreAdj, signalProcessGroup, signalSession, signalTty } from "./signal";
import {
  allTasks,
  isKernelThread,
  taskComm,
  taskCpuTime,
  taskCwdPath,
  taskExePath,
  taskExitStatus,
  taskFrozen,
  taskMm,
  taskNoNewPrivs,
  taskParentPid,
  taskPid,
  taskRootPath,
  taskSeccompMode,
  taskSignal,
  taskStartTime,
  taskState,
  taskTgid,
} from "./task";
import { mmCommandLine, NO_COMMAND_LINE, type CommandLine } from "./usermemory";

const ofTask = (command: (pid: number) => string) => (prog: Program, task: number) => command(taskPid(prog, task));
const status = (line: string) => ofTask((pid) => `awk '/^${line}:/' /proc/${pid}/status`);

/** The task's command line; none for kernel threads and zombies. */
export function taskCommandLine(prog: Program, task: number): CommandLine {
  const mm = taskMm(prog, task);
  return mm === 0 ? NO_COMMAND_LINE : mmCommandLine(prog, mm);
}

type Reader<T> = (prog: Program, address: number) => T;

const ofSignal =
  <T>(read: Reader<T>): Reader<T> =>
  (prog, task) =>
    read(prog, taskSignal(prog, task));
const ofCred =
  <T>(read: Reader<T>): Reader<T> =>
  (prog, task) =>
    read(prog, taskCred(prog, task));
/** 0 for kernel threads and zombies, which have no memory of their own. */
const ofMm =
  (read: Reader<number>): Reader<number> =>
  (prog, task) => {
    const mm = taskMm(prog, task);
    return mm === 0 ? 0 : read(prog, mm);
  };
const ofPath =
  (read: Reader<number>): Reader<Place | undefined> =>
  (prog, task) => {
    const path = read(prog, task);
    return path === 0 ? undefined : placeOf(prog, path);
  };

const stat = (field: number) => ofTask((pid) => `sed 's/.*) //' /proc/${pid}/stat | cut -d ' ' -f ${field - 2}`);
const link = (name: string) => ofTask((pid) => `readlink /proc/${pid}/${name}`);
const yes = (value: boolean) => (value ? "yes" : "no");
const orNone = (value: string | number | undefined) => (value === undefined ? "none" : String(value));
const ids = (of: readonly number[]) => of.join(" ");
const place = (of: Place | undefined) => (of ? `${quoted(of.path)}${of.deleted ? " (deleted)" : ""}` : "none");

const CAPABILITY_SETS: Record<CapabilitySet, { line: string; field: string }> = {
  inheritable: { line: "CapInh", field: "cap_inheritable" },
  permitted: { line: "CapPrm", field: "cap_permitted" },
  effective: { line: "CapEff", field: "cap_effective" },
  bounding: { line: "CapBnd", field: "cap_bset" },
  ambient: { line: "CapAmb", field: "cap_ambient" },
};

function capabilityFacts(): Record<string, Fact> {
  const facts = Object.entries(CAPABILITY_SETS).map(([set, { line, field }]) => [
    set,
    fact(
      `task_struct.real_cred->${field}[0]`,
      ofCred((prog, cred) => credCapabilities(prog, cred, set as CapabilitySet)),
      String,
      status(line),
    ),
  ]);
  return Object.fromEntries(facts) as Record<string, Fact>;
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
    tgid: fact("task_struct.tgid", taskTgid, String, status("Tgid")),
    pgid: fact("task_struct.signal->pids[2]->numbers[0].nr", ofSignal(signalProcessGroup), String, stat(5)),
    sid: fact("task_struct.signal->pids[3]->numbers[0].nr", ofSignal(signalSession), String, stat(6)),
    // The number of the device, major and minor.
    tty: fact("task_struct.signal->tty", ofSignal(signalTty), orNone, stat(7)),
    environmentBytes: fact(
      "task_struct.mm->env_end",
      ofMm(mmEnvironmentBytes),
      String,
      ofTask((pid) => `wc -c < /proc/${pid}/environ`),
    ),
    exe: fact("task_struct.mm->exe_file->f_path.dentry", ofPath(taskExePath), place, link("exe")),
    root: fact("task_struct.fs->root.dentry", ofPath(taskRootPath), place, link("root")),
    cwd: fact("task_struct.fs->pwd.dentry", ofPath(taskCwdPath), place, link("cwd")),
    frozen: fact("task_struct.frozen", taskFrozen, yes),
    exitStatus: fact("task_struct.exit_state", taskExitStatus, orNone, stat(52)),
    uids: fact("task_struct.real_cred->uid", ofCred(credUids), ids, status("Uid")),
    gids: fact("task_struct.real_cred->gid", ofCred(credGids), ids, status("Gid")),
    insideUid: fact(
      "task_struct.real_cred->user_ns->uid_map.nr_extents",
      ofCred(credInsideUid),
      String,
      ofTask((pid) => `nsenter -t ${pid} -U --preserve-credentials stat -c %u /proc/${pid}`),
    ),
    insideGid: fact(
      "task_struct.real_cred->user_ns->gid_map.nr_extents",
      ofCred(credInsideGid),
      String,
      ofTask((pid) => `nsenter -t ${pid} -U --preserve-credentials stat -c %g /proc/${pid}`),
    ),
    ...capabilityFacts(),
    noNewPrivs: fact("task_struct.atomic_flags", taskNoNewPrivs, yes, status("NoNewPrivs")),
    seccomp: fact("task_struct.seccomp.mode", taskSeccompMode, String, status("Seccomp")),
    oomScoreAdj: fact(
      "task_struct.signal->oom_score_adj",
      ofSignal(signalOomScoreAdj),
      String,
      ofTask((pid) => `cat /proc/${pid}/oom_score_adj`),
    ),
    childSubreaper: fact("task_struct.signal->is_child_subreaper", ofSignal(signalChildSubreaper), yes),
    cpuTimeNs: fact(
      "task_struct.se.sum_exec_runtime",
      taskCpuTime,
      String,
      (prog, task) =>
        // Ticks of 10 ms in user and kernel mode, of this thread alone.
        `sed 's/.*) //' /proc/${taskTgid(prog, task)}/task/${taskPid(prog, task)}/stat | cut -d ' ' -f 12,13`,
    ),
    rssBytes: fact("task_struct.mm->rss_stat[1].count", ofMm(mmRssBytes), String, status("VmRSS")),
    kernelThread: fact("task_struct.flags", isKernelThread, yes, status("Kthread")),
    "forChildren/pid": fact(
      "task_struct.nsproxy->pid_ns_for_children",
      (prog, task) => forChildrenInum(prog, task, "pid"),
      orNone,
      link("ns/pid_for_children"),
    ),
    "forChildren/time": fact(
      "task_struct.nsproxy->time_ns_for_children",
      (prog, task) => forChildrenInum(prog, task, "time"),
      orNone,
      link("ns/time_for_children"),
    ),
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
