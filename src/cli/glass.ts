import { ENGINE_ORIGIN, createApi, failureOf } from "./api";
import type { Api } from "./api";
import { CliFailure, Exit } from "./failure";
import type { Cli } from "./io";
import { declareOptions } from "./options";

/** What Docker has not: every command that changes something takes these. */
export const GLASS_OPTIONS = declareOptions(`
  --explain  Show the plan and its reasons, and change nothing
  --trace    Show what the engine and the kernel do
`);

export const TRACE_HEADER = "X-Glassbox-Trace";

/** A request that was not made, for `POST /glassbox/explain`. `path` is without version and query. */
export interface ExplainedRequest {
  method: string;
  path: string;
  query: Record<string, string>;
  /** The JSON that would be sent; absent for none, and for streams. */
  body?: unknown;
}

export interface ExplainRequest {
  argv: string[];
  /** The first in full; what would follow has no body. `{id}` stands for what the first one makes. */
  requests: ExplainedRequest[];
}

const pipeText = async (body: ReadableStream<Uint8Array> | null, write: (bytes: Uint8Array) => Promise<void>) => {
  if (!body) return;
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    await write(value);
  }
};

/**
 * An API that reads as usual and stops at the first request that would change something: the engine is asked to explain
 * it, the answer is printed, and the command is over.
 */
export const explainingApi = (
  io: Cli,
  argv: string[],
  signal: AbortSignal,
  out: (bytes: Uint8Array) => Promise<void>,
): Api => {
  const plain = createApi(io, {}, signal);
  const explain = async (method: string, path: string, ask: Parameters<Api["send"]>[2] = {}): Promise<never> => {
    const query = Object.entries(ask.query ?? {}).flatMap(([name, value]) =>
      value === undefined || value === false ? [] : [[name, value === true ? "1" : String(value)]],
    );
    const request: ExplainRequest = {
      argv,
      requests: [
        { method, path, query: Object.fromEntries(query), body: ask.json },
        ...(ask.then ?? []).map((text) => {
          const [thenMethod, thenPath] = text.split(" ");
          return { method: thenMethod, path: thenPath, query: {} };
        }),
      ],
    };
    await ask.body?.cancel();
    const response = await io.fetch(
      new Request(`${ENGINE_ORIGIN}/glassbox/explain`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(request),
      }),
    );
    if (!response.ok) {
      const failure = await failureOf(response.status, response.statusText, "/glassbox/explain", response.body);
      throw failure.message.includes("page not found") ? new CliFailure("This engine does not explain.") : failure;
    }
    await pipeText(response.body, out);
    throw new Exit(0);
  };
  const reads = (method: string): boolean => method === "GET" || method === "HEAD";
  return {
    send: (method, path, ask) => (reads(method) ? plain.send(method, path, ask) : explain(method, path, ask)),
    stream: (method, path, ask) => (reads(method) ? plain.stream(method, path, ask) : explain(method, path, ask)),
    json: (method, path, ask) => (reads(method) ? plain.json(method, path, ask) : explain(method, path, ask)),
    done: (method, path, ask) => (reads(method) ? plain.done(method, path, ask) : explain(method, path, ask)),
    upgrade: (path, ask) => explain("POST", path, ask),
  };
};

export interface Tracing {
  api: Api;
  /** Resolves when everything the engine said has been printed. */
  finish(): Promise<void>;
}

/** An API whose requests ask for a trace; each trace is printed while it comes. */
export const tracingApi = (io: Cli, signal: AbortSignal, err: (bytes: Uint8Array) => Promise<void>): Tracing => {
  const prints: Promise<void>[] = [];
  const print = (id: string | null): void => {
    if (!id) return;
    prints.push(
      io
        .fetch(new Request(`${ENGINE_ORIGIN}/glassbox/trace/${encodeURIComponent(id)}`))
        .then((response) => (response.ok ? pipeText(response.body, err) : response.body?.cancel()))
        .catch(() => undefined), // A trace that is gone is no failure of what was traced.
    );
  };
  return {
    api: createApi(
      {
        fetch: async (request) => {
          const response = await io.fetch(request);
          print(response.headers.get(TRACE_HEADER));
          return response;
        },
        upgrade: async (request) => {
          const upgraded = await io.upgrade(request);
          print(upgraded.headers.get(TRACE_HEADER));
          return upgraded;
        },
      },
      { [TRACE_HEADER]: "1" },
      signal,
    ),
    finish: async () => {
      await Promise.all(prints);
    },
  };
};
