/**
 * The normal build of the machine: committed images plus everything generated from TypeScript, packed into
 * `.cache/machine/` as hash-named files with a manifest, and a snapshot of the machine once booted.
 *
 *   node --import tsx guest/build.ts [--no-snapshot]
 *
 * What is up to date is left alone, so the second run takes no time.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { MachineFile, Manifest } from "../src/protocol/manifest";
import { COMMAND_LINE } from "./kernel/command-line";
import { rootArchive } from "./root/tree";
import { takeSnapshot } from "./snapshot";
import { compress } from "./zstd";

const IMAGES = fileURLToPath(new URL("../images/machine/", import.meta.url));
export const MACHINE_DIRECTORY = fileURLToPath(new URL("../.cache/machine/", import.meta.url));
export const MANIFEST = MACHINE_DIRECTORY + "manifest.json";

/** Enough for the lessons' memory limits, little enough for a phone. */
const MEMORY_BYTES = 256 << 20;
/** Raise when the way a snapshot is made changes without any of its inputs changing. */
const SNAPSHOT_RECIPE = 3;

export interface BuildOptions {
  snapshot: boolean;
  /** Hears one line for each thing that takes time. */
  progress: (line: string) => void;
}

/** Builds what is missing; returns the manifest's path. */
export async function buildMachine({ snapshot, progress }: BuildOptions): Promise<string> {
  await mkdir(MACHINE_DIRECTORY, { recursive: true });
  const wasmPath = createRequire(import.meta.url).resolve("v86/build/v86.wasm");
  const [kernel, layout, wasm, v86] = await Promise.all([
    readFile(IMAGES + "bzImage"),
    readFile(IMAGES + "layout.json"),
    readFile(wasmPath),
    readFile(createRequire(import.meta.url).resolve("v86/build/libv86.mjs")),
  ]);
  const root = rootArchive();
  const release = (JSON.parse(layout.toString()) as { release: string }).release;
  const identity = [kernel, root, layout, wasm, v86].map(sha256);
  const build = sha256(JSON.stringify([identity, MEMORY_BYTES, COMMAND_LINE, SNAPSHOT_RECIPE])).slice(0, 16);

  const previous = await readManifest();
  const complete =
    previous?.build === build && filesOf(previous).every((file) => existsSync(MACHINE_DIRECTORY + file.path));
  if (complete && (previous.files.snapshot || !snapshot)) return MANIFEST;

  const manifest: Manifest = {
    build,
    release,
    memoryBytes: MEMORY_BYTES,
    commandLine: COMMAND_LINE,
    files: {
      kernel: await packed("kernel", kernel, progress),
      root: await packed("root", root, progress),
      layout: await store("layout.json", layout),
      wasm: await store("v86.wasm", wasm),
    },
  };
  await writeManifest(manifest);
  if (snapshot) {
    progress("booting the machine for its snapshot");
    const taken = await takeSnapshot(MANIFEST);
    progress(`compressing the snapshot (${(taken.state.length / 2 ** 20).toFixed(1)} MiB)`);
    const file = await store("snapshot.zst", await compress(taken.state));
    manifest.files.snapshot = {
      ...file,
      encoding: "zstd",
      build,
      unpacked: { sizeBytes: taken.state.length, sha256: sha256(taken.state) },
      screens: taken.screens.map((screen) => Buffer.from(screen).toString("base64")),
    };
    await writeManifest(manifest);
  }
  await removeStale(manifest);
  return MANIFEST;
}

/** Compressed under a name made from the content, so unchanged input is not compressed again. */
async function packed(name: string, bytes: Uint8Array, progress: (line: string) => void): Promise<MachineFile> {
  const path = `${name}-${sha256(bytes).slice(0, 12)}.zst`;
  if (!existsSync(MACHINE_DIRECTORY + path)) {
    progress(`compressing the ${name} (${(bytes.length / 2 ** 20).toFixed(1)} MiB)`);
    await writeWhole(MACHINE_DIRECTORY + path, await compress(bytes));
  }
  const stored = await readFile(MACHINE_DIRECTORY + path);
  return { path, sizeBytes: stored.length, sha256: sha256(stored), encoding: "zstd" };
}

async function store(name: string, bytes: Uint8Array): Promise<MachineFile> {
  const sum = sha256(bytes);
  const path = name.replace(/(?=\.[^.]+$)/, `-${sum.slice(0, 12)}`);
  if (!existsSync(MACHINE_DIRECTORY + path)) await writeWhole(MACHINE_DIRECTORY + path, bytes);
  return { path, sizeBytes: bytes.length, sha256: sum };
}

async function readManifest(): Promise<Manifest | undefined> {
  try {
    return JSON.parse(await readFile(MANIFEST, "utf8")) as Manifest;
  } catch {
    return undefined; // absent or half-written: build anew
  }
}

function writeManifest(manifest: Manifest): Promise<void> {
  return writeWhole(MANIFEST, Buffer.from(JSON.stringify(manifest, null, 2)));
}

/** Two builds may run at once; neither must see half a file. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, bytes);
  await rename(temporary, path);
}

async function removeStale(manifest: Manifest): Promise<void> {
  const wanted = new Set(["manifest.json", ...filesOf(manifest).map((file) => file.path)]);
  for (const name of await readdir(MACHINE_DIRECTORY))
    if (!wanted.has(name)) await rm(MACHINE_DIRECTORY + name, { force: true });
}

function filesOf(manifest: Manifest): MachineFile[] {
  return Object.values(manifest.files);
}

function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const startedAt = performance.now();
  await buildMachine({
    snapshot: !process.argv.includes("--no-snapshot"),
    progress: (line) => console.log(`machine: ${line}`),
  });
  console.log(`machine: ready in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
}
