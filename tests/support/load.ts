/** A seeded random load for the guest: processes that fork, unshare and move, then stand still until the next round. */
import type { Task } from "../../src/protocol/task";
import type { KernelView } from "../../src/protocol/view";
import { random } from "./hostile";
import { writeFileCommand } from "./static-program";
import { threadsProgram } from "./threads-program";

/** With more sleepers than this, the next operation ends some. */
const MAX_SLEEPERS = 24;
const FLAGS = ["-m", "-u", "-i", "-n", "-C", "-T"];
const CGROUPS = ["/load", "/load/a", "/load/a/b", "/load/c"];

/** Every process of the load ends up as `sleep ID`, by which it is known; the value says whether it was stopped. */
type Sleepers = Map<string, { stopped: boolean }>;

export class Load {
  readonly seed: number;
  readonly #next: () => number;
  readonly #sleepers: Sleepers = new Map();
  #lastId = 100_000;

  constructor(seed: number) {
    this.seed = seed;
    this.#next = random(seed);
  }

  /** The script that must run once before the first round. */
  prepare(): string {
    const make = CGROUPS.map((cgroup) => `mkdir -p /sys/fs/cgroup${cgroup}`);
    return [...make, writeFileCommand("/tmp/threads", threadsProgram(3))].join("\n");
  }

  /** The script of the next round. The picture tells where the processes of earlier rounds are. */
  round(view: KernelView): string {
    const targets = view.tasks.filter((task) => this.owns(task));
    const lines = [`start() { setsid "$@" </dev/null >/dev/null 2>&1 & }`];
    for (let count = 1 + this.#below(3); count > 0; count--) lines.push(this.#operation(view, targets));
    return lines.join("\n");
  }

  /** True when every process is where the last round wants it. */
  settled(view: KernelView): boolean {
    const asleep = new Map(view.tasks.filter(isSleeper).map((task) => [task.argv[1], task]));
    if (asleep.size !== this.#sleepers.size) return false;
    return [...this.#sleepers].every(([id, { stopped }]) => asleep.get(id)?.state === (stopped ? "T" : "S"));
  }

  /** True for the processes of the load. */
  owns(task: Task): boolean {
    return isSleeper(task) && this.#sleepers.has(task.argv[1]);
  }

  /** `targets` are processes that no operation of this round has touched. */
  #operation(view: KernelView, targets: Task[]): string {
    if (this.#sleepers.size > MAX_SLEEPERS) return this.#kill(view, targets, 8);
    switch (this.#below(targets.length > 0 ? 10 : 5)) {
      case 0:
      case 1:
        return `start unshare ${this.#flags()} ${this.#sleep()}`;
      case 2:
        // A process in namespaces of its own, and its child in others.
        return `start unshare ${this.#flags()} sh -c 'unshare ${this.#flags()} ${this.#sleep()} & exec ${this.#sleep()}'`;
      case 3:
        // Threads and a zombie, under a parent that never waits.
        return `start sh -c '/tmp/threads & sleep 0 & exec ${this.#sleep()}'`;
      case 4: {
        const [uid, gid] = [this.#below(3) * 1000, this.#below(100)];
        return `start setpriv --reuid ${uid} --regid ${gid} --clear-groups ${this.#sleep()}`;
      }
      case 5:
      case 6:
        return `echo ${this.#take(targets).pid} > /sys/fs/cgroup${CGROUPS[this.#below(CGROUPS.length)]}/cgroup.procs`;
      case 7:
        return this.#stopOrContinue(this.#take(targets));
      case 8:
        return `nsenter -t ${this.#take(targets).pid} -u hostname host${this.#below(1000)}`;
      default:
        return this.#kill(view, targets, 1);
    }
  }

  #flags(): string {
    const flags = FLAGS.filter(() => this.#next() < 0.4);
    if (this.#next() < 0.4) flags.push("-pf");
    if (this.#next() < 0.3) flags.push("-U --map-root-user");
    return flags.join(" ") || "-u";
  }

  #sleep(): string {
    const id = String(++this.#lastId);
    this.#sleepers.set(id, { stopped: false });
    return `sleep ${id}`;
  }

  #stopOrContinue(task: Task): string {
    const sleeper = this.#sleepers.get(task.argv[1])!;
    sleeper.stopped = !sleeper.stopped;
    return `kill -${sleeper.stopped ? "STOP" : "CONT"} ${task.pid}`;
  }

  /** Ends processes with their children, and with all that live in a pid namespace whose first process ends. */
  #kill(view: KernelView, targets: Task[], count: number): string {
    const doomed = new Set<Task>();
    const doom = (task: Task): void => {
      if (doomed.has(task)) return;
      doomed.add(task);
      const first = task.pids.length > 1 && task.pids.at(-1)!.pid === 1;
      for (const other of view.tasks) {
        const inside = first && other.pids.some(({ namespace }) => namespace === task.namespaces.pid);
        if (inside || (other.ppid === task.pid && other.state !== "Z")) doom(other);
      }
    };
    for (; count > 0 && targets.length > 0; count--) doom(this.#take(targets));
    for (const task of doomed) {
      this.#sleepers.delete(task.argv[1]);
      if (targets.includes(task)) targets.splice(targets.indexOf(task), 1);
    }
    // One that another took along is gone already.
    return doomed.size === 0 ? ":" : `kill -9 ${[...doomed].map((task) => task.pid).join(" ")} 2>/dev/null || :`;
  }

  #take(targets: Task[]): Task {
    return targets.splice(this.#below(targets.length), 1)[0];
  }

  #below(limit: number): number {
    return Math.floor(this.#next() * limit);
  }
}

function isSleeper(task: Task): boolean {
  return task.comm === "sleep" && task.argv[0] === "sleep" && Number(task.argv[1]) > 100_000;
}
