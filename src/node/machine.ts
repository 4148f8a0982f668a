/** A machine in this process, as the command line, the build and the tests use it. */
import { randomBytes } from "node:crypto";
import { pathToFileURL } from "node:url";
import type { Agent } from "../agent/agent";
import { Machine } from "../machine/machine";
import { MachineError } from "../machine/failure";
import type { MachineEvents, StartOptions } from "../protocol/machine";
import { fileSource } from "./file-source";

export interface BootOptions extends Pick<StartOptions, "cold" | "session"> {
  /** Path of `manifest.json`. */
  manifest: string;
  events?: Partial<MachineEvents>;
  /** The guest's agent answers, for the first time or again. */
  onagent?(agent: Agent): void;
}

/**
 * Starts a machine and resolves when its agent has answered.
 * @throws MachineError with what happened and what to do
 */
export async function bootMachine({ manifest, events = {}, onagent, ...options }: BootOptions): Promise<Machine> {
  const machine: Machine = new Machine(
    {
      onstatus: () => {},
      onview: () => {},
      ...events,
      onterminal: (terminal, bytes) => {
        events.onterminal?.(terminal, bytes);
        // Nothing is drawn here, so nothing is outstanding.
        void machine.acknowledge(terminal, bytes.length);
      },
    },
    { source: fileSource, epochMs: () => Date.now(), random: (sizeBytes) => randomBytes(sizeBytes), onagent },
  );
  const started = await machine.start({ manifestUrl: pathToFileURL(manifest).href, ...options });
  if (!started.ok) throw new MachineError(started.failure);
  return machine;
}
