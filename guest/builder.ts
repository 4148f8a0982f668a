/** Builds one recipe from nothing, in the chroot. */
import { mkdir, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename, join } from "node:path";
import { SOURCE_DATE_EPOCH, type BuiltFolder, type Recipe } from "./recipe";
import type { Sysroot } from "./sysroot";

/**
 * @param online hears each line that the build writes.
 * @returns the outputs by committed name, licence texts among them.
 * @throws Error with the last lines of output of the command that failed.
 */
export async function build(
  recipe: Recipe,
  sysroot: Sysroot,
  online: (line: string) => void,
): Promise<Record<string, Uint8Array>> {
  // The same path each time: some builds write it into what they make.
  const path = `/build/${recipe.name}`;
  const log = join(sysroot.directory, `build/${recipe.name}.log`);
  await rm(log, { force: true });
  const unpacked = recipe.source ? await sysroot.unpack(recipe.source) : path;
  await rm(join(sysroot.directory, path), { recursive: true, force: true });
  await mkdir(join(sysroot.directory, path), { recursive: true });
  const isCopied = recipe.inTree || recipe.patches !== undefined;
  const source = isCopied ? `${path}/source` : unpacked;
  // `patch` replaces files, so links to the unpacked ones are safe; a build in its own tree may write into them.
  if (isCopied) await sysroot.run(["cp", recipe.inTree ? "-a" : "-al", unpacked, source]);
  for (const [index, { text }] of (recipe.patches ?? []).entries()) {
    await sysroot.write(`${path}/${index}.patch`, text);
    await sysroot.run(["patch", "-p1", "-i", `${path}/${index}.patch`], { cwd: source, log, online });
  }
  for (const [name, text] of Object.entries(recipe.files?.() ?? {})) await sysroot.write(`${path}/${name}`, text);

  const values: Record<string, string> = {
    "{source}": source,
    "{build}": path,
    "{jobs}": String(availableParallelism()),
  };
  const env = { SOURCE_DATE_EPOCH: String(SOURCE_DATE_EPOCH), KCONFIG_NOTIMESTAMP: "1" };
  for (const argv of recipe.commands) {
    const filled = argv.map((word) => word.replace(/\{(source|build|jobs)\}/g, (name) => values[name]));
    await sysroot.run(filled, { cwd: recipe.inTree ? source : path, env, log, online });
  }

  const folder: BuiltFolder = {
    sysroot,
    path,
    read: (name) => sysroot.read(`${recipe.inTree ? source : path}/${name}`),
  };
  const outputs: Record<string, Uint8Array> = {};
  for (const [name, file] of Object.entries(recipe.outputs)) outputs[name] = await folder.read(file);
  for (const text of recipe.source ? recipe.license.texts : []) {
    outputs[`licenses/${recipe.source!.package}/${basename(text)}`] = await sysroot.read(`${unpacked}/${text}`);
  }
  return { ...outputs, ...(await recipe.finish?.(folder)) };
}

/** musl comes without kernel headers: Debian's, as links, and nothing else of the C library they were made for. */
export async function linkKernelHeaders(sysroot: Sysroot): Promise<void> {
  const links = { linux: "linux", "asm-generic": "asm-generic", mtd: "mtd", asm: "i386-linux-gnu/asm" };
  await mkdir(join(sysroot.directory, "build/kernel-headers"), { recursive: true });
  for (const [name, target] of Object.entries(links)) {
    await sysroot.run(["ln", "-sfn", `/usr/include/${target}`, `/build/kernel-headers/${name}`]);
  }
}
