/** The machine's files as the site serves them: `machine/manifest.json`, written by the build. */

export interface MachineFile {
  /** Relative to the manifest, hash-named, so it never changes. */
  path: string;
  /** Bytes as served. */
  sizeBytes: number;
  /** Hex SHA-256 of the bytes as served. */
  sha256: string;
  /** Set when the served bytes are compressed; v86 and the loader tell by magic, this is for people. */
  encoding?: "zstd";
}

/** Roles a machine file can have. `snapshot` is absent until the build made one. */
export type MachineRole = "kernel" | "root" | "layout" | "wasm" | "snapshot";

/** The machine as it stood once booted: shells at their prompts, agent ready. */
export interface SnapshotFile extends MachineFile {
  /** `Manifest.build` of the machine it was taken from. */
  build: string;
  /** The state within, uncompressed. */
  unpacked: { sizeBytes: number; sha256: string };
  /** What each terminal had printed, base64. */
  screens: string[];
}

export interface Manifest {
  /** Identity of the whole: hash over every other file and option that a snapshot depends on. */
  build: string;
  /** Kernel release, `uname -r`. */
  release: string;
  memoryBytes: number;
  commandLine: string;
  files: Record<Exclude<MachineRole, "snapshot">, MachineFile> & { snapshot?: SnapshotFile };
}
