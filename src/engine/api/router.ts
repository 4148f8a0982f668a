/** Requests to those who answer them, by method and path. */
import type { Hijack } from "../http/connection";
import { API_VERSION, MIN_API_VERSION } from "../../protocol/docker";
import { ApiError } from "./error";

/** A request as handlers see it. */
export interface Call {
  method: string;
  /** What stands in the path for `:name`. */
  params: Record<string, string>;
  query: URLSearchParams;
  headers: Headers;
  /** The body as JSON; an empty object when there is none. @throws ApiError 400 for what is no JSON object */
  json<T extends object>(): Promise<T>;
  body: ReadableStream<Uint8Array> | null;
  /** Aborted when the client has gone. */
  signal: AbortSignal;
}

export type Answer = Response | { hijack: Hijack };
export type Operation = (call: Call) => Promise<Answer> | Answer;

/** Operations by method and path: `GET /containers/:id/json`. `:name*` takes slashes, too. */
export type Routes = Readonly<Record<string, Operation>>;

const JSON_MAX_BYTES = 4 << 20;

export function json(value: unknown, status = 200): Response {
  return new Response(`${JSON.stringify(value)}\n`, { status, headers: { "content-type": "application/json" } });
}

export function empty(status = 204): Response {
  return new Response(null, { status });
}

/** The whole API: versions in the path, errors as JSON, and headers that clients ask for first. */
export function router(routes: Routes): (request: Request) => Promise<Answer> {
  const table = Object.entries(routes).map(([key, operation]) => {
    const [method, path] = key.split(" ");
    return { method, pattern: pathPattern(path), operation };
  });
  return async (request) => {
    const url = new URL(request.url);
    try {
      const path = unversioned(url.pathname);
      const method = request.method === "HEAD" ? ["HEAD", "GET"] : [request.method];
      const matches = table.flatMap((route) => {
        const match = route.pattern.exec(path);
        return match ? [{ ...route, match }] : [];
      });
      const route = method.flatMap((each) => matches.filter((candidate) => candidate.method === each)).at(0);
      if (!route && matches.length > 0) throw new ApiError(405, "method not allowed");
      if (!route) throw new ApiError(404, "page not found");
      const params = Object.fromEntries(
        Object.entries(route.match.groups ?? {}).map(([name, text]) => [name, decode(text)]),
      );
      const answer = await route.operation(call(request, url, params));
      return answer instanceof Response ? withEngineHeaders(answer) : answer;
    } catch (error) {
      return withEngineHeaders(errorAnswer(error));
    }
  };
}

function pathPattern(path: string): RegExp {
  const escaped = path.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replace(/:(\w+)\\\*/g, "(?<$1>.+)").replace(/:(\w+)/g, "(?<$1>[^/]+)")}$`);
}

function unversioned(path: string): string {
  const [, version, rest] = /^\/v(\d+\.\d+)(\/.*)$/.exec(path) ?? [];
  if (version === undefined) return path;
  if (compareVersions(version, API_VERSION) > 0)
    throw new ApiError(400, `client version ${version} is too new. Maximum supported API version is ${API_VERSION}`);
  if (compareVersions(version, MIN_API_VERSION) < 0)
    throw new ApiError(
      400,
      `client version ${version} is too old. Minimum supported API version is ${MIN_API_VERSION}, please upgrade your client to a newer version`,
    );
  return rest;
}

function compareVersions(a: string, b: string): number {
  const [majorA, minorA] = a.split(".").map(Number);
  const [majorB, minorB] = b.split(".").map(Number);
  return majorA - majorB || minorA - minorB;
}

function decode(text: string | undefined): string {
  try {
    return decodeURIComponent(text ?? "");
  } catch {
    throw new ApiError(400, `invalid URL escape in ${text}`);
  }
}

function call(request: Request, url: URL, params: Record<string, string>): Call {
  return {
    method: request.method,
    params,
    query: url.searchParams,
    headers: request.headers,
    body: request.body,
    signal: request.signal,
    async json<T extends object>() {
      const text = await boundedText(request.body);
      if (text.trim() === "") return {} as T;
      try {
        const value: unknown = JSON.parse(text);
        if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as T;
      } catch (error) {
        throw new ApiError(400, `invalid JSON: ${(error as Error).message}`);
      }
      throw new ApiError(400, "invalid JSON: an object is expected");
    },
  };
}

async function boundedText(body: ReadableStream<Uint8Array> | null): Promise<string> {
  if (!body) return "";
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of body) {
    text += decoder.decode(bytes, { stream: true });
    if (text.length > JSON_MAX_BYTES)
      throw new ApiError(413, `the body of a request has at most ${JSON_MAX_BYTES} bytes`);
  }
  return text + decoder.decode();
}

function errorAnswer(error: unknown): Response {
  const status = error instanceof ApiError ? error.status : 500;
  const message = error instanceof Error ? error.message : String(error);
  return status === 304 ? empty(304) : json({ message }, status);
}

function withEngineHeaders(response: Response): Response {
  const headers = new Headers(response.headers);
  headers.set("Api-Version", API_VERSION);
  headers.set("Docker-Experimental", "false");
  headers.set("Ostype", "linux");
  headers.set("Server", "Docker/glassbox (linux)");
  return new Response(response.body, { status: response.status, headers });
}

/** `1`, `true` and the like, as Docker reads them in a query. */
export function flag(query: URLSearchParams, name: string, otherwise = false): boolean {
  const text = query.get(name);
  if (text === null) return otherwise;
  return !["", "0", "no", "false", "none"].includes(text.trim().toLowerCase());
}

/** `filters={"name":["a"]}`, or the older form `{"name":{"a":true}}`. */
export function filters(query: URLSearchParams): Map<string, string[]> {
  const text = query.get("filters");
  if (!text) return new Map();
  try {
    const value = JSON.parse(text) as Record<string, string[] | Record<string, boolean>>;
    return new Map(Object.entries(value).map(([key, of]) => [key, Array.isArray(of) ? of : Object.keys(of)]));
  } catch {
    throw new ApiError(400, "invalid filter");
  }
}
