/** From what was asked for to what the kernel is asked for: defaults, options and the image's own wishes joined. */
import { CAPABILITIES } from "../../protocol/capability";
import type { HostConfig } from "../../protocol/docker";
import type { Resource } from "../../plan/step";
import { badParameter } from "../api/error";
import { DEFAULT_CAPABILITIES, DEFAULT_SHM_BYTES, MASKED_PATHS, READONLY_PATHS, systemMounts } from "./defaults";
import type { ContainerPaths } from "./paths";
import type { ContainerRecord } from "./record";
import { security } from "./security";
import type { ContainerMount, ContainerSpec, Limits, NamespaceOf, Rlimit } from "./spec";
import type { ContainerUser } from "./user";

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What only a running machine can tell. */
export interface Surroundings {
  user: ContainerUser;
  /** Which of the kernel's files there are: some kernels lack some. */
  present: ReadonlySet<string>;
  /** First process of another container, by the name or id that `container:` was given. */
  pidOf(container: string): number;
}

/** @throws ApiError 400 for what cannot be meant */
export function resolveSpec(record: ContainerRecord, paths: ContainerPaths, around: Surroundings): ContainerSpec {
  const { config, hostConfig } = record;
  const privileged = hostConfig.Privileged ?? false;
  const net = namespace(
    hostConfig.NetworkMode === "none" || isNetwork(hostConfig.NetworkMode) ? "" : hostConfig.NetworkMode,
    around,
  );
  const hidden = hostConfig.MaskedPaths ?? (privileged ? [] : MASKED_PATHS);
  const readonly = hostConfig.ReadonlyPaths ?? (privileged ? [] : READONLY_PATHS);
  return {
    id: record.id,
    rootfs: paths.rootfs,
    cgroup: paths.cgroup,
    hostname: config.Hostname ?? record.id.slice(0, 12),
    domainname: config.Domainname ?? "",
    args: record.args,
    env: environment(record, around.user.home),
    cwd: config.WorkingDir || "/",
    user: around.user,
    namespaces: {
      pid: namespace(hostConfig.PidMode, around),
      ipc: namespace(
        hostConfig.IpcMode === "private" || hostConfig.IpcMode === "shareable" ? "" : hostConfig.IpcMode,
        around,
      ),
      uts: namespace(hostConfig.UTSMode, around),
      cgroup: namespace(hostConfig.CgroupnsMode === "private" ? "" : hostConfig.CgroupnsMode, around),
      net,
    },
    netns: paths.netns,
    mounts: mounts(record, paths, privileged),
    readonlyRootfs: hostConfig.ReadonlyRootfs ?? false,
    maskedPaths: hidden.filter((path) => around.present.has(path)),
    readonlyPaths: readonly.filter((path) => around.present.has(path)),
    sysctls: hostConfig.Sysctls ?? {},
    limits: limits(hostConfig),
    rlimits: (hostConfig.Ulimits ?? []).map(rlimit),
    capabilities: capabilities(hostConfig),
    noNewPrivileges: security(hostConfig).noNewPrivileges,
    seccompFilter: security(hostConfig).seccomp ? paths.seccompFilter : undefined,
    oomScoreAdj: hostConfig.OomScoreAdj ?? 0,
  };
}

/** True for the name of a network, which a container joins with a namespace of its own. */
export function isNetwork(mode = "default"): boolean {
  return mode !== "host" && mode !== "none" && !mode.startsWith("container:");
}

function namespace(mode: string | undefined, around: Surroundings): NamespaceOf {
  if (!mode || mode === "default") return "own";
  if (mode === "host") return "host";
  const [, container] = /^container:(.+)$/.exec(mode) ?? [];
  if (container === undefined) throw badParameter(`invalid namespace mode: ${mode}`);
  return { pid: around.pidOf(container) };
}

function environment({ config }: ContainerRecord, home: string): string[] {
  const given = (config.Env ?? []).filter((variable) => variable.includes("="));
  const named = new Set(given.map((variable) => variable.slice(0, variable.indexOf("="))));
  const usual: Record<string, string> = {
    PATH: DEFAULT_PATH,
    HOSTNAME: config.Hostname ?? "",
    ...(config.Tty ? { TERM: "xterm" } : {}),
    HOME: home,
  };
  const missing = Object.entries(usual).filter(([name]) => !named.has(name));
  return [...missing.map(([name, value]) => `${name}=${value}`), ...given];
}

function mounts(record: ContainerRecord, paths: ContainerPaths, privileged: boolean): ContainerMount[] {
  const { hostConfig } = record;
  const taken = new Set([
    ...record.mounts.map(({ Destination }) => Destination),
    ...Object.keys(hostConfig.Tmpfs ?? {}),
  ]);
  const system = systemMounts({ shmBytes: hostConfig.ShmSize || DEFAULT_SHM_BYTES, writableSys: privileged });
  const files: ContainerMount[] =
    hostConfig.NetworkMode === "host"
      ? []
      : [
          file("/etc/resolv.conf", paths.resolvConf, "Which name servers it asks."),
          file("/etc/hostname", paths.hostname, "Its name, as a file."),
          file("/etc/hosts", paths.hosts, "Names that it knows without asking."),
        ];
  const tmpfs = Object.entries(hostConfig.Tmpfs ?? {}).map(([target, options]): ContainerMount => ({
    target,
    source: "tmpfs",
    type: "tmpfs",
    options: ["nosuid", "nodev", "noexec", ...options.split(",").filter((option) => option !== "")],
    on: "directory",
    why: "Asked for with --tmpfs: what is written here is in memory, and goes with the container.",
  }));
  const own = record.mounts.map((mount): ContainerMount => ({
    target: mount.Destination,
    source: mount.Source,
    type: "bind",
    options: ["rbind", ...(mount.RW ? [] : ["ro"])],
    on: "directory",
    why: mount.Type === "volume" ? `The volume ${mount.Name}.` : "A directory of the host.",
  }));
  return [...system, ...files, ...tmpfs, ...own].filter(
    (mount) => !(system.includes(mount) || files.includes(mount)) || !taken.has(mount.target),
  );
}

function file(target: string, source: string, why: string): ContainerMount {
  return { target, source, type: "bind", options: ["bind"], on: "file", why };
}

/** @throws ApiError 400 for numbers that Docker refuses */
export function limits(host: HostConfig): Limits {
  const set = (value: number | null | undefined) => (value ? value : undefined);
  const memoryBytes = set(host.Memory);
  if (memoryBytes !== undefined && memoryBytes > 0 && memoryBytes < MIN_MEMORY_BYTES)
    throw badParameter("Minimum memory limit allowed is 6MB");
  if (host.MemorySwap && host.MemorySwap > 0 && !memoryBytes)
    throw badParameter("You should always set the Memory limit when using Memoryswap limit, see usage");
  if (host.MemorySwap && host.MemorySwap > 0 && memoryBytes && host.MemorySwap < memoryBytes)
    throw badParameter("Minimum memoryswap limit should be larger than memory limit, see usage");
  if (host.NanoCpus && host.NanoCpus < 0)
    throw badParameter("Range of CPUs is from 0.01 to 1.00, as there are only 1 CPUs available");
  const quota = host.NanoCpus ? Math.round(host.NanoCpus / 10_000) : set(host.CpuQuota);
  return {
    memoryBytes,
    // There is no swap on this machine, and no file to say how much of it may be used.
    memoryReservationBytes: set(host.MemoryReservation),
    cpuShares: set(host.CpuShares),
    cpuQuotaUs: quota,
    cpuPeriodUs: host.NanoCpus ? 100_000 : set(host.CpuPeriod),
    pids: set(host.PidsLimit),
    blkioWeight: set(host.BlkioWeight),
  };
}

const MIN_MEMORY_BYTES = 6 << 20;

const RESOURCES: ReadonlySet<string> = new Set<Resource>([
  "as",
  "core",
  "cpu",
  "data",
  "fsize",
  "locks",
  "memlock",
  "nice",
  "nofile",
  "nproc",
  "rss",
  "rtprio",
  "stack",
]);

function rlimit({ Name, Soft, Hard }: { Name: string; Soft: number; Hard: number }): Rlimit {
  if (!RESOURCES.has(Name)) throw badParameter(`invalid ulimit type: ${Name}`);
  const value = (number: number) => (number < 0 ? "unlimited" : number);
  return { resource: Name as Resource, soft: value(Soft), hard: value(Hard) };
}

/** What is left of the capabilities after --cap-add, --cap-drop and --privileged (moby `oci/caps.TweakCapabilities`). */
export function capabilities({ CapAdd, CapDrop, Privileged }: HostConfig): string[] {
  if (Privileged) return [...CAPABILITIES];
  const names = (given: readonly string[] | null | undefined) => (given ?? []).map(capabilityName);
  const added = names(CapAdd);
  const dropped = names(CapDrop);
  const base = dropped.includes("all") ? [] : added.includes("all") ? CAPABILITIES : DEFAULT_CAPABILITIES;
  const kept = base.filter((name) => !dropped.includes(name));
  return [...new Set([...kept, ...added.filter((name) => name !== "all")])];
}

function capabilityName(given: string): string {
  const name = given.toLowerCase().replace(/^cap_/, "");
  if (name !== "all" && !CAPABILITIES.includes(name))
    throw badParameter(`unknown capability: "${given.toUpperCase()}"`);
  return name;
}
