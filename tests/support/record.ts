/**
 * Makes the recorded memory of `tests/fixtures/` anew, after a change of the fields that the readers use:
 *
 *   node --import tsx tests/support/record.ts
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildMachine } from "../../guest/build";
import { createXray } from "../../src/kernel/xray";
import type { Machine } from "../../src/machine/machine";
import { bootMachine } from "../../src/node/machine";
import type { Layout } from "../../src/protocol/layout";
import { disagreements, parseWitness, still, WITNESS_SCRIPT } from "./proc";
import { saveRecording } from "./recorded-memory";
import { SCENARIO } from "./scenario";

const layoutFile = fileURLToPath(new URL("../../images/machine/layout.json", import.meta.url));
const layout = JSON.parse(readFileSync(layoutFile, "utf8")) as Layout;
const xray = createXray(layout);
const manifest = await buildMachine({ snapshot: false, progress: (line) => console.error(line) });

await recordBubble();
await recordPanic();
process.exit();

async function recordBubble(): Promise<void> {
  const machine = await bootMachine({ manifest, cold: true });
  await run(machine, SCENARIO);
  const before = xray.observe(machine.emulator.ram());
  const witness = parseWitness(await run(machine, WITNESS_SCRIPT));
  await machine.pause();
  const ram = machine.emulator.ram();
  // The agent carries the question, and is at work when asked.
  const atWork = new Set(witness.tasks.flatMap(({ pid, state }) => (state === "R" || state === "D" ? pid : [])));
  const tasks = still(before, xray.observe(ram)).filter(({ pid }) => !atWork.has(pid));
  const pids = new Set(tasks.map((task) => task.pid));
  // What moved meanwhile, the witness itself first of all, has no place in the recording.
  witness.tasks = witness.tasks.filter((task) => pids.has(task.pid));
  const differences = disagreements(tasks, witness);
  if (differences.length > 0) throw new Error(differences.join("\n"));
  report("bubble", saveRecording("bubble", layout, ram, witness));
  await machine.stop();
}

async function recordPanic(): Promise<void> {
  let failed: () => void;
  const panic = new Promise<void>((resolve) => (failed = resolve));
  const machine = await bootMachine({
    manifest,
    cold: true,
    events: { onstatus: ({ phase }) => phase === "failed" && failed() },
  });
  const ram = () => machine.emulator.ram();
  void machine.run({ script: "echo one line before > /dev/kmsg; echo c > /proc/sysrq-trigger" });
  await panic;
  report("panic", saveRecording("panic", layout, ram(), { tasks: [] }));
  await machine.stop();
}

async function run(machine: Machine, script: string): Promise<string> {
  const result = await machine.run({ script });
  if (!result.ok) throw new Error(result.failure.what);
  return new TextDecoder().decode(result.value.stdout);
}

function report(name: string, sizeBytes: number): void {
  console.log(`${name}: ${Math.round(sizeBytes / 1024)} KB`);
}
