/** The guest with nothing between a test and the agent's wire. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { COMMAND_LINE } from "../../guest/kernel/command-line";
import { rootArchive } from "../../guest/root/tree";
import { Agent } from "../../src/agent/agent";
import type { BytePort } from "../../src/agent/port";
import { ConsoleInput } from "../../src/machine/console";
import { Emulator } from "../../src/machine/emulator";
import { TERMINAL_COUNT } from "../../src/protocol/machine";
import type { Connection } from "../agent/spec";

const KERNEL = fileURLToPath(new URL("../../images/machine/bzImage", import.meta.url));
const WASM = createRequire(import.meta.url).resolve("v86/build/v86.wasm");
const MEMORY_BYTES = 256 << 20;

const bytesOf = (path: string) => new Uint8Array(readFileSync(path));

export interface GuestWire extends Connection {
  emulator: Emulator;
  /** Forgets what is on its way to the guest, as the machine does when it puts a state back. */
  forget(): void;
}

/** Boots a guest from power-on and resets its agent. */
export async function guestWire(): Promise<GuestWire> {
  const emulator = await Emulator.create(await WebAssembly.compile(bytesOf(WASM)), {
    memoryBytes: MEMORY_BYTES,
    commandLine: COMMAND_LINE,
    boot: { kernel: bytesOf(KERNEL).buffer, root: rootArchive().buffer },
  });
  const input = new ConsoleInput(TERMINAL_COUNT);
  const port: BytePort = {
    onbytes: () => {},
    send(bytes) {
      void input.push(bytes);
      input.drain(emulator);
    },
  };
  emulator.onslice = () => input.drain(emulator);
  emulator.onconsole = (console, bytes) => {
    if (console === TERMINAL_COUNT) port.onbytes(bytes);
  };
  const agent = new Agent(port);
  emulator.run();
  await agent.reset();
  const close = async () => {
    await emulator.stop();
    await emulator.destroy();
  };
  return { emulator, agent, port, forget: () => input.clear(), close };
}
