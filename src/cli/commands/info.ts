import type { InfoResponse } from "../../protocol/docker";
import { command, none } from "../command";
import { binarySize } from "../size";
import { OBJECT_FORMAT } from "./formats";
import { compileObjectTemplate } from "./inspect-format";
import { CLIENT_VERSION } from "./version";

/** `name=seccomp,profile=builtin` as two lines. */
const securityLines = (option: string): string[] => {
  const fields = option.split(",").map((field) => field.split("="));
  const name = fields.find(([key]) => key === "name")?.[1];
  if (name === undefined) return [`  ${option}`];
  return [
    `  ${name}`,
    ...fields
      .filter(([key]) => key !== "name")
      .map(([key, value]) => `   ${key[0].toUpperCase()}${key.slice(1)}: ${value}`),
  ];
};

const serverLines = (info: InfoResponse): string[] => {
  const plugins = info.Plugins;
  const list = (names: string[] | null | undefined): string => (names ?? []).join(" ");
  const registry = info.RegistryConfig;
  const insecure = Object.values(registry?.IndexConfigs ?? {}).filter((index) => !index.Secure);
  return [
    ` Containers: ${info.Containers}`,
    `  Running: ${info.ContainersRunning}`,
    `  Paused: ${info.ContainersPaused}`,
    `  Stopped: ${info.ContainersStopped}`,
    ` Images: ${info.Images}`,
    ...(info.ServerVersion ? [` Server Version: ${info.ServerVersion}`] : []),
    ...(info.Driver ? [` Storage Driver: ${info.Driver}`] : []),
    ...(info.DriverStatus ?? []).map(([name, value]) => `  ${name}: ${value}`),
    ...(info.LoggingDriver ? [` Logging Driver: ${info.LoggingDriver}`] : []),
    ...(info.CgroupDriver ? [` Cgroup Driver: ${info.CgroupDriver}`] : []),
    ...(info.CgroupVersion ? [` Cgroup Version: ${info.CgroupVersion}`] : []),
    " Plugins:",
    `  Volume: ${list(plugins?.Volume)}`,
    `  Network: ${list(plugins?.Network)}`,
    ...(plugins?.Authorization?.length ? [`  Authorization: ${list(plugins.Authorization)}`] : []),
    `  Log: ${list(plugins?.Log)}`,
    ` Swarm: ${info.Swarm?.LocalNodeState ?? "inactive"}`,
    ...(Object.keys(info.Runtimes ?? {}).length > 0
      ? [` Runtimes: ${Object.keys(info.Runtimes).sort().join(" ")}`]
      : []),
    ...(info.DefaultRuntime ? [` Default Runtime: ${info.DefaultRuntime}`] : []),
    ` Init Binary: ${info.InitBinary}`,
    ` containerd version: ${info.ContainerdCommit?.ID ?? ""}`,
    ` runc version: ${info.RuncCommit?.ID ?? ""}`,
    ` init version: ${info.InitCommit?.ID ?? ""}`,
    ...(info.SecurityOptions?.length ? [" Security Options:", ...info.SecurityOptions.flatMap(securityLines)] : []),
    ` Kernel Version: ${info.KernelVersion}`,
    ` Operating System: ${info.OperatingSystem}`,
    ` OSType: ${info.OSType}`,
    ` Architecture: ${info.Architecture}`,
    ` CPUs: ${info.NCPU}`,
    ` Total Memory: ${binarySize(info.MemTotal)}`,
    ` Name: ${info.Name}`,
    ` ID: ${info.ID}`,
    ` Docker Root Dir: ${info.DockerRootDir}`,
    ` Debug Mode: ${info.Debug}`,
    ...(info.Debug
      ? [
          `  File Descriptors: ${info.NFd}`,
          `  Goroutines: ${info.NGoroutines}`,
          `  System Time: ${info.SystemTime}`,
          `  EventsListeners: ${info.NEventsListener}`,
        ]
      : []),
    ...(info.HttpProxy ? [` HTTP Proxy: ${info.HttpProxy}`] : []),
    ...(info.HttpsProxy ? [` HTTPS Proxy: ${info.HttpsProxy}`] : []),
    ...(info.NoProxy ? [` No Proxy: ${info.NoProxy}`] : []),
    ...(info.Labels?.length ? [" Labels:", ...info.Labels.map((label) => `  ${label}`)] : []),
    ` Experimental: ${info.ExperimentalBuild}`,
    ...(registry && (insecure.length > 0 || registry.InsecureRegistryCIDRs?.length)
      ? [
          " Insecure Registries:",
          ...insecure.map((index) => `  ${index.Name}`),
          ...(registry.InsecureRegistryCIDRs ?? []).map((cidr) => `  ${cidr}`),
        ]
      : []),
    ...(registry?.Mirrors?.length ? [" Registry Mirrors:", ...registry.Mirrors.map((mirror) => `  ${mirror}`)] : []),
    ` Live Restore Enabled: ${info.LiveRestoreEnabled}`,
    ...(info.DefaultAddressPools?.length
      ? [
          " Default Address Pools:",
          ...info.DefaultAddressPools.map((pool) => `   Base: ${pool.Base}, Size: ${pool.Size}`),
        ]
      : []),
    "",
  ];
};

/** What the kernel lacks, by the fields that say so. */
const warningsOf = (info: InfoResponse): string[] => {
  if (info.Warnings) return info.Warnings;
  return [
    ...(info.MemoryLimit ? [] : ["WARNING: No memory limit support"]),
    ...(info.SwapLimit ? [] : ["WARNING: No swap limit support"]),
    ...(info.CpuCfsQuota ? [] : ["WARNING: No cpu cfs quota support"]),
    ...(info.CpuCfsPeriod ? [] : ["WARNING: No cpu cfs period support"]),
    ...(info.CPUShares ? [] : ["WARNING: No cpu shares support"]),
    ...(info.CPUSet ? [] : ["WARNING: No cpuset support"]),
    ...(info.IPv4Forwarding ? [] : ["WARNING: IPv4 forwarding is disabled"]),
  ];
};

export const info = command("info", {
  use: "[OPTIONS]",
  short: "Display system-wide information",
  arity: none,
  options: OBJECT_FORMAT,
  run: async (context, options) => {
    const format = options.text("format");
    const template = format === "" || format === "json" ? undefined : compileObjectTemplate(format);
    const clientInfo = {
      Debug: false,
      Version: CLIENT_VERSION.version,
      Context: "default",
      Plugins: [],
      Warnings: null,
    };
    if (format === "")
      await context.out(
        `Client:\n Version:    ${CLIENT_VERSION.version}\n Context:    default\n Debug Mode: false\n\nServer:\n`,
      );
    const answer = await context.api.json<InfoResponse>("GET", "/info");
    if (format === "json") await context.out(`${JSON.stringify({ ...answer, ClientInfo: clientInfo })}\n`);
    else if (template) await context.out(`${template({ ...answer, ClientInfo: clientInfo })}\n`);
    else {
      await context.out(`${serverLines(answer).join("\n")}\n`);
      for (const warning of warningsOf(answer)) await context.err(`${warning}\n`);
    }
  },
});
