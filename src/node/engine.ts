/** `glassbox engine`: the container engine in a machine of this process, for any client of Docker's API. */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Server } from "node:net";
import { join, normalize } from "node:path";
import { parseArgs } from "node:util";
import { startEngine, type Engine, type EngineOptions } from "../engine/engine";
import { memoryBlobStore } from "../engine/image/blob-store";
import { registryClient } from "../engine/registry/client";
import type { Machine } from "../machine/machine";
import { UsageError, type Surroundings } from "./command";
import { bootMachine } from "./machine";
import { socketStreams } from "./socket-streams";

const DEFAULT_ADDRESS = "127.0.0.1:2375";

export async function engineCommand(args: string[], surroundings: Surroundings): Promise<number> {
  const { values } = parseArgs({ args, options: { listen: { type: "string", default: DEFAULT_ADDRESS } } });
  const { host, port } = parseAddress(values.listen);
  const machine = await bootMachine({ manifest: await surroundings.manifest() });
  try {
    const engine = await engineOn(machine, await surroundings.registry());
    const server = await listen(engine, host, port);
    const { address, port: actual } = server.address() as AddressInfo;
    process.stdout.write(
      `The engine listens on ${address}:${actual}.\n  export DOCKER_HOST=tcp://${address}:${actual}\n`,
    );
    await new Promise<void>((resolve) => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
    });
    server.close();
    engine.close();
    return 0;
  } finally {
    await machine.stop();
  }
}

/** @throws UsageError for what is no address of this machine */
function parseAddress(text: string): { host: string; port: number } {
  const [, host, port] = /^(?:(?:tcp:\/\/)?([^:/]+):)?(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65535)
    throw new UsageError("--listen takes an address such as 127.0.0.1:2375");
  return { host: host ?? "127.0.0.1", port: Number(port) };
}

/** An engine in a running machine, with the registry in `folder` as docker.io. */
export function engineOn(machine: Machine, folder: string, more: Partial<EngineOptions> = {}): Promise<Engine> {
  const library = registryClient({ baseUrl: "http://registry", fetch: (url) => fileResponse(folder, url) });
  return startEngine({
    guest: machine.agent,
    blobs: memoryBlobStore(),
    registry: (domain) => (domain === "docker.io" ? library : undefined),
    random: (sizeBytes) => randomBytes(sizeBytes),
    epochMs: () => Date.now(),
    about: { kernel: machine.status.release ?? "", memoryBytes: 256 << 20 },
    ...more,
  });
}

/** A registry that is a tree of files. */
async function fileResponse(folder: string, url: string): Promise<Response> {
  const path = normalize(decodeURIComponent(new URL(url).pathname));
  try {
    return new Response(new Uint8Array(await readFile(join(folder, path))));
  } catch {
    return new Response(null, { status: 404 });
  }
}

/** Serves the engine's API on a TCP port. */
export function listen(engine: Engine, host: string, port: number): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    void engine.serve(socketStreams(socket)).finally(() => socket.destroy());
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve(server));
  });
}
