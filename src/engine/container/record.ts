/** A container as the engine remembers it: what was asked for, and how it is. Kept in the guest as JSON. */
import type { ContainerConfig, ContainerState, EndpointSettings, HostConfig, MountPoint } from "../../protocol/docker";
import type { PublishedPort } from "../network/bridge";
import type { IdMap } from "./userns";

export interface ContainerRecord {
  id: string;
  /** Without the slash that Docker shows before it. */
  name: string;
  /** RFC 3339. */
  createdAt: string;
  imageId: string;
  /** Directories of its image's layers, topmost first. */
  layers: string[];
  config: ContainerConfig;
  hostConfig: HostConfig;
  /** The program and its arguments: entrypoint and command together. */
  args: string[];
  state: ContainerState;
  restartCount: number;
  mounts: MountPoint[];
  /** How its ids are the host's, if it has a user namespace of its own. */
  idMap?: IdMap;
  /** By name of the network. */
  endpoints: Record<string, EndpointSettings>;
  /** While it runs: its ends of the cables, `eth0`, by name of the network. */
  interfaces?: Record<string, string>;
  /** The network that is its way out, and where its published ports lead. */
  gatewayNetwork?: string;
  published?: PublishedPort[];
}

export const NEVER = "0001-01-01T00:00:00Z";

export function createdState(): ContainerState {
  return {
    Status: "created",
    Running: false,
    Paused: false,
    Restarting: false,
    OOMKilled: false,
    Dead: false,
    Pid: 0,
    ExitCode: 0,
    Error: "",
    StartedAt: NEVER,
    FinishedAt: NEVER,
  };
}
