import type { ContainerConfig, HostConfig } from "./container-config";
import type { MountPoint } from "./mount";
import type { EndpointSettings } from "./network";
import type { PortMap, PortSummary } from "./port";

export type ContainerStatus = "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";

export type HealthStatus = "none" | "starting" | "healthy" | "unhealthy";

/** An answer of the health check; instants are RFC 3339 with nanoseconds. */
export interface HealthcheckResult {
  Start: string;
  End: string;
  ExitCode: number;
  Output: string;
}

export interface Health {
  Status: HealthStatus;
  FailingStreak: number;
  Log: HealthcheckResult[] | null;
}

/** `0001-01-01T00:00:00Z` stands for an instant that never was. */
export interface ContainerState {
  Status: ContainerStatus;
  Running: boolean;
  Paused: boolean;
  Restarting: boolean;
  OOMKilled: boolean;
  Dead: boolean;
  Pid: number;
  ExitCode: number;
  Error: string;
  StartedAt: string;
  FinishedAt: string;
  Health?: Health;
}

/** One of `GET /containers/json`. `Created` is in seconds, names begin with a slash. */
export interface ContainerSummary {
  Id: string;
  Names: string[];
  Image: string;
  ImageID: string;
  Command: string;
  Created: number;
  Ports: PortSummary[];
  /** With `size=1` alone. */
  SizeRw?: number;
  SizeRootFs?: number;
  Labels: Record<string, string>;
  State: ContainerStatus;
  /** For people: `Up 2 minutes (healthy)`, `Exited (0) 3 seconds ago`. */
  Status: string;
  HostConfig: { NetworkMode?: string; Annotations?: Record<string, string> };
  NetworkSettings: { Networks: Record<string, EndpointSettings> } | null;
  Mounts: MountPoint[];
}

export interface GraphDriver {
  Name: string;
  Data: Record<string, string> | null;
}

/** The fields without `Networks` and `Ports` describe the default bridge and are there for old clients. */
export interface NetworkSettings {
  Bridge: string;
  SandboxID: string;
  SandboxKey: string;
  Ports: PortMap;
  HairpinMode: boolean;
  LinkLocalIPv6Address: string;
  LinkLocalIPv6PrefixLen: number;
  SecondaryIPAddresses: { Addr: string; PrefixLen: number }[] | null;
  SecondaryIPv6Addresses: { Addr: string; PrefixLen: number }[] | null;
  EndpointID: string;
  Gateway: string;
  GlobalIPv6Address: string;
  GlobalIPv6PrefixLen: number;
  IPAddress: string;
  IPPrefixLen: number;
  IPv6Gateway: string;
  MacAddress: string;
  Networks: Record<string, EndpointSettings>;
}

/** `GET /containers/{id}/json?size=`. */
export interface ContainerInspect {
  Id: string;
  Created: string;
  Path: string;
  Args: string[];
  State: ContainerState;
  Image: string;
  ResolvConfPath: string;
  HostnamePath: string;
  HostsPath: string;
  LogPath: string;
  Name: string;
  RestartCount: number;
  Driver: string;
  Platform: string;
  MountLabel: string;
  ProcessLabel: string;
  AppArmorProfile: string;
  ExecIDs: string[] | null;
  HostConfig: HostConfig;
  GraphDriver: GraphDriver;
  SizeRw?: number;
  SizeRootFs?: number;
  Mounts: MountPoint[];
  Config: ContainerConfig;
  NetworkSettings: NetworkSettings;
}

/** `GET /containers/{id}/top?ps_args=`. */
export interface ContainerTop {
  Titles: string[];
  Processes: string[][] | null;
}

/** One of `GET /containers/{id}/changes`: 0 modified, 1 added, 2 deleted. */
export interface FilesystemChange {
  Path: string;
  Kind: 0 | 1 | 2;
}

export type WaitCondition = "not-running" | "next-exit" | "removed";

/** `POST /containers/{id}/wait?condition=`; the headers come at once, the body when it is over. */
export interface ContainerWaitResponse {
  StatusCode: number;
  Error?: { Message: string } | null;
}

/**
 * What `HEAD` and `GET /containers/{id}/archive` put, as base64 of JSON, into `X-Docker-Container-Path-Stat`. `mode` is
 * Go's `os.FileMode`: the directory bit is 0x80000000, a link's 0x08000000.
 */
export interface ContainerPathStat {
  name: string;
  size: number;
  mode: number;
  mtime: string;
  linkTarget: string;
}

/** `POST /containers/prune`. */
export interface ContainerPruneResponse {
  ContainersDeleted: string[] | null;
  SpaceReclaimed: number;
}
