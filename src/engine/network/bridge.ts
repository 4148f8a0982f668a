/** The plans of bridge networks, as Docker's bridge driver makes them (moby `libnetwork/drivers/bridge`). */
import type { Plan, Step } from "../../plan/step";
import { formatIpv4, type Subnet } from "./subnet";

export interface Bridge {
  /** Of its device: `docker0`. */
  device: string;
  subnet: Subnet;
  /** Its own address, which is the gateway of the containers. */
  gateway: number;
  /** Containers get their addresses from here; from all of the subnet without it. */
  range?: Subnet;
  /** Addresses that no container gets. */
  reserved?: number[];
  /** Nothing leaves it, and nothing comes in. */
  internal?: boolean;
  /** False: what leaves keeps its own address. */
  masquerade?: boolean;
}

/** A container's end of a cable to a bridge. */
export interface Endpoint {
  /** Name of the network namespace that the inner end is in. */
  netns: string;
  /** The outer end. */
  veth: string;
  /** The inner end: `eth0`. */
  inner: string;
  address: number;
  mac: string;
  /** What goes elsewhere goes this way. */
  isGateway: boolean;
}

export interface PublishedPort {
  protocol: "tcp" | "udp";
  hostIp: string;
  hostPort: number;
  address: number;
  containerPort: number;
}

/** A bridge with its address, and the rule that gives what leaves it the host's own address. */
export function bridgePlan({ device, subnet, gateway, internal = false, masquerade = true }: Bridge): Plan {
  return [
    {
      kind: "linkAdd",
      name: device,
      type: "bridge",
      why: "A switch made of software: containers are plugged into it.",
    },
    {
      kind: "addressAdd",
      device,
      address: `${formatIpv4(gateway)}/${subnet.prefix}`,
      why: "The host's own address on it. Containers send there what goes elsewhere.",
    },
    { kind: "linkUp", name: device, why: "Devices begin switched off." },
    ...(internal ? isolationRules(device, subnet) : masquerade ? [masqueradeRule(device, subnet)] : []),
  ];
}

function masqueradeRule(device: string, subnet: Subnet): Step {
  const rule = ["POSTROUTING", "-s", cidr(subnet), "!", "-o", device, "-j", "MASQUERADE"];
  return iptables(
    ["-t", "nat", "-A", ...rule],
    ["-t", "nat", "-D", ...rule],
    "What leaves gets the host's address, so that answers find the way back.",
  );
}

/** Of an internal network (moby `setupInternalNetworkRules`). */
function isolationRules(device: string, subnet: Subnet): Plan {
  const enter = ["FORWARD", "!", "-s", cidr(subnet), "-o", device, "-j", "DROP"];
  const leave = ["FORWARD", "!", "-d", cidr(subnet), "-i", device, "-j", "DROP"];
  return [
    iptables(["-I", ...enter], ["-D", ...enter], "Nothing from elsewhere comes in."),
    iptables(["-I", ...leave], ["-D", ...leave], "And nothing leaves."),
  ];
}

/** A network namespace with a loopback: of a container without a network. */
export function sandboxPlan(netns: string): Plan {
  return [
    { kind: "netnsAdd", name: netns, why: "A network of its own: devices, addresses, routes and ports." },
    {
      kind: "netnsExec",
      name: netns,
      why: "Inside:",
      inside: [{ kind: "linkUp", name: "lo", why: "Programs expect 127.0.0.1 to answer." }],
    },
  ];
}

/** A cable from the bridge into a network namespace that is there. */
export function endpointPlan(bridge: Bridge, endpoint: Endpoint): Plan {
  const { netns, veth, inner, address, mac, isGateway } = endpoint;
  return [
    {
      kind: "linkAdd",
      name: veth,
      type: "veth",
      peer: inner,
      peerNetns: netns,
      why: "A cable, with one end in the container.",
    },
    { kind: "linkMaster", name: veth, master: bridge.device, why: "The other end is plugged into the bridge." },
    { kind: "linkUp", name: veth, why: "Switched on." },
    {
      kind: "netnsExec",
      name: netns,
      why: "Inside:",
      inside: [
        { kind: "linkAddress", name: inner, mac, why: "Its hardware address follows from the other one." },
        {
          kind: "addressAdd",
          device: inner,
          address: `${formatIpv4(address)}/${bridge.subnet.prefix}`,
          why: "The container's address.",
        },
        { kind: "linkUp", name: inner, why: "Switched on." },
        ...(isGateway
          ? [
              {
                kind: "routeAdd" as const,
                destination: "default",
                via: formatIpv4(bridge.gateway),
                why: "All else goes by way of the host.",
              },
            ]
          : []),
      ],
    },
  ];
}

/** A port of the host that leads to one of a container. */
export function publishPlan(bridge: Bridge, port: PublishedPort): Plan {
  const target = `${formatIpv4(port.address)}:${port.containerPort}`;
  const to = [
    "-p",
    port.protocol,
    ...(port.hostIp === "0.0.0.0" ? [] : ["-d", port.hostIp]),
    "--dport",
    `${port.hostPort}`,
  ];
  const rule = (chain: string, more: string[]) => [chain, ...to, ...more, "-j", "DNAT", "--to-destination", target];
  const local = ["-m", "addrtype", "--dst-type", "LOCAL"];
  return [
    iptables(
      ["-t", "nat", "-A", ...rule("PREROUTING", local)],
      ["-t", "nat", "-D", ...rule("PREROUTING", local)],
      "What comes to this port of the host goes to the container.",
    ),
    iptables(
      ["-t", "nat", "-A", ...rule("OUTPUT", ["!", "-d", "127.0.0.0/8", ...local])],
      ["-t", "nat", "-D", ...rule("OUTPUT", ["!", "-d", "127.0.0.0/8", ...local])],
      "Also what the host itself sends there.",
    ),
    iptables(
      [
        "-t",
        "nat",
        "-A",
        "POSTROUTING",
        "-p",
        port.protocol,
        "-s",
        formatIpv4(port.address),
        "-d",
        formatIpv4(port.address),
        "--dport",
        `${port.containerPort}`,
        "-j",
        "MASQUERADE",
      ],
      [
        "-t",
        "nat",
        "-D",
        "POSTROUTING",
        "-p",
        port.protocol,
        "-s",
        formatIpv4(port.address),
        "-d",
        formatIpv4(port.address),
        "--dport",
        `${port.containerPort}`,
        "-j",
        "MASQUERADE",
      ],
      `And from the container itself, by way of ${bridge.device}.`,
    ),
  ];
}

/** Docker's MAC address of a container's IPv4 address: 02:42 and its four bytes. */
export function macOf(address: number): string {
  const bytes = [2, 0x42, address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255];
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

function cidr({ address, prefix }: Subnet): string {
  return `${formatIpv4(address)}/${prefix}`;
}

function iptables(args: string[], undo: string[], why: string): Step {
  return {
    kind: "run",
    argv: ["iptables", ...args],
    undo: ["iptables", ...undo],
    call: "setsockopt(socket, SOL_IP, IPT_SO_SET_REPLACE, rules, length)",
    manual: ["iptables(8)"],
    why,
  };
}
