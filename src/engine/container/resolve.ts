/** From what was asked for to what the kernel is asked for: defaults, options and the image's own wishes joined. */
import { CAPABILITIES } from "../../protocol/capability";
import type { HostConfig } from "../../protocol/docker";
import type { Resource } from "../../plan/step";
import { badParameter } from "../api/error";
import { DEFAULT_CAPABILITIES, DEFAULT_SHM_BYTES, MASKED_PATHS, READONLY_PATHS, systemMounts } from "./defaults";
import type { ContainerPaths } from "./paths";
import type { ContainerRecord } from "./record";
import { security } from "./security";
import { tmpfsMounts } from "./tmpfs";
import { DEFAULT_DEVICE_RULES, parseDeviceRule, type DeviceRule } from "./device-rule";
import { BOXD_PATH } from "../../protocol/boxd";
import type { ContainerDevice, ContainerMount, ContainerSpec, Limits, NamespaceOf, Rlimit } from "./spec";
import type { ContainerUser } from "./user";

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What only a running machine can tell. */
export interface Surroundings {
  user: ContainerUser;
  /** Which of the kernel's files there are: some kernels lack some. */
  present: ReadonlySet<string>;
  /** First process of another container, by the name or id that `container:` was given. */
  pidOf(container: string): number;
  /** Shared memory of another container. @throws ApiError 409 when it does not share it */
  shmOf(container: string): string;
  /** Those of the host that are to be in the container. */
  devices: readonly ContainerDevice[];
  /** Where its user namespace is kept, if it has one: its own, or that of a container that it shares another one with. */
  userns?: string;
  /** Sources of mounts that are no directories. */
  files: ReadonlySet<string>;
}

/** @throws ApiError 400 for what cannot be meant */
export function resolveSpec(record: ContainerRecord, paths: ContainerPaths, around: Surroundings): ContainerSpec {
  const { config, hostConfig } = record;
  const privileged = hostConfig.Privileged ?? false;
  const init = hasInit(hostConfig);
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
    args: init ? [INIT_PATH, "--", ...record.args] : record.args,
    env: environment(record, around.user.home),
    cwd: config.WorkingDir || "/",
    user: around.user,
    namespaces: {
      pid: namespace(hostConfig.PidMode, around),
      ipc: namespace(
        ["private", "shareable", "none"].includes(hostConfig.IpcMode ?? "") ? "" : hostConfig.IpcMode,
        around,
      ),
      uts: namespace(hostConfig.UTSMode, around),
      cgroup: namespace(hostConfig.CgroupnsMode === "private" ? "" : hostConfig.CgroupnsMode, around),
      net,
    },
    netns: paths.netns,
    userns:
      record.idMap && around.userns !== undefined ? { path: around.userns, uid: record.idMap.uids.outside } : undefined,
    devices: around.devices,
    deviceRules: privileged ? undefined : deviceRules(hostConfig, around.devices),
    deviceFilter: paths.deviceFilter,
    tty: config.Tty ?? false,
    mounts: mounts(record, paths, around),
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

function deviceRules({ DeviceCgroupRules }: HostConfig, devices: readonly ContainerDevice[]): DeviceRule[] {
  return [
    ...DEFAULT_DEVICE_RULES,
    ...devices.map(({ type, major, minor, access }): DeviceRule => ({
      type: type === "block" ? "b" : "c",
      major,
      minor,
      access,
    })),
    ...(DeviceCgroupRules ?? []).map(parseDeviceRule),
  ];
}

/** True when its first process is to be an init of ours: for a PID namespace that is another's, that has one (moby `withInit`). */
function hasInit({ Init, PidMode }: HostConfig): boolean {
  return (Init ?? false) && !PidMode;
}

/** Where Docker has it. */
const INIT_PATH = "/sbin/docker-init";

/** /dev/shm: of its own, the host's, or another container's. */
function sharedMemory({ IpcMode = "" }: HostConfig, paths: ContainerPaths, around: Surroundings, own: ContainerMount) {
  const [, donor] = /^container:(.+)$/.exec(IpcMode) ?? [];
  if (IpcMode === "none") return [];
  if (IpcMode !== "host" && IpcMode !== "shareable" && donor === undefined) return [own];
  const source = IpcMode === "host" ? "/dev/shm" : donor === undefined ? paths.shm : around.shmOf(donor);
  return [{ ...own, source, type: "bind", options: ["bind"], why: "Shared memory, as its IPC namespace is." }];
}

function mounts(record: ContainerRecord, paths: ContainerPaths, around: Surroundings): ContainerMount[] {
  const { hostConfig } = record;
  const tmpfs = tmpfsMounts(hostConfig);
  const taken = new Set([...record.mounts.map(({ Destination }) => Destination), ...tmpfs.map(({ target }) => target)]);
  const options = { shmBytes: hostConfig.ShmSize || DEFAULT_SHM_BYTES, writableSys: hostConfig.Privileged ?? false };
  const system = systemMounts(options).flatMap((mount) =>
    mount.target === "/dev/shm" ? sharedMemory(hostConfig, paths, around, mount) : [mount],
  );
  const files: ContainerMount[] =
    hostConfig.NetworkMode === "host"
      ? []
      : [
          file("/etc/resolv.conf", paths.resolvConf, "Which name servers it asks."),
          file("/etc/hostname", paths.hostname, "Its name, as a file."),
          file("/etc/hosts", paths.hosts, "Names that it knows without asking."),
        ];
  const init: ContainerMount[] = hasInit(hostConfig)
    ? [
        {
          ...file(INIT_PATH, BOXD_PATH, "The init: hands signals on to the program, and waits for orphans."),
          options: ["bind", "ro"],
        },
      ]
    : [];
  const own = record.mounts.map((mount): ContainerMount => ({
    target: mount.Destination,
    source: mount.Source,
    type: "bind",
    options: ["rbind", ...(mount.RW ? [] : ["ro"])],
    on: around.files.has(mount.Source) ? "file" : "directory",
    why: mount.Type === "volume" ? `The volume ${mount.Name}.` : "A directory of the host.",
  }));
  return [...system, ...files, ...init, ...tmpfs, ...own].filter(
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

/** @throws ApiError 400 */
export function rlimit({ Name, Soft, Hard }: { Name: string; Soft: number; Hard: number }): Rlimit {
  if (!RESOURCES.has(Name)) throw badParameter(`invalid ulimit type: ${Name}`);
  if (Hard >= 0 && (Soft < 0 || Soft > Hard))
    throw badParameter(`ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`);
  const value = (number: number) => (number < 0 ? "unlimited" : number);
  return { resource: Name as Resource, soft: value(Soft), hard: value(Hard) };
}

/** What is left of the capabilities after --cap-add, --cap-drop and --privileged (moby `oci/caps.TweakCapabilities`). */
export function capabilities({ CapAdd, CapDrop, Privileged }: HostConfig): string[] {
  if (Privileged) return [...CAPABILITIES];
  const names = (given: readonly string[] | null | undefined) => (given ?? []).map(capabilityName);
  const added = names(CapAdd);
  const dropped = names(CapDrop);
  // With ALL on both sides adding counts.
  const base = added.includes("all") ? CAPABILITIES : dropped.includes("all") ? [] : DEFAULT_CAPABILITIES;
  const kept = base.filter((name) => !dropped.includes(name));
  return [...new Set([...kept, ...added.filter((name) => name !== "all")])];
}

function capabilityName(given: string): string {
  const name = given.toLowerCase().replace(/^cap_/, "");
  if (name !== "all" && !CAPABILITIES.includes(name))
    throw badParameter(`unknown capability: "${given.toUpperCase()}"`);
  return name;
}
