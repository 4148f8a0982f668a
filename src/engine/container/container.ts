/** One container: what is remembered of it, and who waits for it at present. */
import type { ContainerStatus } from "../../protocol/docker";
import { formatInstant } from "../context";
import { containerPaths, type ContainerPaths } from "./paths";
import { NEVER, type ContainerRecord } from "./record";

/** How a run of a container ended. */
export interface Ending {
  exitCode: number;
  error?: string;
}

export type WaitCondition = "not-running" | "next-exit" | "removed";

export class Container {
  readonly record: ContainerRecord;
  readonly paths: ContainerPaths;
  /** Clients that attached before it was started: how many, and what tells them that it runs. */
  readonly waitingForStart = new Set<(started: boolean) => void>();
  /** Somebody asked it to end: no restart policy brings it back. */
  stopAsked = false;
  /** Resolves when the end that boxd tells of has been dealt with. */
  #exits = new Set<(ending: Ending) => void>();
  #removals = new Set<(ending: Ending) => void>();
  #queue: Promise<unknown> = Promise.resolve();

  constructor(record: ContainerRecord) {
    this.record = record;
    this.paths = containerPaths(record.id);
  }

  get id(): string {
    return this.record.id;
  }

  get running(): boolean {
    return this.record.state.Running;
  }

  /** One after the other: what changes its state. */
  exclusive<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(change, change);
    this.#queue = result.catch(() => {});
    return result;
  }

  started(pid: number, at: bigint) {
    Object.assign(this.record.state, {
      ...statusFlags("running"),
      Pid: pid,
      ExitCode: 0,
      Error: "",
      OOMKilled: false,
      StartedAt: formatInstant(at),
    });
  }

  paused(on: boolean) {
    Object.assign(this.record.state, statusFlags(on ? "paused" : "running"));
  }

  exited(exitCode: number, at: bigint | undefined, more: { error?: string; oomKilled?: boolean } = {}) {
    // One whose first start failed was never anything but created, as Docker has it.
    const ran = this.record.state.StartedAt !== NEVER;
    Object.assign(this.record.state, {
      ...statusFlags(ran ? "exited" : "created"),
      Pid: 0,
      ExitCode: exitCode,
      Error: more.error ?? "",
      OOMKilled: more.oomKilled ?? false,
      FinishedAt: at === undefined ? this.record.state.FinishedAt : formatInstant(at),
    });
    const ending = { exitCode };
    const waiting = [...this.#exits];
    this.#exits.clear();
    for (const resolve of waiting) resolve(ending);
  }

  removed() {
    const ending = { exitCode: this.record.state.ExitCode };
    for (const resolve of [...this.#exits, ...this.#removals]) resolve(ending);
    for (const tell of this.waitingForStart) tell(false);
  }

  /** Resolves as the condition of the API says (`ContainerWait`). */
  wait(condition: WaitCondition): Promise<Ending> {
    const { state } = this.record;
    const over = state.Status === "exited" || state.Status === "dead";
    if (condition === "not-running" && (over || (state.Status === "created" && state.FinishedAt === NEVER)))
      return Promise.resolve({ exitCode: state.ExitCode });
    return new Promise((resolve) => (condition === "removed" ? this.#removals : this.#exits).add(resolve));
  }
}

function statusFlags(status: ContainerStatus) {
  return {
    Status: status,
    // Paused is running, too, to Docker.
    Running: status === "running" || status === "paused",
    Paused: status === "paused",
    Restarting: status === "restarting",
    Dead: status === "dead",
  };
}
