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
import type { Keep } from "./keep";
import { mmEnvironmentBytes, mmExePath, mmRssBytes } from "./mm";
import {
  inumByKind,
  NSPROXY_KINDS,
  nsproxyNamespaceByKind,
  pidNamespaceForChildren,
  taskNsproxy,
  timeNamespaceForChildren,
} from "./namespace";
import type { Namespaces } from "./namespaces";
import { levelPids, ownPidNamespace, taskThreadPid } from "./pid";
import { placeOf } from "./path";
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

interface Member {
  address: number;
  kind: NamespaceKind;
}

/** What tasks with the same nsproxy share. */
export interface SharedNamespaces {
  inums: Inums;
  /** Those to be taken into the picture. */
  members: readonly Member[];
  /** Address of the pid namespace that children will be in. */
  pidForChildren: number;
  /** Its inode number. */
  pidInumForChildren: number;
  /** Inode number of the time namespace that children will be in, where it differs. */
  timeForChildren: number | undefined;
  /** The same with the pid and user namespace of the last task that was read. */
  last?: TaskNamespaces;
}

interface TaskNamespaces {
  inums: Inums;
  forChildren: Task["forChildren"];
  members: readonly Member[];
  pid: number;
  user: number;
}

export interface SharedCgroup {
  path: string;
  freezing: boolean;
}

/** A task, and what the picture must have with it. */
export interface FoundTask {
  task: Task;
  argvBytes: number;
  namespaces: readonly Member[];
}

interface AddressSpace {
  commandLine: CommandLine;
  environmentBytes: number;
  rssBytes: number;
  exe: Task["exe"];
}

const NO_INUMS: Inums = { mnt: 0, pid: 0, net: 0, uts: 0, ipc: 0, user: 0, cgroup: 0, time: 0 };
const NO_PIDS: LevelPid[] = [];
const NO_ADDRESS_SPACE: AddressSpace = {
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
  readonly #keep: Keep;
  /** Of tasks that have ended. */
  readonly #noNamespaces: SharedNamespaces = {
    inums: NO_INUMS,
    members: [],
    pidForChildren: 0,
    pidInumForChildren: 0,
    timeForChildren: undefined,
  };
  /** Lists of namespaces that the picture has. */
  readonly #added = new Set<readonly Member[]>();
  /** A bound ended the walk. */
  #full = false;
  #argvBytes = 0;
  #argvLeftOut = 0;

  constructor(reading: Reading, namespaces: Namespaces) {
    this.#reading = reading;
    this.#namespaces = namespaces;
    this.#keep = reading.keep;
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
    if (this.#reading.late("tasks", "namespaces")) {
      this.#full = true;
      return this.#reading.leaveOut(
        `Only the first ${this.#tasks.length} tasks are shown: reading them took ${MAX_OBSERVE_MS} ms.`,
      );
    }
    const found = this.#reading.read(this.#find, task, "task_struct", undefined);
    if (!found) return;
    this.#argvBytes += found.argvBytes;
    this.#addNamespaces(found.namespaces);
    this.#tasks.push(found.task);
  }

  #addNamespaces(members: readonly Member[]): void {
    if (this.#added.has(members)) return;
    this.#added.add(members);
    for (const { address, kind } of members) this.#namespaces.add(address, kind);
  }

  readonly #find = (prog: Program, address: number): FoundTask | undefined => {
    // A trace looks for the fault itself; beyond a bound, what a task is depends on those before it.
    const alone = prog === this.#reading.prog && this.#argvBytes < MAX_ARGV_TOTAL_BYTES;
    return alone ? this.#keep.tasks.get(address, this.#readNow) : this.#read(prog, address);
  };

  readonly #readNow = (address: number): FoundTask | undefined => this.#read(this.#reading.prog, address);

  /** Throws `MemoryFault` when the `task_struct` itself cannot be read; what it leads to may be missing in part. */
  #read(prog: Program, address: number): FoundTask | undefined {
    const pid = taskThreadPid(prog, address);
    // A reaped task loses its pid a few instructions before it leaves the list.
    if (pid === 0) return undefined;
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
      task.root = this.#reading.read(this.#placeAt, root, "fs_struct.root", undefined);
      task.cwd = this.#reading.read(this.#placeAt, taskCwdPath(prog, address), "fs_struct.pwd", undefined);
    }

    const cgroup = this.#cgroupOf(taskCssSet(prog, address));
    task.cgroup = cgroup.path;
    task.frozen &&= cgroup.freezing;

    const namespaces = this.#namespacesOf(taskNsproxy(prog, address), pid, userNamespace);
    task.namespaces = namespaces.inums;
    task.forChildren = namespaces.forChildren;
    const argvBytes = task.argv.reduce((sum, word) => sum + word.length + 1, 0);
    return { task, argvBytes, namespaces: namespaces.members };
  }

  #processOf(address: number): Process {
    return this.#reading.attempt(readProcess, address) ?? this.#processInParts(address);
  }

  #processInParts(address: number): Process {
    const read = <T>(reader: Reader<T>, fallback: T) => this.#reading.read(reader, address, "signal_struct", fallback);
    return {
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
    const read = this.#reading;
    const exe = read.read(mmExePath, address, "mm_struct", 0);
    return {
      commandLine: this.#commandLine(address),
      environmentBytes: read.read(mmEnvironmentBytes, address, "mm_struct", 0),
      rssBytes: read.read(mmRssBytes, address, "mm_struct", 0),
      exe: exe === 0 ? undefined : read.read(this.#placeAt, exe, "mm_struct.exe_file->f_path", undefined),
    };
  }

  /** What the `struct path` at this address leads to; undefined when it is empty. */
  readonly #placeAt = (prog: Program, path: number): Task["exe"] => {
    if (prog !== this.#reading.prog) return placeOf(prog, path);
    const { mnt, dentry } = prog.fields.path;
    return this.#keep.places.at(prog, prog.pointer(path, mnt), prog.pointer(path, dentry));
  };

  #commandLine(mm: number): CommandLine {
    if (this.#argvBytes < MAX_ARGV_TOTAL_BYTES) return this.#reading.read(mmCommandLine, mm, "mm_struct", UNREAD);
    this.#argvLeftOut++;
    return UNREAD;
  }

  #identityOf(address: number): Identity {
    return this.#reading.attempt(readIdentity, address) ?? this.#identityInParts(address);
  }

  #identityInParts(address: number): Identity {
    const read = <T>(reader: Reader<T>, fallback: T) => this.#reading.read(reader, address, "cred", fallback);
    const credentials = read(readCredentials, undefined) ?? { ...NO_CREDENTIALS, address };
    credentials.insideUid = read(credInsideUid, OVERFLOW_ID);
    credentials.insideGid = read(credInsideGid, OVERFLOW_ID);
    return { credentials, userNamespace: read(credUserNamespace, 0) };
  }

  #cgroupOf(cssSet: number): SharedCgroup {
    return this.#keep.cgroups.get(cssSet, this.#readCgroup);
  }

  readonly #readCgroup = (cssSet: number): SharedCgroup => ({
    path: this.#reading.read(cssSetPath, cssSet, "css_set", ""),
    freezing: this.#reading.read(cssSetFreezing, cssSet, "css_set", false),
  });

  #namespacesOf(nsproxy: number, threadPid: number, user: number): TaskNamespaces {
    const pid = this.#reading.read(ownPidNamespace, threadPid, "pid", 0);
    const shared = nsproxy === 0 ? this.#noNamespaces : this.#keep.namespaces.get(nsproxy, this.#readNamespaces);
    const inums = { pid: this.#inumOf(pid, "pid"), user: this.#inumOf(user, "user") };
    const { last } = shared;
    if (last?.pid === pid && last.user === user && last.inums.pid === inums.pid && last.inums.user === inums.user) {
      return last;
    }
    const { pidForChildren, pidInumForChildren, timeForChildren } = shared;
    // A task that has ended has no children either.
    const other = pidForChildren === 0 || pidForChildren === pid ? undefined : pidForChildren;
    const members: Member[] = [...shared.members, { address: pid, kind: "pid" }, { address: user, kind: "user" }];
    if (other !== undefined) members.push({ address: other, kind: "pid" });
    const forChildren =
      other === undefined && timeForChildren === undefined
        ? undefined
        : { pid: other && pidInumForChildren, time: timeForChildren };
    return (shared.last = { inums: { ...shared.inums, ...inums }, forChildren, members, pid, user });
  }

  /** 0 for none, and for one that cannot be read, which is listed when it is taken into the picture. */
  #inumOf(address: number, kind: NamespaceKind): number {
    return address === 0 ? 0 : (this.#reading.attempt(inumByKind[kind], address) ?? 0);
  }

  readonly #readNamespaces = (nsproxy: number): SharedNamespaces => {
    const inums = { ...NO_INUMS };
    const members: Member[] = [];
    for (const kind of NSPROXY_KINDS) {
      const address = this.#reading.read(nsproxyNamespaceByKind[kind], nsproxy, "nsproxy", 0);
      inums[kind] = this.#inumOf(address, kind);
      members.push({ address, kind });
    }
    const pidForChildren = this.#reading.read(pidNamespaceForChildren, nsproxy, "nsproxy", 0);
    const time = this.#reading.read(timeNamespaceForChildren, nsproxy, "nsproxy", 0);
    members.push({ address: time, kind: "time" });
    const timeInum = this.#inumOf(time, "time");
    return {
      inums,
      members,
      pidForChildren,
      pidInumForChildren: this.#inumOf(pidForChildren, "pid"),
      timeForChildren: timeInum === inums.time ? undefined : timeInum,
    };
  };
}
