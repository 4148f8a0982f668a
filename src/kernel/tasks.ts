/** The tasks of one picture. What tasks share is read once; what cannot be read is listed, and the rest stands. */
import type { NamespaceKind } from "../protocol/namespace";
import type { Credentials, LevelPid, Task } from "../protocol/task";
import { MAX_ARGV_TOTAL_BYTES, MAX_OBSERVE_MS, MAX_TASKS } from "./bounds";
import { cssSetPath, taskCssSet } from "./cgroup";
import { taskGid, taskUid, taskUserNamespace } from "./cred";
import { taskPids } from "./facts";
import { hex } from "./memory";
import { NSPROXY_KINDS, nsproxyNamespaceByKind, taskNsproxy } from "./namespace";
import type { Namespaces } from "./namespaces";
import { activePidNamespace, taskThreadPid } from "./pid";
import type { Reading } from "./reading";
import {
  isKernelThread,
  processes,
  processesReverse,
  singleThreaded,
  taskComm,
  taskExecs,
  taskMm,
  taskParentPid,
  taskPid,
  taskStartTime,
  taskState,
  taskTgid,
  threads,
} from "./task";
import { type CommandLine, mmCommandLine, NO_COMMAND_LINE, UNREAD } from "./usermemory";

type Inums = Record<NamespaceKind, number>;

/** The namespaces of tasks with the same nsproxy, ready made for the pid and user namespace of the last one. */
interface SharedNamespaces {
  inums: Inums;
  pidNamespace: number;
  userNamespace: number;
}

const NO_INUMS: Inums = { mnt: 0, pid: 0, net: 0, uts: 0, ipc: 0, user: 0, cgroup: 0, time: 0 };
const NO_PIDS: LevelPid[] = [];
const NO_CREDENTIALS: Credentials = {
  address: 0,
  uids: [0, 0, 0, 0],
  gids: [0, 0, 0, 0],
  insideUid: 0,
  insideGid: 0,
  inheritable: "",
  permitted: "",
  effective: "",
  bounding: "",
  ambient: "",
};

/** Reads every task, and takes their namespaces into the picture. */
export function readTasks(reading: Reading, namespaces: Namespaces): Task[] {
  return new Tasks(reading, namespaces).all();
}

/** Reads these tasks alone; one that was reaped is left out. */
export function readSomeTasks(reading: Reading, namespaces: Namespaces, addresses: Iterable<number>): Task[] {
  return new Tasks(reading, namespaces).some(addresses);
}

class Tasks {
  readonly #reading: Reading;
  readonly #namespaces: Namespaces;
  readonly #tasks: Task[] = [];
  readonly #seen = new Set<number>();
  readonly #shared = new Map<number, SharedNamespaces>();
  readonly #cgroups = new Map<number, string>();
  readonly #commandLines = new Map<number, CommandLine>();
  /** A bound ended the walk. */
  #full = false;
  #argvBytes = 0;
  #argvLeftOut = 0;

  constructor(reading: Reading, namespaces: Namespaces) {
    this.#reading = reading;
    this.#namespaces = namespaces;
  }

  all(): Task[] {
    const { prog } = this.#reading;
    const whole = this.#walk(processes(prog), "init_task.tasks", (leader) => this.#addProcess(leader));
    // Beyond a broken link the list can still be reached from its other end.
    if (!whole && !this.#full) {
      const where = "init_task.tasks, from its end";
      this.#walk(processesReverse(prog), where, (leader) => this.#addProcess(leader));
    }
    if (this.#argvLeftOut > 0) {
      this.#reading.leaveOut(
        `The command lines of ${this.#argvLeftOut} tasks are left out: together they are too long.`,
      );
    }
    return this.#tasks;
  }

  some(addresses: Iterable<number>): Task[] {
    for (const address of addresses) this.#addTask(address);
    return this.#tasks;
  }

  /** Visits tasks that were not visited before. False when the walk did not come to its end. */
  #walk(tasks: Iterable<number>, where: string, visit: (task: number) => void): boolean {
    return this.#reading.walk(tasks, where, (task) => {
      if (this.#seen.has(task)) {
        this.#reading.problem(where, `the list comes back to ${hex(task)}, which it has passed before`);
        return false;
      }
      visit(task);
      return !this.#full;
    });
  }

  #addProcess(leader: number): void {
    this.#addTask(leader);
    if (this.#full || this.#reading.read(singleThreaded, leader, "task_struct", true)) return;
    const others = function* (all: Iterable<number>) {
      for (const thread of all) if (thread !== leader) yield thread;
    };
    const where = `task_struct(${hex(leader)}).signal->thread_head`;
    this.#walk(others(threads(this.#reading.prog, leader)), where, (thread) => this.#addTask(thread));
  }

  #addTask(task: number): void {
    this.#seen.add(task);
    if (this.#seen.size > MAX_TASKS) {
      this.#full = true;
      return this.#reading.leaveOut(`Only the first ${MAX_TASKS} tasks are shown.`);
    }
    if (this.#reading.late()) {
      this.#full = true;
      return this.#reading.leaveOut(
        `Only the first ${this.#tasks.length} tasks are shown: reading them took ${MAX_OBSERVE_MS} ms.`,
      );
    }
    // A reaped task loses its pid a few instructions before it leaves the list.
    if (this.#read(taskThreadPid, task, 1) === 0) return;
    const { argv, truncated } = this.#commandLine(task);
    this.#tasks.push({
      address: task,
      pid: this.#read(taskPid, task, 0),
      tgid: this.#read(taskTgid, task, 0),
      pids: this.#read(taskPids, task, NO_PIDS),
      ppid: this.#read(taskParentPid, task, 0),
      pgid: 0,
      sid: 0,
      foreground: false,
      comm: this.#read(taskComm, task, ""),
      argv,
      argvTruncated: truncated,
      execs: this.#read(taskExecs, task, 0),
      environmentBytes: 0,
      state: this.#read(taskState, task, "X"),
      frozen: false,
      uid: this.#read(taskUid, task, 0),
      gid: this.#read(taskGid, task, 0),
      credentials: NO_CREDENTIALS,
      noNewPrivs: false,
      seccomp: 0,
      oomScoreAdj: 0,
      childSubreaper: false,
      startTimeNs: this.#read(taskStartTime, task, 0),
      cpuTimeNs: 0,
      rssBytes: 0,
      kernelThread: this.#read(isKernelThread, task, false),
      namespaces: this.#taskNamespaces(task),
      cgroup: this.#cgroup(task),
    });
  }

  #read<T>(reader: (prog: Reading["prog"], task: number) => T, task: number, fallback: T): T {
    return this.#reading.read(reader, task, "task_struct", fallback);
  }

  #commandLine(task: number): CommandLine {
    const mm = this.#read(taskMm, task, 0);
    if (mm === 0) return NO_COMMAND_LINE;
    let commandLine = this.#commandLines.get(mm);
    if (commandLine) return commandLine;
    if (this.#argvBytes >= MAX_ARGV_TOTAL_BYTES) {
      this.#argvLeftOut++;
      return UNREAD;
    }
    commandLine = this.#reading.read(mmCommandLine, mm, "mm_struct", UNREAD);
    for (const word of commandLine.argv) this.#argvBytes += word.length + 1;
    this.#commandLines.set(mm, commandLine);
    return commandLine;
  }

  #cgroup(task: number): string {
    const cssSet = this.#read(taskCssSet, task, 0);
    let path = this.#cgroups.get(cssSet);
    if (path === undefined) {
      path = this.#reading.read(cssSetPath, cssSet, "css_set", "");
      this.#cgroups.set(cssSet, path);
    }
    return path;
  }

  #taskNamespaces(task: number): Inums {
    const nsproxy = this.#read(taskNsproxy, task, 0);
    const pidNamespace = this.#read(activePidNamespace, task, 0);
    const userNamespace = this.#read(taskUserNamespace, task, 0);
    let shared = this.#shared.get(nsproxy);
    if (shared?.pidNamespace === pidNamespace && shared.userNamespace === userNamespace) return shared.inums;
    const inums = shared ? { ...shared.inums } : this.#nsproxyInums(nsproxy);
    inums.pid = this.#namespaces.add(pidNamespace, "pid");
    inums.user = this.#namespaces.add(userNamespace, "user");
    shared = { inums, pidNamespace, userNamespace };
    this.#shared.set(nsproxy, shared);
    return inums;
  }

  #nsproxyInums(nsproxy: number): Inums {
    const inums = { ...NO_INUMS };
    if (nsproxy === 0) return inums;
    for (const kind of NSPROXY_KINDS) {
      const address = this.#reading.read(nsproxyNamespaceByKind[kind], nsproxy, "nsproxy", 0);
      inums[kind] = this.#namespaces.add(address, kind);
    }
    return inums;
  }
}
