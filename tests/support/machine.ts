/** Machines for tests, started from the files that the build made. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { MACHINE_DIRECTORY, MANIFEST } from "../../guest/build";
import type { Machine } from "../../src/machine/machine";
import { bootMachine, type BootOptions } from "../../src/node/machine";
import type { MachineStatus, RunResult } from "../../src/protocol/machine";
import type { Manifest } from "../../src/protocol/manifest";

/** A running machine that is stopped when the test ends. */
export async function machineForTest(options: Partial<BootOptions> = {}): Promise<Machine> {
  const machine = await bootMachine({ manifest: MANIFEST, ...options });
  onTestFinished(() => machine.stop());
  return machine;
}

/** A copy of the machine's files that the test may damage; returns the manifest's path. */
export function copyOfFiles(change: (manifest: Manifest, folder: string) => void): string {
  const folder = mkdtempSync(join(tmpdir(), "glassbox-files-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(MACHINE_DIRECTORY, folder, { recursive: true });
  const path = join(folder, "manifest.json");
  const manifest = JSON.parse(readFileSync(path, "utf8")) as Manifest;
  change(manifest, folder);
  writeFileSync(path, JSON.stringify(manifest));
  return path;
}

/** Runs a script by the agent; throws when it fails. */
export async function sh(machine: Machine, script: string): Promise<string> {
  const result = await machine.run({ script });
  if (!result.ok) throw new Error(result.failure.what);
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const value = result.value as RunResult & { exitCode?: number; signal?: number };
  if (value.exitCode !== 0)
    throw new Error(`${script}: ${value.exitCode ?? `signal ${value.signal}`}: ${text(value.stderr)}`);
  return text(value.stdout);
}

/** What a terminal printed, and waiting for something in it. */
export class Screen {
  text = "";
  #waiting: (() => void)[] = [];

  push(bytes: Uint8Array): void {
    this.text += new TextDecoder("latin1").decode(bytes);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async shows(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.text);
      if (found) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}

/** Collects statuses, and waits for one. */
export class Statuses {
  all: MachineStatus[] = [];
  #waiting: (() => void)[] = [];

  push(status: MachineStatus): void {
    this.all.push(status);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async reaches(phase: MachineStatus["phase"]): Promise<MachineStatus> {
    for (;;) {
      const found = this.all.find((status) => status.phase === phase);
      if (found) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}
