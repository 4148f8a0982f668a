/** Power-on to the first line of init, with the same kernel and initrd elsewhere as yardsticks. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildMachine } from "../guest/build";
import { COMMAND_LINE } from "../guest/kernel/command-line";
import { INIT_MARK } from "../guest/root/init";
import { rootArchive } from "../guest/root/tree";
import { bootMachine } from "../src/node/machine";
import { figure, type Benchmark } from "./figure";
import { stockKernel } from "./stock-kernel";

const KERNEL = fileURLToPath(new URL("../images/machine/bzImage", import.meta.url));
const RUNS = 5;
const STOCK_RUNS = 3;
const QEMU = "qemu-system-i386";

export const bootCold: Benchmark = async function* () {
  const directory = mkdtempSync(join(tmpdir(), "glassbox-bench-"));
  try {
    const initrd = join(directory, "root.cpio");
    writeFileSync(initrd, rootArchive());
    const stock = stockKernel();
    const qemuMissing = spawnSync(QEMU, ["--version"]).error !== undefined;
    const ours: number[] = [];
    const qemu: number[] = [];
    const theirs: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      ours.push(await inV86(KERNEL, initrd));
      if (!qemuMissing) qemu.push(await inQemu(KERNEL, initrd));
      if (run < STOCK_RUNS && "path" in stock) theirs.push(await inV86(stock.path, initrd, "bios"));
    }
    yield figure("boot.cold", "ms", ours, {
      name: `${QEMU} -accel tcg, same kernel and initrd`,
      ...(qemuMissing ? { missing: `${QEMU} is not installed` } : { samples: qemu }),
    });
    yield figure("boot.cold", "ms", ours, {
      name: "Debian's stock 686 kernel, same initrd, same v86",
      ...("path" in stock ? { samples: theirs } : stock),
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
};

/** A process of its own for each boot, so that no compiled code is warm. */
function inV86(kernel: string, initrd: string, ...firmware: "bios"[]): Promise<number> {
  const child = fileURLToPath(new URL("boot-child.ts", import.meta.url));
  return timeToMark(
    process.execPath,
    [...process.execArgv, child, kernel, initrd, ...firmware],
    /^(\d+(?:\.\d+)?) ms$/m,
  );
}

function inQemu(kernel: string, initrd: string): Promise<number> {
  const args = ["-accel", "tcg", "-m", "256", "-cpu", "pentium3", "-display", "none", "-nic", "none", "-no-reboot"];
  return timeToMark(QEMU, [...args, "-serial", "stdio", "-kernel", kernel, "-initrd", initrd, "-append", COMMAND_LINE]);
}

/** Milliseconds until `INIT_MARK` was printed, or the number that the child printed by itself. */
function timeToMark(command: string, args: string[], own?: RegExp): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      const found = own ? own.exec(text) : text.includes(INIT_MARK);
      if (!found) return;
      child.kill("SIGKILL");
      resolve(own ? Number((found as RegExpExecArray)[1]) : performance.now() - startedAt);
    });
    child.on("error", reject);
    child.on("exit", () => reject(new Error(`${command} ended before init: ${text.slice(-400)}`)));
  });
}

export const bootSnapshot: Benchmark = async function* () {
  const manifest = await buildMachine({ snapshot: true, progress: () => {} });
  const samples: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const startedAt = performance.now();
    let text = "";
    let answered = () => {};
    const answer = new Promise<void>((resolve) => (answered = resolve));
    const machine = await bootMachine({
      manifest,
      events: {
        onterminal(terminal, bytes) {
          if (terminal !== 0) return;
          text += Buffer.from(bytes).toString("latin1");
          if (text.includes("= 42")) answered();
        },
      },
    });
    await machine.type(0, new TextEncoder().encode('echo "= $((6 * 7))"\n'));
    await answer;
    samples.push(performance.now() - startedAt);
    await machine.stop();
  }
  yield figure("boot.snapshot", "ms", samples);
};
