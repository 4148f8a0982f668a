/** The committed agent as an ordinary process of this host, its wire a socket pair. */
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { tmpdir } from "node:os";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { Agent } from "../../src/agent/agent";
import type { BytePort } from "../../src/agent/port";
import type { Connection } from "./spec";

const BINARY = fileURLToPath(new URL("../../images/machine/bin/agent", import.meta.url));

/** Why the agent cannot run here; undefined when it can. */
export function whyNotNative(): string | undefined {
  if (process.platform !== "linux" || !["x64", "ia32"].includes(process.arch)) return "needs Linux on x86";
  if (process.getuid?.() !== 0) return "needs root";
  try {
    accessSync(BINARY, constants.X_OK);
  } catch {
    return "images/machine/bin/agent is not there";
  }
  return undefined;
}

export interface NativeConnection extends Connection {
  /** Resolves with the exit code of the agent's process. */
  exited: Promise<number | null>;
}

/** Starts an agent. On a descriptor it refuses what concerns the whole machine: clock and kill-all. */
export async function connectNative(): Promise<NativeConnection> {
  const child = spawn(BINARY, ["fd:3"], { stdio: ["ignore", "inherit", "inherit", "pipe"], cwd: tmpdir() });
  const wire = child.stdio[3] as Duplex;
  const port: BytePort = { send: (bytes) => void wire.write(bytes), onbytes: () => {} };
  wire.on("data", (bytes: Buffer) => port.onbytes(new Uint8Array(bytes)));
  wire.on("error", () => {}); // The agent ended: `exited` says so.
  const exited = new Promise<number | null>((resolve) => child.on("exit", (code) => resolve(code)));
  const agent = new Agent(port);
  await agent.reset();
  return {
    agent,
    port,
    exited,
    close: async () => {
      wire.end();
      await exited;
    },
  };
}
