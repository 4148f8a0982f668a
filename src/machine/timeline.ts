/** Changes, and the commands that caused them. */
import {
  SYSTEM_GROUP,
  type Cause,
  type CauseGroup,
  type Change,
  type TimelineBatch,
  type TimelineEvent,
} from "../protocol/change";
import { TERMINAL_COUNT, type RunRequest } from "../protocol/machine";
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import { TypedLine } from "./typed-line";

/** Events kept until somebody takes them; a flood beyond it loses its oldest. */
const MAX_PENDING_EVENTS = 4096;
/** Lines entered and not yet seen to begin. */
const MAX_PENDING_LINES = 256;
/** Of a command in a timeline. */
const MAX_COMMAND_CHARACTERS = 512;
/** Addresses remembered of tasks that a command began; one that ended may have done something that is seen later. */
const MAX_ADDRESSES = 4096;
/** A file that the same command writes again within this time is told of once. */
const WRITING_NS = 1e9;
const AGENT = "agent";
/** Takes in the children of what ends. */
const INIT = 1;

/** A command of the agent's that was asked for, until its process is seen. */
export interface PendingRun {
  command: string;
  purpose?: string;
  /** Set when something happened that can only be its doing. */
  group?: number;
}

/** A terminal: what was entered, and the command that runs by it now. */
class Shell {
  readonly typing = new TypedLine();
  /** Lines that no job was seen to begin for. */
  lines: (string | undefined)[] = [];
  /** Identities of the tasks that the terminal listened to when a line was entered. */
  readers = new Set<string>();
  /** Identities of the shell's children that the present line began. */
  jobs = new Set<string>();
  group: number | undefined;
}

/**
 * Groups changes under the command that caused them. A task belongs to the command that its parent belongs to; a child of
 * a shell that reads a terminal begins the line that was entered there. A change that no task is named with, and a task
 * whose parent is gone, belong to the latest command whose tasks ran since the CPU last rested; that a limit took effect,
 * to a command in that cgroup.
 */
export class Timeline {
  readonly #shells = Array.from({ length: TERMINAL_COUNT }, () => new Shell());
  #runs: PendingRun[] = [];
  /** Group of the last task that a command began at an address, also after its end. */
  #addresses = new Map<number, number>();
  /** Group of each task that a command began, by identity. */
  #groups = new Map<string, number>();
  /** When it was told that a file was written, in nanoseconds since boot, by command, layer and path. */
  #written = new Map<string, number>();
  #lastId = 0;
  #lastGroup = SYSTEM_GROUP;
  #newGroups: CauseGroup[] = [];
  #events: TimelineEvent[] = [];

  /** Somebody typed into a terminal (from 0). */
  typed(terminal: number, bytes: Uint8Array, view: KernelView | undefined): void {
    const shell = this.#shells[terminal];
    const entered = shell.typing.type(bytes);
    if (entered.length === 0) return;
    // With nothing but the shell in front of the terminal, what was entered before has been carried out.
    const reading = view?.tasks.filter((task) => task.foreground && terminalOf(task) === terminal) ?? [];
    const busy = reading.some((task) => this.#groups.has(identity(task)) && task.state !== "S");
    shell.readers = new Set(reading.map(identity));
    shell.lines = [...(busy ? shell.lines : []), ...entered].slice(-MAX_PENDING_LINES);
  }

  /** The agent was asked to run something; tell `finished` of what this returns. */
  ran({ argv, script, purpose }: RunRequest): PendingRun {
    const command = (script ?? argv?.join(" ") ?? "").trim().slice(0, MAX_COMMAND_CHARACTERS);
    const run: PendingRun = { command, ...(purpose && { purpose }) };
    this.#runs.push(run);
    if (this.#runs.length > MAX_PENDING_LINES) this.#runs.shift();
    return run;
  }

  /** A command of the agent's has ended. If nothing was seen of it, the next process is another's. */
  finished(run: PendingRun): void {
    this.#runs = this.#runs.filter((one) => one !== run);
  }

  /** Takes what happened between two pictures. `active` are the addresses of tasks that ran in between. */
  add(changes: readonly Change[], before: KernelView, after: KernelView, active: ReadonlySet<number>): void {
    if (changes.length === 0) return;
    const tasks = new Map<number, Task>();
    for (const task of before.tasks) tasks.set(task.address, task);
    for (const task of after.glimpsed) tasks.set(task.address, task);
    for (const task of after.tasks) tasks.set(task.address, task);
    const parents = new Map<number, Task>();
    for (const task of tasks.values()) if (task.pid === task.tgid) parents.set(task.pid, task);
    // What ran and ended between two slices is known by its end alone.
    const acted = new Set(active);
    for (const change of changes) if ("task" in change && change.task) acted.add(change.task.address);
    let ofActive: number | undefined;
    const byActive = () => (ofActive ??= this.#groupOfActive(acted, tasks, after));
    for (const change of changes) {
      let group: number | undefined;
      if ("task" in change && change.task) {
        const task = tasks.get(change.task.address);
        if (task)
          group = change.type === "fork" ? this.#born(task, parents, byActive, after) : this.#groupOf(task, after);
      }
      if (change.type === "throttled" || change.type === "oom-kill" || change.type === "fork-refused")
        group = this.#groupOfMembers(change.cgroup.path, tasks);
      group ??= byActive();
      if (this.#completes(change, group, after.bootTimeNs)) continue;
      this.#events.push({ id: ++this.#lastId, atNs: after.bootTimeNs, group, change });
    }
    if (this.#events.length > MAX_PENDING_EVENTS) this.#events.splice(0, this.#events.length - MAX_PENDING_EVENTS);
    this.#forgetEnded(tasks);
  }

  /** What was added since the last time; undefined for nothing. */
  take(): TimelineBatch | undefined {
    if (this.#events.length === 0) return undefined;
    const batch = { groups: this.#newGroups, events: this.#events };
    this.#newGroups = [];
    this.#events = [];
    return batch;
  }

  /** A command that makes, empties or writes a file at once did one thing, even if somebody looked in between. */
  #completes(change: Change, group: number, atNs: number): boolean {
    if (change.type !== "file-created" && change.type !== "copied-up" && change.type !== "file-changed") return false;
    for (const [file, writtenAtNs] of this.#written) if (atNs - writtenAtNs > WRITING_NS) this.#written.delete(file);
    const key = `${group}:${change.file.layer}:${change.file.path}`;
    if (change.type === "file-changed" && this.#written.has(key)) return true;
    this.#written.set(key, atNs);
    return false;
  }

  /** Of a new task. One whose parent was gone before anybody looked is the doing of what ran: `byActive`. */
  #born(task: Task, parents: ReadonlyMap<number, Task>, byActive: () => number, view: KernelView): number {
    this.#addresses.delete(task.address);
    const parent = parents.get(task.pid === task.tgid ? task.ppid : task.tgid);
    const orphan = !parent || parent.pid === INIT;
    const group = orphan ? (task.kernelThread ? SYSTEM_GROUP : byActive()) : this.#inherited(task, parent, view);
    if (group !== SYSTEM_GROUP) {
      this.#groups.set(identity(task), group);
      this.#addresses.set(task.address, group);
    }
    return group;
  }

  #inherited(task: Task, parent: Task, view: KernelView): number {
    const shell = this.#shellOf(parent);
    if (shell !== undefined) return this.#startJob(shell, task, view);
    if (parent.comm === AGENT && parent.ppid === 1) {
      const run = this.#runs.shift();
      return run === undefined ? SYSTEM_GROUP : this.#beginRun(run, view);
    }
    return this.#groups.get(identity(parent)) ?? SYSTEM_GROUP;
  }

  /** A task that somebody's lines are read by: a shell at a terminal, also one that a command started. */
  #shellOf(task: Task): number | undefined {
    const terminal = terminalOf(task);
    if (terminal === undefined || task.pgid !== task.pid) return undefined;
    // The login shell is nobody's command; another one is a shell if lines were entered while it was in front.
    if (!this.#groups.has(identity(task)) || isLoginShell(task)) return terminal;
    return this.#shells[terminal].readers.has(identity(task)) ? terminal : undefined;
  }

  #startJob(terminal: number, task: Task, view: KernelView): number {
    const shell = this.#shells[terminal];
    // Lines may wait for their turn; a pipeline's members are begun while the others are in front of the terminal.
    const busy = view.tasks.some(
      (one) => one.foreground && one.pgid !== one.sid && shell.jobs.has(identity(one)) && one.state !== "Z",
    );
    if (shell.lines.length > 0 && !busy) this.#nextLine(shell, terminal, view);
    shell.jobs.add(identity(task));
    return (shell.group ??= this.#begin({ by: "terminal", terminal }, view));
  }

  #nextLine(shell: Shell, terminal: number, view: KernelView): number {
    const line = shell.lines.shift()?.trim();
    shell.jobs.clear();
    shell.group = this.#begin(
      { by: "terminal", terminal, ...(line && { line: line.slice(0, MAX_COMMAND_CHARACTERS) }) },
      view,
    );
    return shell.group;
  }

  /** Of a task that is there already. A shell that does something itself carries out the line that was entered. */
  #groupOf(task: Task, view: KernelView): number {
    const terminal = this.#shellOf(task);
    if (terminal === undefined) return this.#groups.get(identity(task)) ?? SYSTEM_GROUP;
    const shell = this.#shells[terminal];
    return shell.lines.length > 0 ? this.#nextLine(shell, terminal, view) : (shell.group ?? SYSTEM_GROUP);
  }

  /** The latest command of those whose tasks ran. */
  #groupOfActive(active: ReadonlySet<number>, tasks: ReadonlyMap<number, Task>, view: KernelView): number {
    let latest = SYSTEM_GROUP;
    let shell: Task | undefined;
    for (const address of active) {
      const task = tasks.get(address);
      if (!task) latest = Math.max(latest, this.#addresses.get(address) ?? SYSTEM_GROUP);
      if (!task || task.kernelThread) continue;
      if (this.#shellOf(task) !== undefined) shell = task;
      else latest = Math.max(latest, this.#groups.get(identity(task)) ?? SYSTEM_GROUP);
    }
    if (latest !== SYSTEM_GROUP) return latest;
    if (shell) return this.#groupOf(shell, view);
    // A command that was too short for its process to be seen.
    const run = this.#runs.at(-1);
    return run ? this.#beginRun(run, view) : SYSTEM_GROUP;
  }

  /** The latest command with a task in a cgroup or below it; undefined if there is none. */
  #groupOfMembers(path: string, tasks: ReadonlyMap<number, Task>): number | undefined {
    const groups = [...tasks.values()]
      .filter(({ cgroup }) => `${cgroup}/`.startsWith(`${path}/`))
      .map((task) => this.#groups.get(identity(task)) ?? SYSTEM_GROUP);
    const latest = Math.max(SYSTEM_GROUP, ...groups);
    return latest === SYSTEM_GROUP ? undefined : latest;
  }

  #beginRun(run: PendingRun, view: KernelView): number {
    return (run.group ??= this.#begin(
      { by: "command", command: run.command, ...(run.purpose && { purpose: run.purpose }) },
      view,
    ));
  }

  #begin(cause: Cause, view: KernelView): number {
    const id = ++this.#lastGroup;
    this.#newGroups.push({ id, cause, startedAtNs: view.bootTimeNs });
    return id;
  }

  #forgetEnded(tasks: ReadonlyMap<number, Task>): void {
    for (const address of this.#addresses.keys()) {
      if (this.#addresses.size <= MAX_ADDRESSES) break;
      this.#addresses.delete(address);
    }
    if (this.#groups.size < 2 * tasks.size + 64) return;
    const known = new Set([...tasks.values()].map(identity));
    for (const key of this.#groups.keys()) if (!known.has(key)) this.#groups.delete(key);
  }
}

function identity({ address, startTimeNs }: Task): string {
  return `${address}:${startTimeNs}`;
}

/** `login(1)`: the name that it is called by begins with a dash. */
function isLoginShell({ ppid, argv }: Task): boolean {
  return ppid === INIT && argv[0]?.startsWith("-") === true;
}

/** Number of the login terminal that controls the task; `hvc3` is the agent's. */
function terminalOf({ tty }: Task): number | undefined {
  const terminal = Number(/^hvc(\d)$/.exec(tty ?? "")?.[1] ?? NaN);
  return terminal < TERMINAL_COUNT ? terminal : undefined;
}
