/** The tasks of one picture. What tasks share is read once; what cannot be read is listed, and the rest stands. */
import type { NamespaceKind } from "../protocol/namespace";
import type { LevelPid, Task } from "../protocol/task";
import { MAX_ARGV_TOTAL_BYTES, MAX_OBSERVE_MS, MAX_TASKS } from "./bounds";
import { cssSetFreezing, cssSetPath, taskCssSet } from "./cgroup";
import {
  credInsideGid,
  credInsideUid,
  credUserNamespace,
  type Identity,
  readCredentials,
  readIdentity,
  taskCred,
} from "./cred";
import { OVERFLOW_ID } from "./idmap";
import { hex } from "./memory";
import { mmEnvironmentBytes, mmExePath, mmRssBytes } from "./mm";
import {
  NSPROXY_KINDS,
  nsproxyNamespaceByKind,
  pidNamespaceForChildren,
  taskNsproxy,
  timeNamespaceForChildren,
} from "./namespace";
import type { Namespaces } from "./namespaces";
import { levelPids, ownPidNamespace, taskThreadPid } from "./pid";
import { Places } from "./places";
import type { Program } from "./program";
import type { Reader, Reading } from "./reading";
import {
  type Process,
  readProcess,
  signalChildSubreaper,
  signalForeground,
  signalOomScoreAdj,
  signalProcessGroup,
  signalSession,
  signalTty,
} from "./signal";
import {
  NO_CREDENTIALS,
  processes,
  processesReverse,
  readTask,
  singleThreaded,
  taskCwdPath,
  taskExitStatus,
  taskMm,
  taskParentPid,
  taskRootPath,
  taskSignal,
  threads,
} from "./task";
import { type CommandLine, mmCommandLine, NO_COMMAND_LINE, UNREAD } from "./usermemory";

type Inums = Record<NamespaceKind, number>;

/** The namespaces of tasks with the same nsproxy, ready made for the pid and user namespace of the last one. */
interface SharedNamespaces {
  inums: Inums;
  forChildren: Task["forChildren"];
  pidNamespace: number;
  userNamespace: number;
  /** Address of the pid namespace that children will be in. */
  pidForChildren: number;
  /** Inode number of the time namespace that children will be in, where it differs. */
  timeForChildren: number | undefined;
}

interface SharedCgroup {
  path: string;
  freezing: boolean;
}

interface AddressSpace {
  address: number;
  commandLine: CommandLine;
  environmentBytes: number;
  rssBytes: number;
  exe: Task["exe"];
}

const NO_INUMS: Inums = { mnt: 0, pid: 0, net: 0, uts: 0, ipc: 0, user: 0, cgroup: 0, time: 0 };
const NO_PIDS: LevelPid[] = [];
const NO_PROCESS: Process = {
  address: 0,
  pgid: 0,
  sid: 0,
  tty: undefined,
  foreground: false,
  oomScoreAdj: 0,
  childSubreaper: false,
};
const NO_ADDRESS_SPACE: AddressSpace = {
  address: 0,
  commandLine: NO_COMMAND_LINE,
  environmentBytes: 0,
  rssBytes: 0,
  exe: undefined,
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
  // By address, as a signed word: a small integer to V8.
  readonly #shared = new Map<number, SharedNamespaces>();
  readonly #cgroups = new Map<number, SharedCgroup>();
  readonly #identities = new Map<number, Identity>();
  readonly #places: Places;
  // Threads of a process follow each other, so the last one of these is enough.
  #process = NO_PROCESS;
  #addressSpace = NO_ADDRESS_SPACE;
  /** A bound ended the walk. */
  #full = false;
  #argvBytes = 0;
  #argvLeftOut = 0;

  constructor(reading: Reading, namespaces: Namespaces) {
    this.#reading = reading;
    this.#namespaces = namespaces;
    this.#places = new Places(reading.prog);
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
    this.#reading.read(this.#add, task, "task_struct", undefined);
  }

  /** Throws `MemoryFault` when the `task_struct` itself cannot be read; what it leads to may be missing in part. */
  readonly #add = (prog: Program, address: number): void => {
    const pid = taskThreadPid(prog, address);
    // A reaped task loses its pid a few instructions before it leaves the list.
    if (pid === 0) return;
    const task = readTask(prog, address);
    task.pids = this.#reading.read(levelPids, pid, "pid", NO_PIDS);
    task.ppid = this.#reading.read(taskParentPid, address, "task_struct", 0);

    const process = this.#processOf(taskSignal(prog, address));
    task.pgid = process.pgid;
    task.sid = process.sid;
    task.tty = process.tty;
    task.foreground = process.foreground;
    task.oomScoreAdj = process.oomScoreAdj;
    task.childSubreaper = process.childSubreaper;
    if (task.state === "Z" || task.state === "X") {
      task.exitStatus = this.#reading.read(taskExitStatus, address, "task_struct", undefined);
    }

    const addressSpace = this.#addressSpaceOf(taskMm(prog, address));
    task.argv = addressSpace.commandLine.argv;
    task.argvTruncated = addressSpace.commandLine.truncated;
    task.environmentBytes = addressSpace.environmentBytes;
    task.rssBytes = addressSpace.rssBytes;
    task.exe = addressSpace.exe;

    const { credentials, userNamespace } = this.#identityOf(taskCred(prog, address));
    task.credentials = credentials;
    task.uid = credentials.uids[0];
    task.gid = credentials.gids[0];

    const root = taskRootPath(prog, address);
    if (root !== 0) {
      task.root = this.#reading.read(this.#places.at, root, "fs_struct.root", undefined);
      task.cwd = this.#reading.read(this.#places.at, taskCwdPath(prog, address), "fs_struct.pwd", undefined);
    }

    const cgroup = this.#cgroupOf(taskCssSet(prog, address));
    task.cgroup = cgroup.path;
    task.frozen &&= cgroup.freezing;

    const shared = this.#namespacesOf(taskNsproxy(prog, address), pid, userNamespace);
    task.namespaces = shared.inums;
    task.forChildren = shared.forChildren;
    this.#tasks.push(task);
  };

  #processOf(address: number): Process {
    if (address === this.#process.address) return this.#process;
    return (this.#process = this.#reading.attempt(readProcess, address) ?? this.#processInParts(address));
  }

  #processInParts(address: number): Process {
    const read = <T>(reader: Reader<T>, fallback: T) => this.#reading.read(reader, address, "signal_struct", fallback);
    return {
      address,
      pgid: read(signalProcessGroup, 0),
      sid: read(signalSession, 0),
      tty: read(signalTty, undefined),
      foreground: read(signalForeground, false),
      oomScoreAdj: read(signalOomScoreAdj, 0),
      childSubreaper: read(signalChildSubreaper, false),
    };
  }

  #addressSpaceOf(address: number): AddressSpace {
    if (address === 0) return NO_ADDRESS_SPACE;
    if (address === this.#addressSpace.address) return this.#addressSpace;
    const read = this.#reading;
    const exe = read.read(mmExePath, address, "mm_struct", 0);
    return (this.#addressSpace = {
      address,
      commandLine: this.#commandLine(address),
      environmentBytes: read.read(mmEnvironmentBytes, address, "mm_struct", 0),
      rssBytes: read.read(mmRssBytes, address, "mm_struct", 0),
      exe: exe === 0 ? undefined : read.read(this.#places.at, exe, "mm_struct.exe_file->f_path", undefined),
    });
  }

  #commandLine(mm: number): CommandLine {
    if (this.#argvBytes >= MAX_ARGV_TOTAL_BYTES) {
      this.#argvLeftOut++;
      return UNREAD;
    }
    const commandLine = this.#reading.read(mmCommandLine, mm, "mm_struct", UNREAD);
    for (const word of commandLine.argv) this.#argvBytes += word.length + 1;
    return commandLine;
  }

  #identityOf(address: number): Identity {
    let identity = this.#identities.get(address | 0);
    if (identity) return identity;
    identity = this.#reading.attempt(readIdentity, address) ?? this.#identityInParts(address);
    this.#identities.set(address | 0, identity);
    return identity;
  }

  #identityInParts(address: number): Identity {
    const read = <T>(reader: Reader<T>, fallback: T) => this.#reading.read(reader, address, "cred", fallback);
    const credentials = read(readCredentials, undefined) ?? { ...NO_CREDENTIALS, address };
    credentials.insideUid = read(credInsideUid, OVERFLOW_ID);
    credentials.insideGid = read(credInsideGid, OVERFLOW_ID);
    return { credentials, userNamespace: read(credUserNamespace, 0) };
  }

  #cgroupOf(cssSet: number): SharedCgroup {
    let cgroup = this.#cgroups.get(cssSet | 0);
    if (cgroup) return cgroup;
    cgroup = {
      path: this.#reading.read(cssSetPath, cssSet, "css_set", ""),
      freezing: this.#reading.read(cssSetFreezing, cssSet, "css_set", false),
    };
    this.#cgroups.set(cssSet | 0, cgroup);
    return cgroup;
  }

  #namespacesOf(nsproxy: number, pid: number, userNamespace: number): SharedNamespaces {
    const pidNamespace = this.#reading.read(ownPidNamespace, pid, "pid", 0);
    const last = this.#shared.get(nsproxy | 0);
    if (last?.pidNamespace === pidNamespace && last.userNamespace === userNamespace) return last;
    const shared = last ? { ...last, inums: { ...last.inums } } : this.#nsproxy(nsproxy);
    shared.pidNamespace = pidNamespace;
    shared.userNamespace = userNamespace;
    shared.inums.pid = this.#namespaces.add(pidNamespace, "pid");
    shared.inums.user = this.#namespaces.add(userNamespace, "user");
    shared.forChildren = this.#forChildren(shared);
    this.#shared.set(nsproxy | 0, shared);
    return shared;
  }

  #forChildren({ pidNamespace, pidForChildren, timeForChildren }: SharedNamespaces): Task["forChildren"] {
    // A task that has ended has no children either.
    const pid = pidForChildren === 0 || pidForChildren === pidNamespace ? undefined : pidForChildren;
    if (pid === undefined && timeForChildren === undefined) return undefined;
    return { pid: pid && this.#namespaces.add(pid, "pid"), time: timeForChildren };
  }

  #nsproxy(nsproxy: number): SharedNamespaces {
    const inums = { ...NO_INUMS };
    const shared: SharedNamespaces = {
      inums,
      forChildren: undefined,
      pidNamespace: 0,
      userNamespace: 0,
      pidForChildren: 0,
      timeForChildren: undefined,
    };
    if (nsproxy === 0) return shared;
    for (const kind of NSPROXY_KINDS) {
      const address = this.#reading.read(nsproxyNamespaceByKind[kind], nsproxy, "nsproxy", 0);
      inums[kind] = this.#namespaces.add(address, kind);
    }
    shared.pidForChildren = this.#reading.read(pidNamespaceForChildren, nsproxy, "nsproxy", 0);
    const time = this.#reading.read(timeNamespaceForChildren, nsproxy, "nsproxy", 0);
    const inum = this.#namespaces.add(time, "time");
    if (inum !== inums.time) shared.timeForChildren = inum;
    return shared;
  }
}
