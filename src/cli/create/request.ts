import type {
  ContainerCreateRequest,
  DeviceMapping,
  EndpointSettings,
  HealthConfig,
  HostConfig,
  Mount,
  ThrottleDevice,
  Ulimit,
  WeightDevice,
} from "../../protocol/docker";
import { readText } from "../api";
import type { Context } from "../context";
import type { Options } from "../options";
import { absolutePath, openFile } from "../transfer";
import type { NetworkSpec } from "./network-spec";
import { parsePortSpecs } from "./port-spec";
import { parseRestartPolicy } from "./restart-policy";
import { environmentOf, labelsOf, pairsOf } from "./variables";

/** Longest seccomp profile that is sent along. */
const MAX_PROFILE_BYTES = 1024 * 1024;

const orNull = <T>(list: T[]): T[] | null => (list.length > 0 ? list : null);

const BUILT_IN_PROFILES = ["unconfined", "builtin"];

/** `seccomp=FILE` is sent as the file's content; `systempaths=unconfined` becomes two empty lists. */
const securityOptions = async (context: Context, given: string[]): Promise<string[]> => {
  const options: string[] = [];
  for (const option of given) {
    const at = option.search(/[=:]/);
    if (at < 0) {
      if (option !== "no-new-privileges") throw new Error(`Invalid --security-opt: ${JSON.stringify(option)}`);
      options.push(option);
      continue;
    }
    const [name, value] = [option.slice(0, at), option.slice(at + 1)];
    if (name !== "seccomp" || BUILT_IN_PROFILES.includes(value)) {
      options.push(option);
      continue;
    }
    let text: string;
    try {
      text = await readText(await openFile(context, value), MAX_PROFILE_BYTES);
    } catch (thrown) {
      throw new Error(`opening seccomp profile (${value}) failed: ${(thrown as Error).message}`, { cause: thrown });
    }
    try {
      options.push(`seccomp=${JSON.stringify(JSON.parse(text))}`);
    } catch (thrown) {
      throw new Error(`compacting json for seccomp profile (${value}) failed: ${(thrown as Error).message}`, {
        cause: thrown,
      });
    }
  }
  return options;
};

const deviceOf = (text: string): DeviceMapping => {
  const parts = text.split(":");
  const isMode = (part: string): boolean => /^[rwm]{1,3}$/.test(part);
  const [source, second = "", third] = parts;
  if (source === "" || parts.length > 3) throw new Error(`invalid device specification: ${text}`);
  const target = second === "" || (parts.length === 2 && isMode(second)) ? source : second;
  const permissions = third ?? (parts.length === 2 && isMode(second) ? second : "rwm");
  return { PathOnHost: source, PathInContainer: target, CgroupPermissions: permissions };
};

const healthOf = (options: Options): HealthConfig | undefined => {
  const settings = ["cmd", "interval", "timeout", "start-period", "start-interval", "retries"].map(
    (name) => `health-${name}`,
  );
  const isSet = settings.some((name) => Boolean(options.value(name)));
  if (options.flag("no-healthcheck")) {
    if (isSet) throw new Error("--no-healthcheck conflicts with --health-* options");
    return { Test: ["NONE"] };
  }
  if (!isSet) return undefined;
  for (const name of settings)
    if (name !== "health-cmd" && options.number(name) < 0) throw new Error(`--${name} cannot be negative`);
  const health: HealthConfig = {};
  if (options.text("health-cmd")) health.Test = ["CMD-SHELL", options.text("health-cmd")];
  const fields = {
    Interval: "health-interval",
    Timeout: "health-timeout",
    StartPeriod: "health-start-period",
    StartInterval: "health-start-interval",
    Retries: "health-retries",
  } as const;
  for (const [field, name] of Object.entries(fields))
    if (options.number(name) !== 0) Object.assign(health, { [field]: options.number(name) });
  return health;
};

const isContainerMode = (mode: string): boolean => /^container:.+/.test(mode);

const checkModes = (options: Options): void => {
  const check = (name: string, word: string, isValid: (mode: string) => boolean): void => {
    if (!isValid(options.text(name))) throw new Error(`--${name}: invalid ${word} mode`);
  };
  check("pid", "PID", (mode) => mode === "" || mode === "host" || isContainerMode(mode));
  check("uts", "UTS", (mode) => mode === "" || mode === "host");
  check("userns", "USER", (mode) => mode === "" || mode === "host");
  check("cgroupns", "CGROUP", (mode) => mode === "" || mode === "host" || mode === "private");
};

/** The parts of `-v`. A single letter before a colon is taken for a drive of Windows, which belongs to what follows. */
const volumeParts = (text: string): string[] => {
  const parts: string[] = [];
  let part = "";
  for (const character of text) {
    if (character === ":" && !/^[a-zA-Z]$/.test(part)) {
      parts.push(part);
      part = "";
    } else part += character;
  }
  return [...parts, part];
};

/** Lists where the texts after `-v` belong: what names a source is a bind, the rest asks for a volume of its own. */
const volumesOf = (cwd: string, given: string[]): { binds: string[]; volumes: Record<string, object> } => {
  const binds = new Set<string>();
  const volumes: Record<string, object> = {};
  for (const text of given) {
    if (text === "") throw new Error("invalid empty volume spec");
    const parts = volumeParts(text);
    if (parts.length === 1 || text.length <= 2) {
      volumes[text] = {};
      continue;
    }
    if (parts.some((part) => part === "")) throw new Error(`invalid spec: ${text}: empty section between colons`);
    binds.add(parts[0].startsWith(".") ? absolutePath(cwd, parts[0]) + text.slice(parts[0].length) : text);
  }
  return { binds: [...binds], volumes };
};

const endpointOf = (network: NetworkSpec): EndpointSettings => {
  const ipam: NonNullable<EndpointSettings["IPAMConfig"]> = {
    ...(network.ipv4 ? { IPv4Address: network.ipv4 } : {}),
    ...(network.ipv6 ? { IPv6Address: network.ipv6 } : {}),
    ...(network.linkLocal.length > 0 ? { LinkLocalIPs: network.linkLocal } : {}),
  };
  return {
    IPAMConfig: Object.keys(ipam).length > 0 ? ipam : null,
    Links: orNull(network.links),
    Aliases: orNull(network.aliases),
    MacAddress: network.macAddress,
    DriverOpts: Object.keys(network.driverOpts).length > 0 ? network.driverOpts : null,
    NetworkID: "",
    EndpointID: "",
    Gateway: "",
    IPAddress: "",
    IPPrefixLen: 0,
    IPv6Gateway: "",
    GlobalIPv6Address: "",
    GlobalIPv6PrefixLen: 0,
    DNSNames: null,
  };
};

const BUILT_IN_NETWORKS = ["default", "bridge", "host", "none", "nat"];

/** The options that belong to the first network: `--ip`, `--network-alias` and their like. */
const networksOf = (options: Options): NetworkSpec[] => {
  const given = options.value("network") as NetworkSpec[];
  const empty = {
    target: "default",
    aliases: [],
    driverOpts: {},
    links: [],
    ipv4: "",
    ipv6: "",
    linkLocal: [],
    macAddress: "",
  };
  const [first, ...rest] = given.length > 0 ? given : [empty];
  const own: NetworkSpec = { ...first };
  const take = (name: string, set: boolean, taken: boolean, use: () => void): void => {
    if (!set) return;
    if (taken)
      throw new Error(
        `conflicting options: cannot specify both --${name} and per-network ${name === "network-alias" ? "alias" : name === "ip" ? "IPv4 address" : name === "ip6" ? "IPv6 address" : name}`,
      );
    use();
  };
  const aliases = options.list("network-alias");
  const links = options.list("link");
  const linkLocal = options.list("link-local-ip");
  take("network-alias", aliases.length > 0, own.aliases.length > 0, () => (own.aliases = aliases));
  take("link", links.length > 0 && !isBuiltIn(own.target), own.links.length > 0, () => (own.links = links));
  take("ip", options.text("ip") !== "", own.ipv4 !== "", () => (own.ipv4 = options.text("ip")));
  take("ip6", options.text("ip6") !== "", own.ipv6 !== "", () => (own.ipv6 = options.text("ip6")));
  take(
    "mac-address",
    options.text("mac-address") !== "",
    own.macAddress !== "",
    () => (own.macAddress = options.text("mac-address")),
  );
  take("link-local-ip", linkLocal.length > 0, own.linkLocal.length > 0, () => (own.linkLocal = linkLocal));
  const all = [own, ...rest];
  const builtIn = all.filter((network) => isBuiltIn(network.target)).length;
  if (builtIn > 0 && builtIn < all.length)
    throw new Error("conflicting options: cannot attach both user-defined and non-user-defined network-modes");
  for (const network of all)
    if (isBuiltIn(network.target) && network.aliases.length > 0)
      throw new Error("network-scoped aliases are only supported for user-defined networks");
  const names = all.map((network) => network.target);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`network ${JSON.stringify(twice)} is specified multiple times`);
  return all;
};

/** A network of which nothing is asked but its name is not described; the default one is, as by Docker. */
const endpointsOf = (networks: NetworkSpec[], isDefault: boolean): Record<string, EndpointSettings> =>
  Object.fromEntries(
    networks
      .map((network): [string, EndpointSettings] => [network.target, endpointOf(network)])
      .filter(
        ([, { IPAMConfig, Links, Aliases, MacAddress, DriverOpts }]) =>
          isDefault || networks.length > 1 || IPAMConfig || Links || Aliases || MacAddress || DriverOpts,
      ),
  );

const isBuiltIn = (name: string): boolean => BUILT_IN_NETWORKS.includes(name) || isContainerMode(name);

const logOptionsOf = (driver: string, options: string[]): Record<string, string> => {
  if (driver === "none" && options.length > 0) throw new Error(`invalid logging opts for driver ${driver}`);
  return pairsOf(options);
};

const storageOptionsOf = (options: string[]): Record<string, string> => {
  for (const option of options) if (!option.includes("=")) throw new Error("invalid storage option");
  return pairsOf(options);
};

/** By name; of two of the same the last one counts. */
const ulimitsOf = (ulimits: Ulimit[]): Ulimit[] =>
  [...new Map(ulimits.map((ulimit) => [ulimit.Name, ulimit])).values()].sort((a, b) => (a.Name < b.Name ? -1 : 1));

/** `net_admin` is `CAP_NET_ADMIN`; each once, by name. */
const capabilitiesOf = (names: string[]): string[] =>
  [
    ...new Set(
      names
        .map((name) => name.toUpperCase().trim())
        .map((name) => (name === "ALL" || name.startsWith("CAP_") ? name : `CAP_${name}`)),
    ),
  ].sort();

const MAC_ADDRESS = /^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$/;

/** What `POST /containers/create` is sent for a line of `run` or `create`. Throws an Error worded as Docker's. */
export const createRequest = async (
  context: Context,
  options: Options,
  [image, ...command]: string[],
): Promise<ContainerCreateRequest> => {
  const text = options.text;
  const interactive = options.flag("interactive");
  const attached = options.list("attach");
  if (text("mac-address") !== "" && !MAC_ADDRESS.test(text("mac-address")))
    throw new Error(`${text("mac-address")} is not a valid mac address`);
  const swappiness = options.number("memory-swappiness");
  if (swappiness !== -1 && (swappiness < 0 || swappiness > 100))
    throw new Error(`invalid value: ${swappiness}. Valid memory swappiness range is 0-100`);
  const mounts = options.value("mount") as Mount[];
  for (const mount of mounts)
    if (mount.Type === "bind" && mount.Source?.startsWith("."))
      mount.Source = absolutePath(context.io.cwd, mount.Source);
  const { binds, volumes } = volumesOf(context.io.cwd, options.list("volume"));
  const ports = parsePortSpecs(options.list("publish"), options.list("expose"));
  const env = await environmentOf(context, options.list("env-file"), options.list("env"));
  const labels = await labelsOf(context, options.list("label-file"), options.list("label"));
  checkModes(options);
  const restart = parseRestartPolicy(text("restart"));
  const security = await securityOptions(context, options.list("security-opt"));
  const unconfined = security.includes("systempaths=unconfined");
  const health = healthOf(options);
  if (options.flag("rm") && restart.Name !== "no" && restart.Name !== "")
    throw new Error("conflicting options: cannot specify both --restart and --rm");
  const networks = networksOf(options);
  const tmpfs = options.list("tmpfs");
  const storage = storageOptionsOf(options.list("storage-opt"));
  const isTerminal = options.flag("tty");
  const attachStdin = attached.includes("stdin") || interactive;

  const hostConfig: HostConfig = {
    Binds: orNull(binds),
    ContainerIDFile: text("cidfile"),
    LogConfig: { Type: text("log-driver"), Config: logOptionsOf(text("log-driver"), options.list("log-opt")) },
    NetworkMode: networks[0].target,
    PortBindings: ports.bindings,
    RestartPolicy: restart,
    AutoRemove: options.flag("rm"),
    VolumeDriver: text("volume-driver"),
    VolumesFrom: orNull(options.list("volumes-from")),
    ConsoleSize:
      isTerminal && context.stdoutIsTty && context.io.tty ? [context.io.tty.rows, context.io.tty.cols] : [0, 0],
    CapAdd: orNull(capabilitiesOf(options.list("cap-add"))),
    CapDrop: orNull(capabilitiesOf(options.list("cap-drop"))),
    CgroupnsMode: text("cgroupns") as HostConfig["CgroupnsMode"],
    Dns: options.list("dns"),
    DnsOptions: options.list("dns-option"),
    DnsSearch: options.list("dns-search"),
    ExtraHosts: orNull(options.list("add-host")),
    GroupAdd: orNull(options.list("group-add")),
    IpcMode: text("ipc"),
    Cgroup: "",
    Links: orNull(options.list("link")),
    OomScoreAdj: options.number("oom-score-adj"),
    PidMode: text("pid"),
    Privileged: options.flag("privileged"),
    PublishAllPorts: options.flag("publish-all"),
    ReadonlyRootfs: options.flag("read-only"),
    SecurityOpt: security.length === 0 ? null : security.filter((option) => option !== "systempaths=unconfined"),
    UTSMode: text("uts"),
    UsernsMode: text("userns"),
    ShmSize: options.number("shm-size"),
    Isolation: text("isolation"),
    CpuShares: options.number("cpu-shares"),
    Memory: options.number("memory"),
    NanoCpus: options.number("cpus"),
    CgroupParent: text("cgroup-parent"),
    BlkioWeight: options.number("blkio-weight"),
    BlkioWeightDevice: options.value("blkio-weight-device") as WeightDevice[],
    BlkioDeviceReadBps: options.value("device-read-bps") as ThrottleDevice[],
    BlkioDeviceWriteBps: options.value("device-write-bps") as ThrottleDevice[],
    BlkioDeviceReadIOps: options.value("device-read-iops") as ThrottleDevice[],
    BlkioDeviceWriteIOps: options.value("device-write-iops") as ThrottleDevice[],
    CpuPeriod: options.number("cpu-period"),
    CpuQuota: options.number("cpu-quota"),
    CpuRealtimePeriod: options.number("cpu-rt-period"),
    CpuRealtimeRuntime: options.number("cpu-rt-runtime"),
    CpusetCpus: text("cpuset-cpus"),
    CpusetMems: text("cpuset-mems"),
    Devices: options.list("device").map(deviceOf),
    DeviceCgroupRules: orNull(options.list("device-cgroup-rule")),
    DeviceRequests: null,
    MemoryReservation: options.number("memory-reservation"),
    MemorySwap: options.number("memory-swap"),
    MemorySwappiness: swappiness,
    OomKillDisable: options.flag("oom-kill-disable"),
    PidsLimit: options.number("pids-limit"),
    Ulimits: ulimitsOf(options.value("ulimit") as Ulimit[]),
    CpuCount: options.number("cpu-count"),
    CpuPercent: options.number("cpu-percent"),
    IOMaximumIOps: options.number("io-maxiops"),
    IOMaximumBandwidth: options.number("io-maxbandwidth"),
    MaskedPaths: unconfined ? [] : null,
    ReadonlyPaths: unconfined ? [] : null,
    ...(options.changed("init") ? { Init: options.flag("init") } : {}),
    ...(mounts.length > 0 ? { Mounts: mounts } : {}),
    ...(tmpfs.length > 0
      ? {
          Tmpfs: Object.fromEntries(
            tmpfs.map((each) => [each.split(":")[0], each.includes(":") ? each.slice(each.indexOf(":") + 1) : ""]),
          ),
        }
      : {}),
    ...(options.list("sysctl").length > 0 ? { Sysctls: pairsOf(options.list("sysctl")) } : {}),
    ...(Object.keys(storage).length > 0 ? { StorageOpt: storage } : {}),
    ...(options.list("annotation").length > 0 ? { Annotations: pairsOf(options.list("annotation")) } : {}),
    ...(text("runtime") ? { Runtime: text("runtime") } : {}),
  };

  const all = attached.length === 0;
  return {
    Hostname: text("hostname"),
    Domainname: text("domainname"),
    User: text("user"),
    AttachStdin: attachStdin,
    AttachStdout: all || attached.includes("stdout"),
    AttachStderr: all || attached.includes("stderr"),
    ...(Object.keys(ports.exposed).length > 0 ? { ExposedPorts: ports.exposed } : {}),
    Tty: isTerminal,
    OpenStdin: interactive,
    StdinOnce: interactive && attachStdin,
    Env: orNull(env),
    Cmd: orNull(command),
    ...(health ? { Healthcheck: health } : {}),
    Image: image,
    Volumes: volumes,
    WorkingDir: text("workdir"),
    Entrypoint: options.changed("entrypoint") ? [text("entrypoint")] : null,
    OnBuild: null,
    Labels: labels,
    ...(text("stop-signal") ? { StopSignal: text("stop-signal") } : {}),
    ...(options.changed("stop-timeout") ? { StopTimeout: options.number("stop-timeout") } : {}),
    HostConfig: hostConfig,
    NetworkingConfig: { EndpointsConfig: endpointsOf(networks, !options.changed("network")) },
  };
};
