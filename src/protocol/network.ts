/** Network devices, routes and sockets of the kernel picture. IPv4: the guest's kernel has no IPv6. */

/** An address of a device (`struct in_ifaddr`). */
export interface Ipv4Address {
  /** Dotted: `10.0.0.1`. */
  local: string;
  prefixLength: number;
  broadcast?: string;
  /** The other end of a point-to-point device. */
  peer?: string;
  label: string;
  /** As `ip` says it: `global`, `link`, `host`, or a number. */
  scope: string;
}

export interface DeviceCounters {
  rxPackets: number;
  rxBytes: number;
  rxErrors: number;
  rxDropped: number;
  txPackets: number;
  txBytes: number;
  txErrors: number;
  txDropped: number;
}

export interface NetDevice {
  /** Address of the `struct net_device`; it stays the same when the device moves to another namespace. */
  address: number;
  /** Inode number of its network namespace. */
  namespace: number;
  index: number;
  name: string;
  /** As `ip -d` names it: `veth`, `bridge`, `vlan`; absent for devices of hardware and for `lo`. */
  kind?: string;
  loopback: boolean;
  /** Hardware address, `02:42:ac:11:00:02`. */
  mac?: string;
  mtu: number;
  /** Flags as `ip` prints them: `UP`, `LOWER_UP`, `BROADCAST`. */
  flags: string[];
  up: boolean;
  /** `operstate` as `ip` prints it: `UP`, `DOWN`, `UNKNOWN`, `LOWERLAYERDOWN`. */
  state: string;
  /** Address of the bridge (or bond) it is a port of. */
  master?: number;
  /** Address of the other end of a veth pair, whichever namespace that is in. */
  peer?: number;
  /** Address of the device that a vlan, macvlan, ipvlan sits on. */
  lower?: number;
  addresses: Ipv4Address[];
  counters: DeviceCounters;
}

/** A route (`struct fib_alias`). */
export interface Route {
  address: number;
  /** Inode number of its network namespace. */
  namespace: number;
  /** `main`, `local`, or a number. */
  table: string;
  /** `unicast`, `local`, `broadcast`, … */
  type: string;
  /** Dotted; `0.0.0.0` with length 0 is the default route. */
  destination: string;
  prefixLength: number;
  gateway?: string;
  /** Address of the device. */
  device?: number;
  /** Number of next hops where there are several, which then have the gateways and devices. */
  nextHops?: number;
  /** Preferred source. */
  source?: string;
  /** `global`, `link`, `host`, `nowhere`, or a number. */
  scope: string;
  /** `kernel`, `boot`, `static`, or a number. */
  protocol: string;
  metric: number;
}

/** A socket that some task has open (`struct sock`). */
export interface Socket {
  /** Address of the `struct sock`. */
  address: number;
  /** Inode number of its network namespace. */
  namespace: number;
  /** Inode number of the socket, as `/proc/PID/fd` shows it: `socket:[1234]`. */
  inode: number;
  family: "inet" | "unix" | "packet" | "netlink" | "other";
  type: "stream" | "dgram" | "raw" | "seqpacket" | "other";
  /** `tcp`, `udp`, `icmp`, or a number (inet only). */
  protocol?: string;
  /** As ss names it: `LISTEN`, `ESTAB`, `UNCONN`, `TIME-WAIT`. */
  state: string;
  /** `10.0.0.1:80` (inet); the path, or `@` and the abstract name (unix). */
  local?: string;
  remote?: string;
  /** Address of the connected socket (unix only). */
  peer?: number;
  /** Descriptors of it, by host pid of the process. */
  holders: { pid: number; fd: number }[];
}
