/** An engine in a machine of its own, as a client of its API sees it. */
import { afterAll } from "vitest";
import { REGISTRY_DIRECTORY, buildRegistry } from "../../images/library/build";
import type { Answer } from "../../src/engine/api/router";
import type { Engine, EngineOptions } from "../../src/engine/engine";
import { engineOn } from "../../src/node/engine";
import { observedMachine, type ObservedMachine } from "./observed-machine";

export interface EngineForTest extends ObservedMachine {
  engine: Engine;
  /** One request; the answer's JSON, or its text. Throws with Docker's message for an error. */
  api<T = unknown>(method: string, path: string, body?: unknown): Promise<T>;
  /** The status of a request that is expected to fail, and what it says. */
  refused(method: string, path: string, body?: unknown): Promise<{ status: number; message: string }>;
  pull(image: string): Promise<void>;
  /** Creates and starts a container; its id. */
  start(config: object, name?: string): Promise<string>;
  /** Runs a container to its end: what it printed, and its exit code. */
  run(config: object): Promise<{ output: string; exitCode: number }>;
}

/** Boots a machine with an engine for all tests of this file. */
export async function engineForTest(options: Partial<EngineOptions> = {}): Promise<EngineForTest> {
  await buildRegistry();
  const observed = await observedMachine();
  const engine = await engineOn(observed.machine, REGISTRY_DIRECTORY, options);
  afterAll(() => engine.close());

  async function ask(method: string, path: string, body?: unknown): Promise<Response> {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const answer: Answer = await engine.handle(new Request(`http://docker${path}`, init));
    if ("hijack" in answer) throw new Error(`${path} wants a connection of its own`);
    return answer;
  }

  async function api<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await ask(method, path, body);
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.status} ${text}`);
    return (
      response.headers.get("content-type")?.includes("json") && !text.includes("}\r\n{") ? JSON.parse(text) : text
    ) as T;
  }

  async function refused(method: string, path: string, body?: unknown) {
    const response = await ask(method, path, body);
    if (response.ok) throw new Error(`${method} ${path} was not refused`);
    return { status: response.status, message: ((await response.json()) as { message: string }).message };
  }

  async function start(config: object, name?: string): Promise<string> {
    const query = name === undefined ? "" : `?name=${name}`;
    const { Id } = await api<{ Id: string }>("POST", `/containers/create${query}`, config);
    await api("POST", `/containers/${Id}/start`);
    return Id;
  }

  async function run(config: object) {
    const { Id } = await api<{ Id: string }>("POST", "/containers/create", config);
    const ended = api<{ StatusCode: number }>("POST", `/containers/${Id}/wait?condition=next-exit`);
    await api("POST", `/containers/${Id}/start`);
    const { StatusCode } = await ended;
    const response = await ask("GET", `/containers/${Id}/logs?stdout=1&stderr=1`);
    const output = demultiplexed(new Uint8Array(await response.arrayBuffer()));
    await api("DELETE", `/containers/${Id}?v=1`);
    return { output, exitCode: StatusCode };
  }

  async function pull(image: string) {
    await api("POST", `/images/create?fromImage=${image}&tag=latest`);
  }

  return { ...observed, engine, api, refused, pull, start, run };
}

/** Both streams as one text, without the headers of their pieces. */
export function demultiplexed(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = "";
  for (let at = 0; at + 8 <= bytes.length;) {
    const end = at + 8 + view.getUint32(at + 4);
    text += new TextDecoder().decode(bytes.subarray(at + 8, end));
    at = end;
  }
  return text;
}
