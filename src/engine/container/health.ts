/** Health checks of containers : a probe now and then, as long as they run. */
import type { ContainerState, HealthcheckResult } from "../../protocol/docker";
import { formatInstant, type Context } from "../context";
import type { Container } from "./container";
import type { Containers } from "./containers";
import { emitContainerEvent } from "./event";
import type { Execs } from "./execs";
import { afterProbe, DEFAULT_TIMEOUT_NS, nextProbeNs, NS_PER_MS, probeCommand } from "./health-config";
import { runProbe } from "./probe";

/** The longest delay that a timer takes. */
const MAX_DELAY_MS = 2 ** 31 - 1;

interface Watch {
  timer?: ReturnType<typeof setTimeout>;
  /** Ends a probe that is under way. */
  over: AbortController;
}

/** Probes of all running containers. It hears of them by events, so that nobody who starts or stops one has to know of it. */
export class HealthChecks {
  #context: Context;
  #containers: Containers;
  #execs: Execs;
  #watches = new Map<string, Watch>();
  #unlisten: () => void;

  constructor(context: Context, containers: Containers, execs: Execs) {
    this.#context = context;
    this.#containers = containers;
    this.#execs = execs;
    this.#unlisten = context.events.listen(({ Type, Action, Actor }) => {
      if (Type !== "container") return;
      const container = containers.all().find(({ id }) => id === Actor.ID);
      if (Action === "start") this.#begin(container);
      else if (Action === "unpause") this.#watch(container);
      else if (Action === "pause") this.#stop(Actor.ID);
      else if (Action === "die") this.#end(container, Actor.ID);
    });
  }

  /** Goes on with containers that run since an engine before this one. */
  restore() {
    for (const container of this.#containers.all()) if (isProbed(container.record.state)) this.#watch(container);
  }

  #begin(container: Container | undefined) {
    if (!container) return;
    this.#stop(container.id);
    const { config, state } = container.record;
    delete state.Health;
    if (!probeCommand(config.Healthcheck, config.Shell)) return;
    state.Health = { Status: "starting", FailingStreak: 0, Log: [] };
    this.#watch(container);
  }

  #end(container: Container | undefined, id: string) {
    this.#stop(id);
    // As Docker has it: nobody can say any more that it is well.
    const health = container?.record.state.Health;
    if (health) health.Status = "unhealthy";
  }

  #stop(id: string) {
    const watch = this.#watches.get(id);
    clearTimeout(watch?.timer);
    watch?.over.abort();
    this.#watches.delete(id);
  }

  #watch(container: Container | undefined) {
    if (
      !container?.record.state.Health ||
      !probeCommand(container.record.config.Healthcheck, container.record.config.Shell)
    )
      return;
    this.#stop(container.id);
    const watch: Watch = { over: new AbortController() };
    this.#watches.set(container.id, watch);
    this.#schedule(container, watch);
  }

  #schedule(container: Container, watch: Watch) {
    const { config, state } = container.record;
    const ns = nextProbeNs(config.Healthcheck ?? {}, state.Health?.Status ?? "none", this.#sinceStartNs(state));
    watch.timer = setTimeout(() => void this.#probe(container, watch), Math.min(ns / NS_PER_MS, MAX_DELAY_MS));
  }

  #sinceStartNs({ StartedAt }: ContainerState): number {
    return Number(this.#context.nowNs()) - Date.parse(StartedAt) * NS_PER_MS;
  }

  async #probe(container: Container, watch: Watch): Promise<void> {
    const { config, state } = container.record;
    const health = config.Healthcheck ?? {};
    const sinceStartNs = this.#sinceStartNs(state);
    const start = this.#context.nowNs();
    const { exitCode, output } = await runProbe(
      { context: this.#context, execs: this.#execs },
      container,
      probeCommand(health, config.Shell) ?? [],
      { timeoutNs: health.Timeout || DEFAULT_TIMEOUT_NS, signal: watch.over.signal },
    );
    // It ended or was paused meanwhile: the answer says nothing about it.
    if (watch.over.signal.aborted || !state.Health) return;
    const result: HealthcheckResult = {
      Start: formatInstant(start),
      End: formatInstant(this.#context.nowNs()),
      ExitCode: exitCode,
      Output: output,
    };
    const former = state.Health.Status;
    state.Health = afterProbe(state.Health, result, health, sinceStartNs);
    if (state.Health.Status !== former)
      emitContainerEvent(this.#context, container.record, `health_status: ${state.Health.Status}`);
    this.#schedule(container, watch);
  }

  /** Ends what it does by itself. */
  close() {
    this.#unlisten();
    for (const id of [...this.#watches.keys()]) this.#stop(id);
  }
}

function isProbed({ Running, Paused, Health }: ContainerState): boolean {
  return Running && !Paused && Health !== undefined;
}
