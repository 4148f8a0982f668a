/** A program of our own in C: how it is compiled, from the sources that lie in its folder. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Recipe } from "./recipe";

export interface CProgram {
  /** What it is called, and the folder of `guest/` that its sources are in. */
  name: string;
  sources: readonly string[];
  headers: readonly string[];
  /** Written beside the sources before compiling. */
  generated: Readonly<Record<string, string>>;
}

const COMPILER = "musl-gcc";
const CFLAGS = [
  "-std=gnu11",
  "-O2",
  "-march=i686",
  "-static",
  "-s",
  "-Wall",
  "-Wextra",
  "-Werror",
  // The kernel's own headers (linux-libc-dev) behind musl's, which has none.
  "-idirafter",
  "/usr/include",
  "-idirafter",
  "/usr/include/i386-linux-gnu",
  "-fno-stack-protector",
  "-fno-asynchronous-unwind-tables",
  "-ffunction-sections",
  "-fdata-sections",
  "-Wl,--gc-sections",
  "-Wl,--build-id=none",
  "-Wl,-z,noseparate-code",
] as const;

/** The command that compiles it, in a folder with all of its files. */
export function compile(program: CProgram): string[] {
  return [COMPILER, ...CFLAGS, ...program.sources, "-o", program.name];
}

/** Its files, generated ones included. */
export function files(program: CProgram): Record<string, string> {
  const folder = fileURLToPath(new URL(`./${program.name}/`, import.meta.url));
  const names = [...program.sources, ...program.headers];
  return {
    ...Object.fromEntries(names.map((name) => [name, readFileSync(folder + name, "utf8")])),
    ...program.generated,
  };
}

/** The recipe of the image build. */
export function cProgramRecipe(program: CProgram): Recipe {
  return {
    name: program.name,
    license: { spdx: "MIT", texts: [] },
    files: () => files(program),
    commands: [compile(program)],
    outputs: { [`bin/${program.name}`]: program.name },
  };
}
