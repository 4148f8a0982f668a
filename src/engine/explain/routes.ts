/** `POST /glassbox/explain`: what requests would do. The engine itself answers them, with hands that only write down. */
import { ApiError, badParameter } from "../api/error";
import { router, type Call, type Routes } from "../api/router";
import type { Context } from "../context";
import { createEvents } from "../events";
import { createParts, operations, restoreParts, type Sources } from "../parts";
import { noGuest, notingHands, type Note } from "./note";
import { explanation, type Section } from "./text";

/** A request that was not made; `{id}` in a path stands for what the first one makes. */
interface ExplainedRequest {
  method: string;
  path: string;
  query?: Record<string, string>;
  body?: unknown;
}

const MAX_REQUESTS = 16;
/** Some requests wait for what only happens when something is done. */
const PATIENCE_MS = 500;
/** They only carry bytes, or wait. */
const WITHOUT_PLAN = /\/(attach|wait|resize|logs)$/;

export function routes(context: Context, sources: Sources): Routes {
  return {
    "POST /glassbox/explain": async (call) => {
      const { argv, requests } = await asked(call);
      let notes: Note[] = [];
      const shadow = createParts(
        {
          ...context,
          guest: noGuest,
          events: createEvents(context.nowNs),
          boxd: notingHands(context.boxd, (note) => notes.push(note)),
        },
        sources,
      );
      await restoreParts(shadow);
      const answer = router(operations(shadow));
      const sections: Section[] = [];
      let id = "{id}";
      for (const request of requests) {
        if (WITHOUT_PLAN.test(request.path)) continue;
        notes = [];
        const path = request.path.replaceAll("{id}", id);
        const section: Section = { method: request.method, path, notes };
        sections.push(section);
        const query = new URLSearchParams(request.query).toString();
        const init = {
          method: request.method,
          ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
        };
        const response = await soon(answer(new Request(`http://docker${path}${query ? `?${query}` : ""}`, init)));
        if (response === undefined) section.refusal = "what follows depends on what happens then.";
        else if (response instanceof Response && response.status >= 400) {
          const { message } = (await response.json()) as { message: string };
          // Of the first request that is the answer; later ones may need what was not done.
          if (sections.length === 1) throw new ApiError(response.status, message);
          section.refusal = message;
        } else if (response instanceof Response && sections.length === 1)
          id = ((await response.json().catch(() => ({}))) as { Id?: string }).Id ?? id;
        if (section.refusal !== undefined) break;
      }
      shadow.containers.close();
      const first = requests[0]?.body as { AttachStdout?: boolean } | undefined;
      return new Response(explanation(argv, sections, first?.AttachStdout ?? true), {
        headers: { "content-type": "text/plain; charset=utf-8" },
      });
    },
  };
}

async function asked(call: Call): Promise<{ argv: string[]; requests: ExplainedRequest[] }> {
  const { argv, requests } = await call.json<{ argv?: unknown; requests?: unknown }>();
  const words = Array.isArray(argv) ? argv.filter((word) => typeof word === "string") : [];
  if (!Array.isArray(requests) || requests.length === 0 || requests.length > MAX_REQUESTS)
    throw badParameter(`requests: a list of 1 to ${MAX_REQUESTS} requests is expected`);
  for (const request of requests as Partial<ExplainedRequest>[])
    if (typeof request?.method !== "string" || typeof request.path !== "string" || !request.path.startsWith("/"))
      throw badParameter("requests: each has a method and a path");
  return { argv: words, requests: requests as ExplainedRequest[] };
}

async function soon<T>(promise: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), PATIENCE_MS)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
