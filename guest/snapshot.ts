/** Boots the machine from power-on and keeps it as it stands at its first prompts. */
import { createXray, type Xray } from "../src/kernel/xray";
import { bootMachine } from "../src/node/machine";
import { TERMINAL_COUNT } from "../src/protocol/machine";
import { layoutOf } from "./layout-file";

type Machine = Awaited<ReturnType<typeof bootMachine>>;

export interface Snapshot {
  state: Uint8Array<ArrayBuffer>;
  screens: Uint8Array[];
}

/** `manifestPath` names a machine without a snapshot. */
export async function takeSnapshot(manifestPath: string): Promise<Snapshot> {
  const layout = await layoutOf(manifestPath);
  const silent = new Set(Array.from({ length: TERMINAL_COUNT }, (_, terminal) => terminal));
  let prompted = () => {};
  const prompts = new Promise<void>((resolve) => (prompted = resolve));
  const machine = await bootMachine({
    manifest: manifestPath,
    cold: true,
    events: {
      onterminal: (terminal) => {
        silent.delete(terminal);
        if (silent.size === 0) prompted();
      },
    },
  });
  try {
    await prompts;
    // Freed memory keeps what was in it; zeroed, it costs the visitor nothing.
    await machine.agent.execute({ script: "sync; echo 3 > /proc/sys/vm/drop_caches" });
    const xray = createXray(layout);
    const { emulator } = machine;
    await stopWhenIdle(emulator, xray);
    const zeroes = new Uint8Array(1 << 22);
    for (const [address, sizeBytes] of [...xray.freePages(emulator.ram())]) {
      emulator.write(zeroes.subarray(0, sizeBytes), address);
    }
    const saved = await machine.save();
    if (!saved.ok) throw new Error(saved.failure.what);
    return { state: new Uint8Array(saved.value.bytes), screens: saved.value.screens };
  } finally {
    await machine.stop();
  }
}

/** The kernel sleeps when no task ran for this long. */
const QUIET_MS = 300;

/** Stops the guest once it has done what it put off (tasks to bury, caches to trim): left undone, every visitor would wait for it. */
async function stopWhenIdle(emulator: Machine["emulator"], xray: Xray): Promise<void> {
  let switches: number | undefined;
  for (;;) {
    await emulator.stop();
    const counters = xray.counters(emulator.ram());
    if (counters.idle && emulator.halted && counters.switches === switches) return;
    switches = counters.switches;
    emulator.run();
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  }
}
