/** The container engine: Docker's architecture, with its hands in the guest and its API on any stream. */
import { router, type Answer } from "./api/router";
import type { EventMessage } from "../protocol/docker";
import type { Client, EngineEvent } from "../protocol/exchange";
import { Boxd } from "./boxd";
import { rootPlan } from "./container/containers";
import { HealthChecks } from "./container/health";
import type { Context } from "./context";
import { createEvents } from "./events";
import { createRecorder, type Listener } from "./exchange/recorder";
import { routes as explainRoutes } from "./explain/routes";
import type { Guest } from "./guest";
import { createParts, operations, restoreParts, type Sources } from "./parts";
import { serveConnection, type Duplex } from "./http/connection";

export interface EngineOptions extends Sources {
  guest: Guest;
  random(sizeBytes: number): Uint8Array;
  /** Milliseconds since 1970. */
  epochMs(): number;
}

export interface Engine {
  /** Answers one request of the API. */
  handle(request: Request, client?: Client): Promise<Answer>;
  /** Serves the API on a connection until it is closed. */
  serve(connection: Duplex, client?: Client): Promise<void>;
  /** Tells of requests, plans and events from now on. @returns what ends that */
  watch(listener: Listener): () => void;
  /** Ends the engine; containers go on, and the next engine finds them. */
  close(): void;
}

/**
 * Starts an engine in a guest, and finds what an earlier one left there.
 * @throws PlanError when the guest lacks what every container needs
 */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { guest, random, epochMs } = options;
  const nowNs = () => BigInt(Math.round(epochMs() * 1000)) * 1000n;
  const events = createEvents(nowNs);
  const recorder = createRecorder(epochMs);
  events.listen((event) => recorder.tell({ kind: "event", event: engineEvent(event) }));
  const boxd = new Boxd(guest);
  boxd.ontook = (taken) => recorder.took(taken);
  const context: Context = { guest, boxd, events, nowNs, random };
  const parts = createParts(context, options);
  const { containers, execs } = parts;
  boxd.onexit = (exit) => {
    if (!execs.exited(exit)) void containers.exited(exit);
  };
  await boxd.take(rootPlan());
  const health = new HealthChecks(context, containers, execs);
  await restoreParts(parts);
  await containers.sweep();
  health.restore();
  const answer = router({ ...operations(parts), ...explainRoutes(context, options) });
  const handle = (request: Request, client: Client = { kind: "page" }) => recorder.record(request, client, answer);
  return {
    handle,
    serve: (connection, client) => serveConnection(connection, (request) => handle(request, client)),
    watch: (listener) => recorder.listen(listener),
    close() {
      health.close();
      containers.close();
      boxd.close();
    },
  };
}

function engineEvent({ Type, Action, Actor, timeNano }: EventMessage): EngineEvent {
  return { type: Type, action: Action, id: Actor.ID, name: Actor.Attributes.name ?? "", at: timeNano / 1e6 };
}
