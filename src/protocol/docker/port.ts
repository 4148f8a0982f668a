/** `80/tcp`, `53/udp`, `9000/sctp`; a range (`80-90/tcp`) only where a container is described before it is created. */
export type PortProtocol = `${string}/${"tcp" | "udp" | "sctp"}` | (string & {});

/** Where on the host a port is reached. Both fields are strings; an empty `HostPort` asks the engine to choose one. */
export interface PortBinding {
  HostIp?: string;
  HostPort?: string;
}

/** From a container's port to its places on the host; null means exposed, but not published. */
export type PortMap = Record<PortProtocol, PortBinding[] | null>;

/** A port in the list of containers. `PublicPort` and `IP` are absent for one that is only exposed. */
export interface PortSummary {
  IP?: string;
  PrivatePort: number;
  PublicPort?: number;
  Type: string;
}
