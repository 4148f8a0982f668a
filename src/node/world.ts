/** A machine with all that serves its guest: the engine starts when somebody in it first needs it. */
import { memoryBlobStore } from "../engine/image/blob-store";
import type { Machine } from "../machine/machine";
import { World } from "../world/world";
import { memoryRegistryStore, startNodeEngine } from "./engine";
import { bootMachine, type BootOptions } from "./machine";

export interface WorldOptions extends BootOptions {
  /** Folder with the registry of the library's images, built first if need be: `v2/…`. */
  registry(): Promise<string>;
}

/**
 * Starts a machine in which `docker` works.
 * @throws MachineError with what happened and what to do
 */
export async function bootWorld({ registry, ...options }: WorldOptions): Promise<Machine> {
  // They stay when the machine goes back to an earlier state, which may know images that the later one has removed.
  const kept = { blobs: memoryBlobStore(), pushed: memoryRegistryStore() };
  const world = new World(async (agent) => startNodeEngine(agent, machine, await registry(), kept));
  const machine: Machine = await bootMachine({
    ...options,
    // A guest that has no place for sockets is still a machine.
    onagent: (agent) => void world.serve(agent).catch(() => {}),
  });
  return machine;
}
