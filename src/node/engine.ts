/** `glassbox engine`: the container engine in a machine of this process, for any client of Docker's API. */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Server } from "node:net";
import { join, normalize } from "node:path";
import { parseArgs } from "node:util";
import { startEngine, type Engine, type EngineOptions } from "../engine/engine";
import type { Guest } from "../engine/guest";
import { memoryBlobStore, type BlobStore } from "../engine/image/blob-store";
import { registryClient, type RegistryClient } from "../engine/registry/client";
import { LOCAL_DOMAIN, localRegistry } from "../engine/registry/local";
import { memoryRepositoryStore } from "../engine/registry/repository";
import { registryServer } from "../engine/registry/server";
import type { RegistryStore } from "../engine/registry/store";
import type { Transfer } from "../engine/registry/transfer";
import type { Machine } from "../machine/machine";
import type { Surroundings } from "./command";
import { folderRegistryStore } from "./folder-store";
import { listenAddress } from "./listen-address";
import { bootMachine } from "./machine";
import { openSockets } from "../world/sockets";
import { socketStreams } from "./socket-streams";

const DEFAULT_PORT = 2375;

export async function engineCommand(args: string[], surroundings: Surroundings): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { listen: { type: "string", default: `127.0.0.1:${DEFAULT_PORT}` }, data: { type: "string" } },
  });
  const { host, port } = listenAddress(values.listen, DEFAULT_PORT);
  const machine = await bootMachine({ manifest: await surroundings.manifest() });
  try {
    const engine = await engineOn(machine, await surroundings.registry(), {
      pushed: values.data === undefined ? undefined : folderRegistryStore(values.data),
    });
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

export interface EngineSurroundings {
  blobs: BlobStore;
  /** What the registry `registry.box` keeps; memory when left out. */
  pushed?: RegistryStore;
  onTransfer?: (transfer: Transfer) => void;
  usernsRemap?: EngineOptions["usernsRemap"];
}

/** An engine in a running machine, which the guest reaches, too. */
export async function engineOn(
  machine: Machine,
  folder: string,
  { guest = machine.agent, ...surroundings }: Partial<EngineSurroundings> & { guest?: Guest } = {},
): Promise<Engine> {
  const engine = await startNodeEngine(guest, machine, folder, { blobs: memoryBlobStore(), ...surroundings });
  const sockets = await openSockets(machine.agent, async () => engine);
  const close = () => {
    sockets.close();
    engine.close();
  };
  return { ...engine, close };
}

/**
 * An engine for a guest. The registry in `folder` is docker.io; `registry.box` is one to push to, in this process; and one
 * that listens on this machine's loopback is reached there, as Docker reaches it, without encryption.
 */
export function startNodeEngine(
  guest: Guest,
  machine: Machine,
  folder: string,
  { blobs, pushed = memoryRegistryStore(), onTransfer, ...more }: EngineSurroundings,
): Promise<Engine> {
  const library = registryClient({ baseUrl: "http://registry", fetch: (url, init) => fileResponse(folder, url, init) });
  const local = localRegistry(registryServer({ ...pushed, onTransfer }));
  return startEngine({
    guest,
    blobs,
    registry(domain): RegistryClient | undefined {
      if (domain === "docker.io") return library;
      if (domain === LOCAL_DOMAIN) return local;
      return LOOPBACK.test(domain) ? registryClient({ baseUrl: `http://${domain}`, fetch }) : undefined;
    },
    ...more,
    random: (sizeBytes) => randomBytes(sizeBytes),
    epochMs: () => Date.now(),
    about: () => ({ kernel: machine.status.release ?? "", memoryBytes: machine.emulator.ram().length }),
  });
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/;

/** A registry that is a tree of files: it is read, and nothing else. */
async function fileResponse(folder: string, url: string, { method = "GET" }: RequestInit = {}): Promise<Response> {
  if (method !== "GET" && method !== "HEAD") return new Response(null, { status: 405 });
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
    void engine.serve(socketStreams(socket), { kind: "tcp" }).finally(() => socket.destroy());
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve(server));
  });
}

export function memoryRegistryStore(): RegistryStore {
  return { blobs: memoryBlobStore(), repositories: memoryRepositoryStore() };
}
