/** How one committed file, or a few, are built from a source: the type that every recipe has. */
import type { Patch } from "./patch";
import type { DebianSource, Sysroot } from "./sysroot";

/** 2026-01-01: the date of everything that insists on having one. */
export const SOURCE_DATE_EPOCH = 1767225600;

/**
 * What every program of the guest is compiled with. SSE2 does arithmetic that x87 would do slowly under emulation; no unwind tables and
 * no position independence, because the programs are static and have no C++.
 */
export const CFLAGS: readonly string[] = [
  "-Os",
  "-march=i686",
  "-msse2",
  "-mfpmath=sse",
  "-fno-pie",
  "-fno-stack-protector",
  "-fno-asynchronous-unwind-tables",
  "-ffunction-sections",
  "-fdata-sections",
  "-ffile-prefix-map=/build=.",
  // musl has no kernel headers of its own.
  "-isystem",
  "/build/kernel-headers",
];

/** What every program of the guest is linked with. */
export const LDFLAGS: readonly string[] = ["-static", "-no-pie", "-s", "-Wl,--gc-sections", "-Wl,--build-id=none"];

/** One argument vector, run in the build folder. `{source}`, `{build}` and `{jobs}` stand for the folders and the number of processors. */
export type Argv = readonly string[];

export interface Recipe {
  /** What `--only` calls it. */
  name: string;
  /** Where it comes from; without one, `files` are the whole source. */
  source?: DebianSource;
  /** SPDX expression of what is built, and the licence texts inside the source. */
  license: { spdx: string; texts: readonly string[] };
  /** Recipes whose build folders this one uses. */
  needs?: readonly string[];
  /** Written into the build folder first. */
  files?(): Readonly<Record<string, string>>;
  /** When set, the source is copied into the build folder: its build writes into its own tree. */
  inTree?: boolean;
  patches?: readonly Patch[];
  commands: readonly Argv[];
  /** Committed name under `images/machine/`, from a path in the build folder. */
  outputs: Readonly<Record<string, string>>;
  /** For outputs that TypeScript makes from what was built. Runs after `commands`; returns more outputs by committed name. */
  finish?(build: BuiltFolder): Promise<Record<string, Uint8Array>>;
}

/** A build folder after its commands ran. */
export interface BuiltFolder {
  sysroot: Sysroot;
  /** Inside the chroot. */
  path: string;
  /** Reads a file of the build folder. */
  read(name: string): Promise<Buffer>;
}
