/** `GET /containers/{id}/stats`: what a container uses, once or once a second. */
import type { ContainerStats } from "../../protocol/docker";
import type { Container } from "../container/container";
import { noStats, readStatsFiles, statsOf } from "../container/stats";
import type { Parts } from "../parts";
import { badParameter } from "./error";
import { flag, json, type Call, type Routes } from "./router";

/** As often as Docker looks (moby `daemon/stats`, the collector's interval). */
const INTERVAL_MS = 1000;

export function routes(parts: Parts): Routes {
  return {
    "GET /containers/:id/stats": async (call) => {
      const container = parts.containers.find(call.params.id);
      const stream = flag(call.query, "stream", true);
      const oneShot = flag(call.query, "one-shot");
      if (stream && oneShot) throw badParameter("cannot have stream=true and one-shot=true");
      if (stream) return streamed(parts, container, call);
      const first = await look(parts, container);
      if (oneShot || first.pids_stats.current === undefined) return json(first);
      // Shares of time are worked out from two looks.
      await pause(INTERVAL_MS, call.signal);
      return json(await look(parts, container, first));
    },
  };
}

async function look({ context, about }: Parts, container: Container, before?: ContainerStats): Promise<ContainerStats> {
  if (!container.running || container.record.state.Restarting) return noStats(container);
  const files = await readStatsFiles(context, container);
  // It may have ended meanwhile, and its cgroup with it.
  if (files["cpu.stat"] === "") return noStats(container);
  return statsOf(container, files, context.nowNs(), about().memoryBytes, before);
}

/** A line a second until the client goes or the container is removed. */
function streamed(parts: Parts, container: Container, call: Call): Response {
  const over = new AbortController();
  const end = () => over.abort();
  call.signal.addEventListener("abort", end);
  void container.wait("removed").then(end);
  let before: ContainerStats | undefined;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (before) await pause(INTERVAL_MS, over.signal);
        if (over.signal.aborted) return controller.close();
        before = await look(parts, container, before);
        controller.enqueue(new TextEncoder().encode(`${JSON.stringify(before)}\n`));
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: { "content-type": "application/json" } });
}

/** Resolves after a time, or as soon as nobody waits any more. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    if (signal.aborted) done();
    else signal.addEventListener("abort", done);
  });
}
