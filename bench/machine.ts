/** A machine to measure. */
import { buildMachine } from "../guest/build";
import type { Machine } from "../src/machine/machine";
import { bootMachine, type BootOptions } from "../src/node/machine";

export async function boot(options: Partial<BootOptions> = {}): Promise<{ machine: Machine; manifest: string }> {
  const manifest = await buildMachine({ snapshot: true, progress: () => {} });
  return { machine: await bootMachine({ manifest, ...options }), manifest };
}

/** Runs a script by the agent, and returns what it printed. */
export async function shell(machine: Machine, script: string): Promise<string> {
  const result = await machine.run({ script });
  if (!result.ok) throw new Error(result.failure.what);
  const { exitCode, stdout, stderr } = result.value as typeof result.value & { exitCode?: number };
  if (exitCode !== 0) throw new Error(`${script}: ${exitCode}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
