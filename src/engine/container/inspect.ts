/** Containers as the API shows them. */
import type { HealthStatus } from "../../protocol/docker";
import type { Networks } from "../network/networks";
import type { Container } from "./container";

/** `docker inspect` (API `ContainerInspect`). */
export function inspectContainer({ record, paths }: Container, networks: Networks, execIds: string[]): object {
  const { state, config, hostConfig } = record;
  const first = Object.values(record.endpoints).at(0);
  return {
    Id: record.id,
    Created: record.createdAt,
    Path: record.args[0],
    Args: record.args.slice(1),
    State: state,
    Image: record.imageId,
    ResolvConfPath: paths.resolvConf,
    HostnamePath: paths.hostname,
    HostsPath: paths.hosts,
    LogPath: paths.log,
    Name: `/${record.name}`,
    RestartCount: record.restartCount,
    Driver: "overlay2",
    Platform: "linux",
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: "",
    ExecIDs: execIds.length > 0 ? execIds : null,
    HostConfig: hostConfig,
    GraphDriver: {
      Name: "overlay2",
      Data: {
        ID: record.id,
        LowerDir: record.layers.join(":"),
        MergedDir: paths.rootfs,
        UpperDir: paths.upper,
        WorkDir: paths.work,
      },
    },
    Mounts: record.mounts,
    Config: config,
    NetworkSettings: {
      Bridge: "",
      SandboxID: state.Running ? paths.netns : "",
      SandboxKey: state.Running ? `/run/netns/${paths.netns}` : "",
      Ports: portMap(record.config.ExposedPorts, networks.portsOf(record)),
      EndpointID: first?.EndpointID ?? "",
      Gateway: first?.Gateway ?? "",
      IPAddress: first?.IPAddress ?? "",
      IPPrefixLen: first?.IPPrefixLen ?? 0,
      MacAddress: first?.MacAddress ?? "",
      Networks: record.endpoints,
    },
  };
}

type Port = ReturnType<Networks["portsOf"]>[number];

function portMap(exposed: Record<string, object> | null = {}, published: readonly Port[]): object {
  const map: Record<string, { HostIp: string; HostPort: string }[] | null> = {};
  for (const port of Object.keys(exposed ?? {})) map[port] = null;
  for (const { containerPort, protocol, hostIp, hostPort } of published)
    (map[`${containerPort}/${protocol}`] ??= []).push({ HostIp: hostIp, HostPort: String(hostPort) });
  return map;
}

/** A line of `docker ps` (API `ContainerList`). */
export function summarizeContainer(container: Container, networks: Networks, now: number): object {
  const { record } = container;
  return {
    Id: record.id,
    Names: [`/${record.name}`],
    Image: record.config.Image,
    ImageID: record.imageId,
    Command: record.args.map((arg) => (/[\s"']/.test(arg) ? `'${arg}'` : arg)).join(" "),
    Created: Math.floor(Date.parse(record.createdAt) / 1000),
    Ports: networks.portsOf(record).map(({ containerPort, hostPort, hostIp, protocol }) => ({
      IP: hostIp,
      PrivatePort: containerPort,
      PublicPort: hostPort,
      Type: protocol,
    })),
    Labels: record.config.Labels ?? {},
    State: record.state.Status,
    Status: statusText(container, now),
    HostConfig: { NetworkMode: record.hostConfig.NetworkMode },
    NetworkSettings: { Networks: record.endpoints },
    Mounts: record.mounts,
  };
}

/** `Up 5 minutes`, `Exited (0) 2 hours ago` (moby `container.State.String`). */
export function statusText({ record: { state } }: Container, now: number): string {
  const since = (instant: string) => humanDuration(now - Date.parse(instant));
  switch (state.Status) {
    case "running":
      return `Up ${since(state.StartedAt)}${healthText(state.Health?.Status)}`;
    case "paused":
      return `Up ${since(state.StartedAt)} (Paused)`;
    case "restarting":
      return `Restarting (${state.ExitCode}) ${since(state.FinishedAt)} ago`;
    case "exited":
      return `Exited (${state.ExitCode}) ${since(state.FinishedAt)} ago`;
    case "created":
      return "Created";
    default:
      return state.Status[0].toUpperCase() + state.Status.slice(1);
  }
}

function healthText(status: HealthStatus = "none"): string {
  return status === "none" ? "" : status === "starting" ? " (health: starting)" : ` (${status})`;
}

/** As `units.HumanDuration` of docker/go-units says it. */
export function humanDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.round(ms / 3_600_000);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(hours / 24 / 365)} years`;
}
