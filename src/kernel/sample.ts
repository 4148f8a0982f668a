/** One picture in the making. What tasks share is read once; what cannot be read is listed, and the rest stands. */
import type { KernelView, LevelPid, Namespace, NamespaceKind, Problem, Task } from "../protocol/view";
import { NAMESPACE_KINDS } from "../protocol/view";
import {
  MAX_ARGV_TOTAL_BYTES,
  MAX_NAMESPACES,
  MAX_OBSERVE_MS,
  MAX_PROBLEMS,
  MAX_TASKS,
  TASKS_PER_CLOCK_CHECK,
} from "./bounds";
import { cssSetPath, taskCssSet } from "./cgroup";
import { taskGid, taskUid, taskUserNamespace } from "./cred";
import { taskPids } from "./facts";
import { hex, MemoryFault } from "./memory";
import {
  NSPROXY_KINDS,
  NAMESPACE_STRUCT,
  nsproxyNamespaceByKind,
  namespaceByKind,
  taskNsproxy,
  visitNamespaces,
} from "./namespace";
import { activePidNamespace, taskThreadPid } from "./pid";
import type { Program } from "./program";
import {
  isKernelThread,
  processes,
  processesReverse,
  singleThreaded,
  taskComm,
  taskMm,
  taskParentPid,
  taskPid,
  taskStartTime,
  taskState,
  taskTgid,
  threads,
} from "./task";
import { bootTime } from "./timekeeping";
import { Trace } from "./trace";
import { type CommandLine, mmCommandLine, NO_COMMAND_LINE, UNREAD } from "./usermemory";

type Reader<T> = (prog: Program, address: number) => T;
type Inums = Record<NamespaceKind, number>;

/** The namespaces of tasks with the same nsproxy, ready made for the pid and user namespace of the last one. */
interface SharedNamespaces {
  inums: Inums;
  pidNamespace: number;
  userNamespace: number;
}

const NO_INUMS: Inums = { mnt: 0, pid: 0, net: 0, uts: 0, ipc: 0, user: 0, cgroup: 0, time: 0 };
const NO_PIDS: LevelPid[] = [];

/** Ends the walk over tasks: a bound is reached. */
class BoundReached extends Error {}

export class Sample {
  readonly #prog: Program;
  readonly #now: () => number;
  readonly #deadline: number;
  readonly #tasks: Task[] = [];
  readonly #seen = new Set<number>();
  readonly #namespaces = new Map<number, Namespace | undefined>();
  readonly #shared = new Map<number, SharedNamespaces>();
  readonly #cgroups = new Map<number, string>();
  readonly #commandLines = new Map<number, CommandLine>();
  readonly #problems: Problem[] = [];
  readonly #omitted: string[] = [];
  #problemsLeftOut = 0;
  #namespacesLeftOut = 0;
  #argvBytes = 0;
  #argvLeftOut = 0;

  constructor(prog: Program, now: () => number) {
    this.#prog = prog;
    this.#now = now;
    this.#deadline = now() + MAX_OBSERVE_MS;
  }

  view(sequence: number): KernelView {
    const uts = this.#prog.symbol("init_uts_ns");
    const { "name.release": release } = this.#prog.fields.uts_namespace;
    const view: KernelView = {
      sequence,
      bootTimeNs: this.#read(bootTime, 0, "tk_core", 0),
      release: this.#read((prog, address) => prog.string(address, release), uts, "init_uts_ns", ""),
      totalForks: this.#read((prog) => prog.variable("total_forks"), 0, "total_forks", 0),
      tasks: this.#tasks,
      namespaces: [],
      glimpsed: [],
      problems: this.#problems,
      omitted: this.#omitted,
    };
    this.#walk();
    // The clock moves in ticks, and a task may have started since the last.
    for (const { startTimeNs } of this.#tasks) view.bootTimeNs = Math.max(view.bootTimeNs, startTimeNs);
    for (const namespace of this.#namespaces.values()) if (namespace) view.namespaces.push(namespace);
    this.#sayWhatIsLeftOut();
    return view;
  }

  #walk(): void {
    try {
      if (this.#walkList(processes(this.#prog), "init_task.tasks")) return;
      // Beyond a broken link the list can still be reached from its other end.
      this.#walkList(processesReverse(this.#prog), "init_task.tasks, from its end");
    } catch (error) {
      if (!(error instanceof BoundReached)) throw error;
    }
  }

  /** True when the list came to its end. */
  #walkList(leaders: Generator<number>, where: string): boolean {
    try {
      for (const leader of leaders) {
        if (this.#seen.has(leader)) {
          this.#problem(where, `the list comes back to ${hex(leader)}, which it has passed before`);
          return false;
        }
        this.#addProcess(leader);
      }
      return true;
    } catch (error) {
      if (!(error instanceof MemoryFault)) throw error;
      this.#problem(where, error.message);
      return false;
    }
  }

  #addProcess(leader: number): void {
    this.#addTask(leader);
    if (this.#read(singleThreaded, leader, "task_struct", true)) return;
    const where = `task_struct(${hex(leader)}).signal->thread_head`;
    try {
      for (const thread of threads(this.#prog, leader)) {
        if (thread === leader) continue;
        if (this.#seen.has(thread)) {
          this.#problem(where, `the list comes back to ${hex(thread)}, which it has passed before`);
          return;
        }
        this.#addTask(thread);
      }
    } catch (error) {
      if (!(error instanceof MemoryFault)) throw error;
      this.#problem(where, error.message);
    }
  }

  #addTask(task: number): void {
    this.#seen.add(task);
    if (this.#seen.size > MAX_TASKS) {
      this.#omitted.push(`Only the first ${MAX_TASKS} tasks are shown.`);
      throw new BoundReached();
    }
    if (this.#seen.size % TASKS_PER_CLOCK_CHECK === 0 && this.#now() > this.#deadline) {
      this.#omitted.push(
        `Only the first ${this.#tasks.length} tasks are shown: reading them took ${MAX_OBSERVE_MS} ms.`,
      );
      throw new BoundReached();
    }
    // A reaped task loses its pid a few instructions before it leaves the list.
    if (this.#read(taskThreadPid, task, "task_struct", 1) === 0) return;
    const { argv, truncated } = this.#commandLine(task);
    this.#tasks.push({
      address: task,
      pid: this.#read(taskPid, task, "task_struct", 0),
      tgid: this.#read(taskTgid, task, "task_struct", 0),
      pids: this.#read(taskPids, task, "task_struct", NO_PIDS),
      ppid: this.#read(taskParentPid, task, "task_struct", 0),
      comm: this.#read(taskComm, task, "task_struct", ""),
      argv,
      argvTruncated: truncated,
      state: this.#read(taskState, task, "task_struct", "X"),
      uid: this.#read(taskUid, task, "task_struct", 0),
      gid: this.#read(taskGid, task, "task_struct", 0),
      startTimeNs: this.#read(taskStartTime, task, "task_struct", 0),
      kernelThread: this.#read(isKernelThread, task, "task_struct", false),
      namespaces: this.#taskNamespaces(task),
      cgroup: this.#cgroup(task),
    });
  }

  #commandLine(task: number): CommandLine {
    const mm = this.#read(taskMm, task, "task_struct", 0);
    if (mm === 0) return NO_COMMAND_LINE;
    let commandLine = this.#commandLines.get(mm);
    if (commandLine) return commandLine;
    if (this.#argvBytes >= MAX_ARGV_TOTAL_BYTES) {
      this.#argvLeftOut++;
      return UNREAD;
    }
    commandLine = this.#read(mmCommandLine, mm, "mm_struct", UNREAD);
    for (const word of commandLine.argv) this.#argvBytes += word.length + 1;
    this.#commandLines.set(mm, commandLine);
    return commandLine;
  }

  #cgroup(task: number): string {
    const cssSet = this.#read(taskCssSet, task, "task_struct", 0);
    let path = this.#cgroups.get(cssSet);
    if (path === undefined) {
      path = this.#read(cssSetPath, cssSet, "css_set", "");
      this.#cgroups.set(cssSet, path);
    }
    return path;
  }

  #taskNamespaces(task: number): Inums {
    const nsproxy = this.#read(taskNsproxy, task, "task_struct", 0);
    const pidNamespace = this.#read(activePidNamespace, task, "task_struct", 0);
    const userNamespace = this.#read(taskUserNamespace, task, "task_struct", 0);
    let shared = this.#shared.get(nsproxy);
    if (shared?.pidNamespace === pidNamespace && shared.userNamespace === userNamespace) return shared.inums;
    const inums = shared ? { ...shared.inums } : this.#nsproxyInums(nsproxy);
    inums.pid = this.#inum(pidNamespace, "pid");
    inums.user = this.#inum(userNamespace, "user");
    shared = { inums, pidNamespace, userNamespace };
    this.#shared.set(nsproxy, shared);
    return inums;
  }

  #nsproxyInums(nsproxy: number): Inums {
    const inums = { ...NO_INUMS };
    if (nsproxy === 0) return inums;
    for (const kind of NSPROXY_KINDS) {
      inums[kind] = this.#inum(this.#read(nsproxyNamespaceByKind[kind], nsproxy, "nsproxy", 0), kind);
    }
    return inums;
  }

  /** Inode number of a namespace, which joins the picture with its parents and owners. */
  #inum(address: number, kind: NamespaceKind): number {
    if (address === 0) return 0;
    const known = this.#namespaces.get(key(address, kind));
    if (known) return known.inum;
    this.#read((prog) => visitNamespaces(prog, address, kind, this.#visit), address, NAMESPACE_STRUCT[kind], undefined);
    return this.#namespaces.get(key(address, kind))?.inum ?? 0;
  }

  readonly #visit = (address: number, kind: NamespaceKind): boolean => {
    if (this.#namespaces.has(key(address, kind))) return false;
    if (this.#namespaces.size >= MAX_NAMESPACES) {
      this.#namespacesLeftOut++;
      return false;
    }
    const read: Reader<Namespace | undefined> = namespaceByKind[kind];
    const namespace = this.#read(read, address, NAMESPACE_STRUCT[kind], undefined);
    this.#namespaces.set(key(address, kind), namespace);
    return namespace !== undefined;
  };

  /** Reads one fact; a fault is listed, with the C path found by reading again under a trace. */
  #read<T>(reader: Reader<T>, address: number, root: string, fallback: T): T {
    try {
      return reader(this.#prog, address);
    } catch (error) {
      if (!(error instanceof MemoryFault)) throw error;
      this.#problem(this.#locate(reader, address, root), error.message);
      return fallback;
    }
  }

  #locate(reader: Reader<unknown>, address: number, root: string): string {
    if (this.#problems.length >= MAX_PROBLEMS) return root;
    const trace = new Trace(this.#prog.info, this.#prog.memory);
    trace.root(address, `${root}(${hex(address)})`);
    try {
      reader(trace, address);
    } catch (error) {
      if (!(error instanceof MemoryFault)) throw error;
    }
    return trace.at || root;
  }

  #problem(where: string, what: string): void {
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push({ where, what });
    else this.#problemsLeftOut++;
  }

  #sayWhatIsLeftOut(): void {
    const say = (count: number, sentence: string) => {
      if (count > 0) this.#omitted.push(sentence);
    };
    say(this.#argvLeftOut, `The command lines of ${this.#argvLeftOut} tasks are left out: together they are too long.`);
    say(this.#namespacesLeftOut, `Only the first ${MAX_NAMESPACES} namespaces are shown.`);
    say(this.#problemsLeftOut, `${this.#problemsLeftOut} more problems are not listed.`);
  }
}

/** Structures of two kinds at one address happen in torn memory; they stay two. */
function key(address: number, kind: NamespaceKind): number {
  return address * NAMESPACE_KINDS.length + NAMESPACE_KINDS.indexOf(kind);
}
