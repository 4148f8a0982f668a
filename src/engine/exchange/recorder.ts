/** Requests, answers and plans, told to who looks on. What nobody looks at costs nothing. */
import type { Activity, Client, Exchange, TakenPlan, TakenStep } from "../../protocol/exchange";
import { explain } from "../../plan/explain";
import type { Plan } from "../../plan/step";
import type { Answer } from "../api/router";
import type { Duplex } from "../http/connection";
import { through, watch } from "./excerpt";

export type Listener = (activity: Activity) => void;

/** A plan with what came of it, as boxd's side tells. */
export interface Taken {
  plan: Plan;
  /** Milliseconds since 1970. */
  startedAt: number;
  durationMs: number;
  pid?: number;
  failure?: { step: number; message: string };
}

export interface Recorder {
  /** @returns what ends the listening */
  listen(listener: Listener): () => void;
  /** Answers a request by `handle`, and tells of it. */
  record(request: Request, client: Client, handle: (request: Request) => Promise<Answer>): Promise<Answer>;
  took(taken: Taken): void;
  tell(activity: Activity): void;
}

/** Requests that wait for something others do; no plan is taken for them. */
const WAITING = /\/(wait|attach|logs|events|resize|stats)(\?|$)/;

/** @param epochMs milliseconds since 1970 */
export function createRecorder(epochMs: () => number): Recorder {
  const listeners = new Set<Listener>();
  /** Requests that may be the reason of a plan, oldest first. */
  const open: Exchange[] = [];
  let lastExchange = 0;
  let lastPlan = 0;

  function tell(activity: Activity) {
    for (const listener of [...listeners]) listener(activity);
  }

  /** The request that a plan is for: the latest one still open that names its object, or else the latest one. */
  function reason(plan: Plan): number | undefined {
    if (open.length <= 1) return open.at(0)?.id;
    const text = JSON.stringify(plan);
    const named = open.findLast(({ target }) => {
      const id = /\/(?:containers|exec|networks|volumes)\/([0-9a-f]{12,64})/.exec(target)?.[1];
      return id !== undefined && text.includes(id);
    });
    return (named ?? open.at(-1))?.id;
  }

  async function record(request: Request, client: Client, handle: (request: Request) => Promise<Answer>) {
    if (listeners.size === 0) return handle(request);
    const url = new URL(request.url);
    const startedAt = epochMs();
    const sent = watch(request.headers.get("content-type"));
    const exchange: Exchange = {
      id: ++lastExchange,
      client,
      method: request.method,
      target: url.pathname + url.search,
      startedAt,
      requestHeaders: [...request.headers],
      request: sent.excerpt,
      responseHeaders: [],
      response: { sizeBytes: 0, cut: false },
      stream: false,
    };
    const news = () => tell({ kind: "exchange", exchange: structuredClone(exchange) });
    const mayAct = request.method !== "GET" && request.method !== "HEAD" && !WAITING.test(exchange.target);
    if (mayAct) open.push(exchange);
    const over = () => {
      if (exchange.endedMs !== undefined) return;
      exchange.endedMs = epochMs() - startedAt;
      const at = open.indexOf(exchange);
      if (at >= 0) open.splice(at, 1);
      news();
    };
    news();
    const watched = request.body
      ? new Request(request, { body: through(request.body, sent, () => {}), duplex: "half" } as RequestInit)
      : request;
    const answer = await handle(watched).catch((error: unknown) => {
      over();
      throw error;
    });
    exchange.answeredMs = epochMs() - startedAt;
    if (!(answer instanceof Response)) {
      exchange.status = 101;
      exchange.stream = true;
      exchange.responseHeaders = [["content-type", answer.hijack.contentType]];
      const received = watch("application/octet-stream");
      exchange.response = received.excerpt;
      news();
      const serve = async (stream: Duplex) => {
        try {
          await answer.hijack.serve({
            readable: through(stream.readable, sent, () => {}),
            writable: watchedWritable(stream.writable, received.pass),
          });
        } finally {
          over();
        }
      };
      return { hijack: { ...answer.hijack, serve } };
    }
    exchange.status = answer.status;
    exchange.responseHeaders = [...answer.headers];
    if (!answer.body) {
      over();
      return answer;
    }
    const received = watch(answer.headers.get("content-type"));
    exchange.response = received.excerpt;
    news();
    const { status, headers } = answer;
    return new Response(through(answer.body, received, over), { status, headers });
  }

  return {
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    record,
    took(taken) {
      if (listeners.size === 0) return;
      const plan: TakenPlan = {
        id: ++lastPlan,
        exchange: reason(taken.plan),
        startedAt: taken.startedAt,
        durationMs: taken.durationMs,
        steps: takenSteps(taken.plan),
        ...(taken.pid === undefined ? {} : { task: { pid: taken.pid } }),
        ...(taken.failure ? { failure: taken.failure } : {}),
      };
      tell({ kind: "plan", plan });
    },
    tell,
  };
}

function takenSteps(plan: Plan): TakenStep[] {
  return explain(plan).map(({ number, depth, kind, command, why, call }) => ({
    number,
    depth,
    kind,
    command,
    why: why.join(" "),
    call,
  }));
}

/** The same stream, its bytes shown to `pass` as they are taken. */
function watchedWritable(stream: WritableStream<Uint8Array>, pass: (bytes: Uint8Array) => void) {
  const writer = stream.getWriter();
  return new WritableStream<Uint8Array>({
    start: (controller) => void writer.closed.catch((error: unknown) => controller.error(error)),
    write(bytes) {
      pass(bytes);
      return writer.write(bytes);
    },
    close: () => writer.close(),
    abort: (reason) => writer.abort(reason),
  });
}
