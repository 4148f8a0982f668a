/** `glassbox run`: a command in the guest with this process's standard streams, exit code and terminal. */
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import type { Process } from "../agent/process";
import type { RunStatus } from "../protocol/machine";
import { bootWorld } from "./world";
import { UsageError, type Surroundings } from "./command";

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

export async function runCommand(args: string[], surroundings: Surroundings): Promise<number> {
  const separator = args.indexOf("--");
  const own = separator < 0 ? args : args.slice(0, separator);
  const { values, positionals } = parseArgs({
    args: own,
    options: { tty: { type: "boolean", short: "t" }, cold: { type: "boolean" } },
    allowPositionals: true,
  });
  const argv = separator < 0 ? positionals : args.slice(separator + 1);
  if (separator >= 0 && positionals.length > 0) throw new UsageError(`put the whole command after --`);
  if (argv.length === 0) throw new UsageError("name a command to run");
  const { stdin, stdout, stderr } = process;
  if (values.tty && !stdin.isTTY) throw new UsageError("-t needs a terminal on standard input");

  const machine = await bootWorld({
    manifest: await surroundings.manifest(),
    registry: surroundings.registry,
    cold: values.cold,
  });
  try {
    const size = () => ({ cols: stdout.columns || 80, rows: stdout.rows || 24 });
    const child = machine.agent.run({ argv, stdin: true, ...(values.tty && { pty: size() }) });
    const signals = Object.entries(SIGNALS).map(([name, number]) => [name, () => child.kill(number)] as const);
    for (const [name, forward] of signals) process.on(name, forward);
    const resize = () => child.resize(size().cols, size().rows);
    if (values.tty) {
      stdin.setRawMode(true);
      stdout.on("resize", resize);
    }
    try {
      return await exchange(child, stdin, stdout, stderr);
    } finally {
      if (values.tty) stdin.setRawMode(false);
      stdout.off("resize", resize);
      for (const [name, forward] of signals) process.off(name, forward);
    }
  } finally {
    await machine.stop();
  }
}

async function exchange(child: Process, stdin: Readable, stdout: Writable, stderr: Writable): Promise<number> {
  // A command that ends without reading its input breaks this pipe, which is no failure of the run.
  pipeline(stdin, Writable.fromWeb(child.stdin as WritableStream)).catch(() => {});
  const outputs = Promise.all([copy(child.stdout, stdout), copy(child.stderr, stderr)]);
  const status = await child.exited;
  await outputs;
  return exitCode(status);
}

/** Writes with backpressure. A closed pipe downstream (`| head`) ends the copy, as it would end a local command. */
async function copy(from: ReadableStream<Uint8Array>, to: Writable): Promise<void> {
  const reader = from.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const written = await new Promise<boolean>((resolve) => to.write(value, (error) => resolve(!error)));
    if (!written) return void reader.cancel();
  }
}

/** As a shell has it: a command killed by a signal exits with 128 and its number. */
function exitCode(status: RunStatus): number {
  return "signal" in status ? 128 + status.signal : status.exitCode;
}
