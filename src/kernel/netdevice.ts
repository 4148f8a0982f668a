/** Network devices (`include/linux/netdevice.h`). Every function takes the address of a `net_device`. */
import type { NetDevice } from "../protocol/network";
import { MAX_DEVICES, MAX_KIND_BYTES } from "./bounds";
import { devicePrivate, NO_COUNTERS } from "./linkstats";
import { listForEachEntry } from "./list";
import { MemoryFault } from "./memory";
import type { Program } from "./program";

/** Network namespaces, oldest first; one that is being taken down is no longer among them. */
export function networkNamespaces(prog: Program): Generator<number, void, undefined> {
  return listForEachEntry(prog, prog.symbol("net_namespace_list"), prog.fields.net.list, "net");
}

/** Devices of a namespace (`struct net`), in the order in which they came to it. */
export function namespaceDevices(prog: Program, net: number): Generator<number, void, undefined> {
  const head = prog.member(net, prog.fields.net.dev_base_head);
  return listForEachEntry(prog, head, prog.fields.net_device.dev_list, "net_device", MAX_DEVICES);
}

// include/linux/mutex.h: the low bits of `owner` are flags, the rest is the task that holds it.
const MUTEX_FLAGS = 0x07;

/**
 * True while somebody changes devices, addresses or routes: `rtnl_mutex` is held. What they are in between, such as a
 * device that belongs to no namespace or was set down before it is removed, no tool of the guest can see either.
 */
export function networkChanging(prog: Program): boolean {
  return (prog.u32(prog.symbol("rtnl_mutex"), prog.fields.mutex.owner) & ~MUTEX_FLAGS) !== 0;
}

/** Address of its `struct net`. */
export function deviceNamespace(prog: Program, device: number): number {
  return prog.pointer(device, prog.fields.net_device["nd_net.net"]);
}

export function deviceIndex(prog: Program, device: number): number {
  return prog.u32(device, prog.fields.net_device.ifindex) | 0;
}

export function deviceName(prog: Program, device: number): string {
  return prog.string(device, prog.fields.net_device.name);
}

export function deviceMtu(prog: Program, device: number): number {
  return prog.u32(device, prog.fields.net_device.mtu);
}

/** Address of the `rtnl_link_ops` that made it; 0 for devices of hardware and for `lo`. */
export function deviceLinkOps(prog: Program, device: number): number {
  return prog.pointer(device, prog.fields.net_device.rtnl_link_ops);
}

/** Name of a kind of devices: `veth`. */
export function linkOpsKind(prog: Program, linkOps: number): string {
  return prog.cstring(linkOps, prog.fields.rtnl_link_ops.kind, MAX_KIND_BYTES);
}

export function deviceKind(prog: Program, device: number): string | undefined {
  const linkOps = deviceLinkOps(prog, device);
  return linkOps === 0 ? undefined : linkOpsKind(prog, linkOps);
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
/** `MAX_ADDR_LEN` of `include/linux/netdevice.h`. */
const MAX_ADDR_LEN = 32;

/** Hardware address; undefined for devices that have none. */
export function deviceMac(prog: Program, device: number): string | undefined {
  const { addr_len, dev_addr } = prog.fields.net_device;
  const length = prog.u8(device, addr_len);
  if (length === 0) return undefined;
  if (length > MAX_ADDR_LEN) throw new MemoryFault(device, `the hardware address has ${length} bytes`);
  const bytes = prog.bytes(prog.pointer(device, dev_addr), length);
  let mac = HEX[bytes[0]];
  for (let i = 1; i < length; i++) mac += `:${HEX[bytes[i]]}`;
  return mac;
}

// include/uapi/linux/if.h
const IFF_UP = 0x1;
const IFF_LOOPBACK = 0x8;
const IFF_RUNNING = 0x40;
const IFF_PROMISC = 0x100;
const IFF_ALLMULTI = 0x200;
const IFF_LOWER_UP = 0x10000;
const IFF_DORMANT = 0x20000;
/** Flags that the kernel works out when it is asked. */
const IFF_VOLATILE = IFF_RUNNING | IFF_LOWER_UP | IFF_DORMANT | IFF_PROMISC | IFF_ALLMULTI;

/** In the order in which `ip` prints them. */
const FLAG_NAMES: readonly (readonly [flag: number, name: string])[] = [
  [IFF_LOOPBACK, "LOOPBACK"],
  [0x2, "BROADCAST"],
  [0x10, "POINTOPOINT"],
  [0x1000, "MULTICAST"],
  [0x80, "NOARP"],
  [IFF_ALLMULTI, "ALLMULTI"],
  [IFF_PROMISC, "PROMISC"],
  [0x400, "MASTER"],
  [0x800, "SLAVE"],
  [0x4, "DEBUG"],
  [0x8000, "DYNAMIC"],
  [0x4000, "AUTOMEDIA"],
  [0x2000, "PORTSEL"],
  [0x20, "NOTRAILERS"],
  [IFF_UP, "UP"],
  [IFF_LOWER_UP, "LOWER_UP"],
  [IFF_DORMANT, "DORMANT"],
  [0x40000, "ECHO"],
];

/** No flag of the kernel's: `ip` says so of a device that sits on another in its namespace which is down. */
const LOWER_DOWN = 0x80000000;

// Bits of net_device.state: enum netdev_state_t of include/linux/netdevice.h
const STATE_START = 1 << 0;
const STATE_NOCARRIER = 1 << 2;
const STATE_DORMANT = 1 << 4;

/** RFC 2863 states, `IF_OPER_…` of `include/uapi/linux/if.h`, by the names that `ip` gives them. */
const OPERATIONAL_STATES = ["UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP"];
const OPER_UNKNOWN = 0;
const OPER_DOWN = 2;
const OPER_UP = 6;

function isStarted(prog: Program, device: number): boolean {
  return (prog.u32(device, prog.fields.net_device.state) & STATE_START) !== 0;
}

/** The flags as a word: `dev_get_flags()` of `net/core/dev.c`. */
export function deviceFlags(prog: Program, device: number): number {
  const fields = prog.fields.net_device;
  let flags = prog.u32(device, fields.flags) & ~IFF_VOLATILE;
  flags |= prog.u16(device, fields.gflags) & (IFF_PROMISC | IFF_ALLMULTI);
  const state = prog.u32(device, fields.state);
  if (state & STATE_START) {
    const operational = prog.u32(device, fields.operstate);
    if (operational === OPER_UP || operational === OPER_UNKNOWN) flags |= IFF_RUNNING;
    if (!(state & STATE_NOCARRIER)) flags |= IFF_LOWER_UP;
    if (state & STATE_DORMANT) flags |= IFF_DORMANT;
  }
  return flags & ~LOWER_DOWN;
}

/** Says in the flags what `ip` says of the device that this one sits on, or is the other end of; 0 for none. */
export function withLowerFlag(prog: Program, device: number, flags: number, other: number): number {
  if (other === 0) return flags;
  const fields = prog.fields.net_device;
  const operations = prog.pointer(device, fields.netdev_ops);
  if (prog.pointer(operations, prog.fields.net_device_ops.ndo_get_iflink) === 0) return flags;
  if (deviceNamespace(prog, other) !== deviceNamespace(prog, device)) return flags;
  return prog.u32(other, fields.flags) & IFF_UP ? flags : flags | LOWER_DOWN;
}

/** Names of the flags in a word, as `ip` prints them. */
export function flagNames(flags: number): string[] {
  const names: string[] = [];
  if (flags & IFF_UP && !(flags & IFF_RUNNING)) names.push("NO-CARRIER");
  for (const [flag, name] of FLAG_NAMES) if (flags & flag) names.push(name);
  if (flags & LOWER_DOWN) names.push("M-DOWN");
  return names;
}

/** The same, for evidence. */
export function deviceFlagNames(prog: Program, device: number): string[] {
  const other = devicePeer(prog, device) || deviceLower(prog, device);
  return flagNames(withLowerFlag(prog, device, deviceFlags(prog, device), other));
}

export function isLoopback(prog: Program, device: number): boolean {
  return (prog.u32(device, prog.fields.net_device.flags) & IFF_LOOPBACK) !== 0;
}

export function isUp(prog: Program, device: number): boolean {
  return (prog.u32(device, prog.fields.net_device.flags) & IFF_UP) !== 0;
}

/** `operstate`; a device that is not started is down. */
export function deviceState(prog: Program, device: number): string {
  const state = isStarted(prog, device) ? prog.u32(device, prog.fields.net_device.operstate) : OPER_DOWN;
  return OPERATIONAL_STATES[state] ?? String(state);
}

/** Address of the bridge that it is a port of; 0 for none. The kernel keeps a master first of what is above a device. */
export function deviceMaster(prog: Program, device: number): number {
  const adjacent = firstAdjacent(prog, prog.member(device, prog.fields.net_device["adj_list.upper"]));
  if (adjacent === 0 || prog.u8(adjacent, prog.fields.netdev_adjacent.master) === 0) return 0;
  return prog.pointer(adjacent, prog.fields.netdev_adjacent.dev);
}

/** Address of the device that a vlan, macvlan, ipvlan or vxlan sits on; 0 for none, and for a bridge, which has ports. */
export function deviceLower(prog: Program, device: number): number {
  const adjacent = firstAdjacent(prog, prog.member(device, prog.fields.net_device["adj_list.lower"]));
  if (adjacent === 0) return 0;
  const lower = prog.pointer(adjacent, prog.fields.netdev_adjacent.dev);
  return deviceMaster(prog, lower) === device ? 0 : lower;
}

function firstAdjacent(prog: Program, head: number): number {
  const node = prog.pointer(head, prog.fields.list_head.next);
  return node === head ? 0 : prog.container(node, prog.fields.netdev_adjacent.list, "netdev_adjacent");
}

/** Address of the other end of a veth pair, whichever namespace that is in; 0 for none. */
export function devicePeer(prog: Program, device: number): number {
  if (deviceLinkOps(prog, device) !== prog.info.symbols.veth_link_ops) return 0;
  return prog.pointer(devicePrivate(prog, device, "veth"), prog.fields.veth_priv.peer);
}

const NONE: never[] = [];

/** What is in the `net_device` itself; what it leads to is left empty. */
export function readDevice(prog: Program, device: number): NetDevice {
  return {
    address: device,
    namespace: 0,
    index: deviceIndex(prog, device),
    name: deviceName(prog, device),
    kind: undefined,
    loopback: isLoopback(prog, device),
    mac: undefined,
    mtu: deviceMtu(prog, device),
    flags: NONE,
    up: isUp(prog, device),
    state: deviceState(prog, device),
    master: undefined,
    peer: undefined,
    lower: undefined,
    addresses: NONE,
    counters: NO_COUNTERS,
  };
}
