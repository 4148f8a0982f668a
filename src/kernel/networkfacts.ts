/** Facts of network devices and routes. Commands run in a process's network namespace where that is not the host's. */
import type { DeviceCounters, Ipv4Address } from "../protocol/network";
import { type Fact, fact, type ObjectFacts, quoted } from "./fact";
import { namespaceMember } from "./namespace-facts";
import {
  leafDestination,
  namespaceRoutes,
  routeDevice,
  routeGateway,
  routeLeaf,
  routeMetric,
  routeNamespace,
  routeNextHops,
  routePrefixLength,
  routeProtocol,
  routeScope,
  routeSource,
  routeTable,
  routeType,
} from "./fib";
import { deviceAddresses } from "./ipv4";
import { deviceCounters, NO_COUNTERS } from "./linkstats";
import { initialNamespace, namespaceInum } from "./namespace";
import {
  deviceFlagNames,
  deviceIndex,
  deviceKind,
  deviceLower,
  deviceMac,
  deviceMaster,
  deviceMtu,
  deviceName,
  deviceNamespace,
  devicePeer,
  deviceState,
  isLoopback,
  isUp,
  namespaceDevices,
  networkNamespaces,
} from "./netdevice";
import type { Program } from "./program";
import { upToFault } from "./task";

const none = "none";
const orNone = (value: string | undefined) => value ?? none;
const inum = (prog: Program, net: number) => namespaceInum(prog, net, "net");
const showInum = (value: number) => `net:[${value}]`;

/** The command as the host runs it to see this network namespace; undefined when no task is in it. */
function inNamespace(prog: Program, net: number, command: string): string | undefined {
  if (net === initialNamespace(prog, "net")) return command;
  const pid = namespaceMember(prog, net, "net");
  return pid === undefined ? undefined : `nsenter -t ${pid} -n ${command}`;
}

function* allDevices(prog: Program): Generator<number, void, undefined> {
  for (const net of upToFault(networkNamespaces(prog))) yield* upToFault(namespaceDevices(prog, net));
}

/** A device's name as one word of a shell. */
function nameWord(prog: Program, device: number): string {
  return `'${deviceName(prog, device).replaceAll("'", `'\\''`)}'`;
}

const ofDevice = (command: (name: string) => string) => (prog: Program, device: number) =>
  inNamespace(prog, deviceNamespace(prog, device), command(nameWord(prog, device)));

const link = ofDevice((name) => `ip -d link show dev ${name}`);
const statistics = ofDevice((name) => `ip -s link show dev ${name}`);

/** Name of a device that another points to, and the namespace it is in where that is another. */
function related(prog: Program, device: number, other: number): string | undefined {
  if (other === 0) return undefined;
  const name = quoted(deviceName(prog, other));
  const net = deviceNamespace(prog, other);
  return net === deviceNamespace(prog, device) ? name : `${name} in ${showInum(inum(prog, net))}`;
}

function showAddress({ local, peer, prefixLength, broadcast, scope, label }: Ipv4Address): string {
  const other = peer === undefined ? "" : ` peer ${peer}`;
  const all = broadcast === undefined ? "" : ` brd ${broadcast}`;
  return `${local}${other}/${prefixLength}${all} scope ${scope} ${label}`;
}

/** `rxBytes` of the picture is `rx_bytes` of the kernel. */
function counterFacts(): Record<string, Fact> {
  const facts = (Object.keys(NO_COUNTERS) as (keyof DeviceCounters)[]).map((name) => {
    const field = name.replace(/[A-Z]/, (letter) => `_${letter.toLowerCase()}`);
    const path = `dev_get_stats(net_device)->${field}`;
    return [name, fact(path, (prog, device) => deviceCounters(prog, device)[name], String, statistics)];
  });
  return Object.fromEntries(facts) as Record<string, Fact>;
}

export const DEVICE_FACTS: ObjectFacts = {
  all: allDevices,
  facts: {
    namespace: fact(
      "net_device.nd_net.net->ns.inum",
      (prog, device) => inum(prog, deviceNamespace(prog, device)),
      showInum,
      (prog, device) => inNamespace(prog, deviceNamespace(prog, device), "readlink /proc/self/ns/net"),
    ),
    index: fact("net_device.ifindex", deviceIndex, String, link),
    name: fact("net_device.name", deviceName, quoted, link),
    kind: fact("net_device.rtnl_link_ops->kind", deviceKind, orNone, link),
    loopback: fact("net_device.flags", isLoopback, String, link),
    mac: fact("net_device.dev_addr", deviceMac, orNone, link),
    mtu: fact("net_device.mtu", deviceMtu, String, link),
    flags: fact("dev_get_flags(net_device)", deviceFlagNames, (names) => names.join(","), link),
    up: fact("net_device.flags", isUp, String, link),
    state: fact("net_device.operstate", deviceState, String, link),
    master: fact(
      "net_device.adj_list.upper",
      (prog, device) => related(prog, device, deviceMaster(prog, device)),
      orNone,
      link,
    ),
    peer: fact(
      "netdev_priv(net_device)->peer",
      (prog, device) => related(prog, device, devicePeer(prog, device)),
      orNone,
      link,
    ),
    lower: fact(
      "net_device.adj_list.lower",
      (prog, device) => related(prog, device, deviceLower(prog, device)),
      orNone,
      link,
    ),
    addresses: fact(
      "net_device.ip_ptr->ifa_list",
      deviceAddresses,
      (addresses) => addresses.map(showAddress).join("\n") || none,
      ofDevice((name) => `ip address show dev ${name}`),
    ),
    ...counterFacts(),
  },
};

function* allRoutes(prog: Program): Generator<number, void, undefined> {
  for (const net of upToFault(networkNamespaces(prog))) yield* upToFault(namespaceRoutes(prog, net));
}

function destination(prog: Program, alias: number): string {
  return `${leafDestination(prog, routeLeaf(prog, alias))}/${routePrefixLength(prog, alias)}`;
}

const route = (prog: Program, alias: number) =>
  inNamespace(
    prog,
    routeNamespace(prog, alias),
    `ip -d route show table ${routeTable(prog, alias)} exact ${destination(prog, alias)}`,
  );

export const ROUTE_FACTS: ObjectFacts = {
  all: allRoutes,
  facts: {
    namespace: fact(
      "fib_alias.fa_info->fib_net->ns.inum",
      (prog, alias) => inum(prog, routeNamespace(prog, alias)),
      showInum,
      (prog, alias) => inNamespace(prog, routeNamespace(prog, alias), "readlink /proc/self/ns/net"),
    ),
    table: fact("fib_alias.tb_id", routeTable, String, route),
    type: fact("fib_alias.fa_type", routeType, String, route),
    destination: fact("leaf->key", destination, String, route),
    gateway: fact("fib_alias.fa_info->fib_nh[0].nh_common.nhc_gw.ipv4", routeGateway, orNone, route),
    device: fact(
      "fib_alias.fa_info->fib_nh[0].nh_common.nhc_dev->name",
      (prog, alias) => {
        const device = routeDevice(prog, alias);
        return device === 0 ? undefined : quoted(deviceName(prog, device));
      },
      orNone,
      route,
    ),
    nextHops: fact("fib_alias.fa_info->fib_nhs", routeNextHops, String, route),
    source: fact("fib_alias.fa_info->fib_prefsrc", routeSource, orNone, route),
    scope: fact("fib_alias.fa_info->fib_scope", routeScope, String, route),
    protocol: fact("fib_alias.fa_info->fib_protocol", routeProtocol, String, route),
    metric: fact("fib_alias.fa_info->fib_priority", routeMetric, String, route),
  },
};
