import { API_VERSION } from "../protocol/docker";
import type { ErrorResponse } from "../protocol/docker";
import { EngineFailure } from "./failure";
import type { Cli, Upgraded } from "./io";

/** Where requests go; the host is a word, what carries them decides. */
export const ENGINE_ORIGIN = "http://docker";

/** Most bytes of an answer that is read whole; lists of a hundred thousand objects fit. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

export type Query = Record<string, string | number | boolean | string[] | undefined>;

export interface Ask {
  query?: Query;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is. */
  body?: ReadableStream<Uint8Array>;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** What else the command will ask, for `--explain`: methods and paths, `{id}` for what this request makes. */
  then?: string[];
}

/** The engine, asked by Docker's HTTP API. Answers of 400 and above throw an `EngineFailure`. */
export interface Api {
  /** The whole answer, whatever its status. */
  send(method: string, path: string, ask?: Ask): Promise<Response>;
  /** An answer whose body is read as it comes. */
  stream(method: string, path: string, ask?: Ask): Promise<Response>;
  json<T>(method: string, path: string, ask?: Ask): Promise<T>;
  /** For calls that answer nothing. */
  done(method: string, path: string, ask?: Ask): Promise<void>;
  /** For raw streams, after `101 UPGRADED`. */
  upgrade(path: string, ask?: Ask): Promise<Upgraded>;
}

const queryText = (query: Query): string => {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (value === undefined || value === false) continue;
    if (Array.isArray(value)) for (const each of value) params.append(name, each);
    else params.append(name, value === true ? "1" : String(value));
  }
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
};

/** What a filter argument becomes in `filters=`. */
export const filtersQuery = (filters: string[]): string | undefined => {
  if (filters.length === 0) return undefined;
  const named: Record<string, Record<string, boolean>> = {};
  for (const filter of filters) {
    const at = filter.indexOf("=");
    (named[filter.slice(0, at)] ??= {})[filter.slice(at + 1)] = true;
  }
  const sorted = <T>(map: Record<string, T>): [string, T][] => Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(
    Object.fromEntries(sorted(named).map(([name, values]) => [name, Object.fromEntries(sorted(values))])),
  );
};

/** A name within a path. Slashes stay: an image's name has some. */
export const segment = (name: string): string => name.split("/").map(encodeURIComponent).join("/");

/** Reads a body whole, at most `limit` bytes. */
export const readAll = async (
  body: ReadableStream<Uint8Array> | null,
  limit = MAX_ANSWER_BYTES,
): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = [];
  let length = 0;
  if (body) {
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.byteLength;
      if (length > limit) {
        await reader.cancel();
        throw new Error(`more than ${limit} bytes were given where a short text is expected`);
      }
      chunks.push(value);
    }
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.byteLength;
  }
  return all;
};

export const readText = async (body: ReadableStream<Uint8Array> | null, limit?: number): Promise<string> =>
  new TextDecoder().decode(await readAll(body, limit));

/** What an answer of 400 and above says. */
export const failureOf = async (
  status: number,
  statusText: string,
  path: string,
  body: ReadableStream<Uint8Array> | null,
) => {
  const text = await readText(body);
  if (text.trim() === "")
    return new EngineFailure(
      `request returned ${statusText || status} for API route and version ${path}, check if the server supports the requested API version`,
      status,
    );
  try {
    const { message } = JSON.parse(text) as Partial<ErrorResponse>;
    if (typeof message === "string") return new EngineFailure(message.trim(), status);
  } catch {
    // Not JSON: then the text is the message.
  }
  return new EngineFailure(text.trim(), status);
};

/** The API over `io`. `headers` go with each request; `signal` ends those that have none of their own. */
export const createApi = (
  io: Pick<Cli, "fetch" | "upgrade">,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Api => {
  const requestOf = (method: string, path: string, ask: Ask): Request => {
    const json = ask.json === undefined ? undefined : JSON.stringify(ask.json);
    return new Request(`${ENGINE_ORIGIN}/v${API_VERSION}${path}${queryText(ask.query ?? {})}`, {
      method,
      headers: { ...headers, ...(json === undefined ? {} : { "Content-Type": "application/json" }), ...ask.headers },
      body: json ?? ask.body,
      signal: ask.signal ?? signal,
      // Fetch asks for this word wherever a body is a stream.
      ...(ask.body ? { duplex: "half" } : {}),
    } as RequestInit);
  };
  const stream: Api["stream"] = async (method, path, ask = {}) => {
    const response = await io.fetch(requestOf(method, path, ask));
    if (response.status >= 400)
      throw await failureOf(response.status, `${response.status} ${response.statusText}`, path, response.body);
    return response;
  };
  return {
    send: async (method, path, ask = {}) => io.fetch(requestOf(method, path, ask)),
    stream,
    json: async (method, path, ask) => {
      const text = await readText((await stream(method, path, ask)).body);
      try {
        return JSON.parse(text);
      } catch {
        throw new Error(`the engine answered ${method} ${path} with what is not JSON`);
      }
    },
    done: async (method, path, ask) => {
      await (await stream(method, path, ask)).body?.cancel();
    },
    upgrade: async (path, ask = {}) => {
      const upgraded = await io.upgrade(requestOf("POST", path, ask));
      if (upgraded.status >= 400)
        throw await failureOf(upgraded.status, String(upgraded.status), path, upgraded.readable);
      return upgraded;
    },
  };
};
