/**
 * A container as the kernel is to be asked for it: everything resolved, nothing left to default. What the OCI runtime spec
 * calls `config.json`, with the few words that this engine needs.
 */
import type { DeviceRule } from "./device-rule";
import type { Resource } from "../../plan/step";

/** Whose namespace it is in: one of its own, the host's, or that of a process. */
export type NamespaceOf = "own" | "host" | { pid: number };

export interface ContainerMount {
  /** In the container. */
  target: string;
  source: string;
  /** "bind" for a directory or file of the guest. */
  type: string;
  options: readonly string[];
  /** What has to be there to mount on. */
  on: "directory" | "file";
  /** For the explanation. */
  why: string;
}

/** A device of the host that was asked for. */
export interface ContainerDevice {
  /** On the host, and in the container. */
  source: string;
  target: string;
  type: "character" | "block";
  major: number;
  minor: number;
  /** Permissions of its node, without its type. */
  mode: number;
  uid: number;
  gid: number;
  /** Some of read, write, mknod: `rwm`. */
  access: string;
}

export interface Rlimit {
  resource: Resource;
  soft: number | "unlimited";
  hard: number | "unlimited";
}

/** Bytes, shares and counts as the user asked for them; what is left out is not limited. */
export interface Limits {
  memoryBytes?: number;
  /** Memory and swap together; -1 for no limit of swap. */
  memorySwapBytes?: number;
  /** Soft limit, `memory.low`. */
  memoryReservationBytes?: number;
  /** Docker's `--cpu-shares`: 2 to 262144, 1024 is usual. */
  cpuShares?: number;
  /** Microseconds of processor time in each period of microseconds. */
  cpuQuotaUs?: number;
  cpuPeriodUs?: number;
  cpusetCpus?: string;
  pids?: number;
  /** Docker's `--blkio-weight`: 10 to 1000. */
  blkioWeight?: number;
}

export interface ContainerSpec {
  id: string;
  /** Where its file system is mounted in the guest. */
  rootfs: string;
  /** From the root of the hierarchy: `/docker/ID`. */
  cgroup: string;
  hostname: string;
  domainname: string;
  args: readonly string[];
  env: readonly string[];
  cwd: string;
  user: { uid: number; gid: number; groups: readonly number[] };
  namespaces: { pid: NamespaceOf; ipc: NamespaceOf; uts: NamespaceOf; cgroup: NamespaceOf; net: NamespaceOf };
  /** Name of the network namespace to be in, when `namespaces.net` is "own". */
  netns: string;
  /** A user namespace that is kept at `path`, whose root is `uid` on the host; undefined for the host's. */
  userns?: { path: string; uid: number };
  /** Besides those that every container has. */
  devices: readonly ContainerDevice[];
  /** What may be used of devices; undefined for all. */
  deviceRules?: readonly DeviceRule[];
  /** Where the program that says so is kept. */
  deviceFilter: string;
  /** It has a terminal. */
  tty: boolean;
  /** In this order. */
  mounts: readonly ContainerMount[];
  readonlyRootfs: boolean;
  maskedPaths: readonly string[];
  readonlyPaths: readonly string[];
  sysctls: Readonly<Record<string, string>>;
  limits: Limits;
  rlimits: readonly Rlimit[];
  /** Left in the bounding set. */
  capabilities: readonly string[];
  noNewPrivileges: boolean;
  /** File with the filter of system calls; undefined when there is none. */
  seccompFilter?: string;
  oomScoreAdj: number;
}
