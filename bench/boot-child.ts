/** One cold boot in v86: `boot-child.ts KERNEL INITRD [bios]` prints the milliseconds from power-on to init. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { COMMAND_LINE } from "../guest/kernel/command-line";
import { INIT_MARK } from "../guest/root/init";
import { Emulator } from "../src/machine/emulator";

const [kernel, initrd, firmware] = process.argv.slice(2);
const bytes = (path: string) => new Uint8Array(readFileSync(path));
const image = (name: string) => bytes(fileURLToPath(new URL(`../images/machine/${name}`, import.meta.url)));
const wasm = bytes(createRequire(import.meta.url).resolve("v86/build/v86.wasm"));
const boot = {
  kernel: bytes(kernel).buffer,
  root: bytes(initrd).buffer,
  ...(firmware === "bios" && { bios: { main: image("bios.bin").buffer, vga: image("vgabios.bin").buffer } }),
};

async function main(): Promise<void> {
  const startedAt = performance.now();
  const emulator = await Emulator.create(await WebAssembly.compile(wasm), {
    memoryBytes: 256 << 20,
    commandLine: COMMAND_LINE,
    boot,
  });
  let text = "";
  emulator.onserial = (byte) => {
    text = (text + String.fromCharCode(byte)).slice(-INIT_MARK.length);
    if (text === INIT_MARK) console.log(`${(performance.now() - startedAt).toFixed(1)} ms`);
  };
  emulator.run();
}

void main();
