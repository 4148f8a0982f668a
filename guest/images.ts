/**
 * Rebuilds the committed images of `images/machine/` from Debian's sources, in a Debian chroot, bit for bit.
 *
 *   npm run images                          rebuild everything and the provenance
 *   npm run images -- --only kernel,agent   rebuild some recipes
 *   npm run images -- --verify              rebuild elsewhere and compare with what is committed
 */
import { availableParallelism } from "node:os";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { kernel } from "./kernel/recipe";
import type { BuiltFolder, Recipe } from "./recipe";
import { SOURCE_DATE_EPOCH } from "./recipe";
import { openSysroot, type Sysroot } from "./sysroot";
import { agent } from "./userland/agent";
import { busybox } from "./userland/busybox";
import { iproute2 } from "./userland/iproute2";
import { iptables } from "./userland/iptables";
import { libcapNg } from "./userland/libcap-ng";
import { strace } from "./userland/strace";
import { utilLinux } from "./userland/util-linux";

export const IMAGES = fileURLToPath(new URL("../images/machine/", import.meta.url));

/** In build order. */
export const RECIPES: readonly Recipe[] = [kernel, busybox, libcapNg, utilLinux, iproute2, iptables, strace, agent];

/** Builds one recipe from nothing; returns its outputs by committed name. */
async function build(
  recipe: Recipe,
  sysroot: Sysroot,
  progress: (line: string) => void,
): Promise<Record<string, Uint8Array>> {
  const path = `/build/${recipe.name}`;
  const log = join(sysroot.directory, `build/${recipe.name}.log`);
  await rm(log, { force: true });
  progress(recipe.source ? `fetching ${recipe.source.package} ${recipe.source.version}` : "writing its sources");
  const unpacked = recipe.source ? await sysroot.unpack(recipe.source) : path;
  await rm(join(sysroot.directory, path), { recursive: true, force: true });
  await mkdir(join(sysroot.directory, path), { recursive: true });
  if (recipe.inTree) await sysroot.run(["cp", "-a", `${unpacked}/.`, path]);
  for (const [name, text] of Object.entries(recipe.files?.() ?? {})) await sysroot.write(`${path}/${name}`, text);
  for (const [index, patch] of (recipe.patches ?? []).entries()) {
    await sysroot.write(`${path}/${index}.patch`, patch.text);
    await sysroot.run(["patch", "-p1", "-i", `${index}.patch`], { cwd: path, log });
  }
  const values: Record<string, string> = {
    "{source}": recipe.inTree ? path : unpacked,
    "{build}": path,
    "{jobs}": String(availableParallelism()),
  };
  const env = { SOURCE_DATE_EPOCH: String(SOURCE_DATE_EPOCH), KCONFIG_NOTIMESTAMP: "1" };
  for (const argv of recipe.commands) {
    const filled = argv.map((word) => word.replace(/\{(source|build|jobs)\}/g, (name) => values[name]));
    await sysroot.run(filled, { cwd: path, env, log, online: progress });
  }
  const folder: BuiltFolder = { sysroot, path, read: (name) => sysroot.read(`${path}/${name}`) };
  const outputs: Record<string, Uint8Array> = {};
  for (const [name, file] of Object.entries(recipe.outputs)) outputs[name] = await folder.read(file);
  return { ...outputs, ...(await recipe.finish?.(folder)) };
}

/** musl comes without kernel headers: Debian's, as links, and nothing else of the C library they were made for. */
async function linkKernelHeaders(sysroot: Sysroot): Promise<void> {
  const links = { linux: "linux", "asm-generic": "asm-generic", mtd: "mtd", asm: "i386-linux-gnu/asm" };
  await mkdir(join(sysroot.directory, "build/kernel-headers"), { recursive: true });
  for (const [name, target] of Object.entries(links)) {
    await sysroot.run(["ln", "-sfn", `/usr/include/${target}`, `/build/kernel-headers/${name}`]);
  }
}

/** Writes a file so that nobody ever sees half of it. */
async function writeWhole(path: string, content: Uint8Array, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, content, { mode });
  await rename(`${path}.new`, path);
}

/** Shows progress on one line where there is a terminal, and only the starts of steps elsewhere. */
function progressOf(name: string): { step: (line: string) => void; detail: (line: string) => void } {
  const startedAt = performance.now();
  const show = (line: string) => {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(0).padStart(4);
    const text = `${name} ${seconds} s  ${line}`;
    if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${text.slice(0, process.stdout.columns - 1)}`);
    else console.log(text);
  };
  return { step: show, detail: (line) => process.stdout.isTTY && show(line) };
}

async function main(): Promise<void> {
  const only = process.argv.includes("--only")
    ? process.argv[process.argv.indexOf("--only") + 1].split(",")
    : undefined;
  const target = process.argv.includes("--verify") ? await mkdtemp(join(tmpdir(), "glassbox-images-")) : IMAGES;
  const sysroot = await openSysroot(progressOf("chroot").step);
  await linkKernelHeaders(sysroot);
  for (const recipe of RECIPES.filter(({ name }) => only === undefined || only.includes(name))) {
    const { step, detail } = progressOf(recipe.name);
    const outputs = await build(recipe, sysroot, detail);
    for (const [name, content] of Object.entries(outputs)) {
      await writeWhole(join(target, name), content, name.startsWith("bin/") ? 0o755 : 0o644);
    }
    step(`${Object.keys(outputs).join(", ")}\n`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
