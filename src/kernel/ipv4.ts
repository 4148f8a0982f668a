/** IPv4 addresses and numbers in network byte order (`include/linux/inetdevice.h`, `include/linux/rtnetlink.h`). */
import type { Ipv4Address } from "../protocol/network";
import { MAX_DEVICE_ADDRESSES } from "./bounds";
import type { Program } from "./program";

const NONE: Ipv4Address[] = [];

/** Text of a `__be32` that was read as a little-endian word: `10.0.0.1`. */
export function dotted(address: number): string {
  return `${address & 0xff}.${(address >>> 8) & 0xff}.${(address >>> 16) & 0xff}.${address >>> 24}`;
}

/** The same of an address in the byte order of the CPU, as the routing trie keeps its keys. */
export function dottedKey(key: number): string {
  return `${key >>> 24}.${(key >>> 16) & 0xff}.${(key >>> 8) & 0xff}.${key & 0xff}`;
}

/** Value of a `__be16` that was read as a little-endian word. */
export function ntohs(port: number): number {
  return ((port & 0xff) << 8) | (port >>> 8);
}

/** `enum rt_scope_t` of `include/uapi/linux/rtnetlink.h`, by the names that `ip` gives them. */
const SCOPES: Readonly<Record<number, string>> = { 0: "global", 200: "site", 253: "link", 254: "host", 255: "nowhere" };

export function scopeName(scope: number): string {
  return SCOPES[scope] ?? String(scope);
}

/** Addresses of a `net_device`, in the order of `ip address`; at most `MAX_DEVICE_ADDRESSES`. */
export function deviceAddresses(prog: Program, device: number): Ipv4Address[] {
  const inDevice = prog.pointer(device, prog.fields.net_device.ip_ptr);
  if (inDevice === 0) return NONE;
  let ifaddr = prog.pointer(inDevice, prog.fields.in_device.ifa_list);
  if (ifaddr === 0) return NONE;
  const addresses: Ipv4Address[] = [];
  for (; ifaddr !== 0 && addresses.length < MAX_DEVICE_ADDRESSES; ifaddr = nextAddress(prog, ifaddr)) {
    addresses.push(ipv4Address(prog, ifaddr));
  }
  return addresses;
}

function nextAddress(prog: Program, ifaddr: number): number {
  return prog.pointer(ifaddr, prog.fields.in_ifaddr.ifa_next);
}

/** What `net/ipv4/devinet.c`, `inet_fill_ifaddr()`, tells of an `in_ifaddr`. */
function ipv4Address(prog: Program, ifaddr: number): Ipv4Address {
  const fields = prog.fields.in_ifaddr;
  const local = prog.u32(ifaddr, fields.ifa_local);
  const peer = prog.u32(ifaddr, fields.ifa_address);
  const broadcast = prog.u32(ifaddr, fields.ifa_broadcast);
  return {
    local: dotted(local),
    prefixLength: prog.u8(ifaddr, fields.ifa_prefixlen),
    broadcast: broadcast === 0 ? undefined : dotted(broadcast),
    peer: peer === local || peer === 0 ? undefined : dotted(peer),
    label: prog.string(ifaddr, fields.ifa_label),
    scope: scopeName(prog.u8(ifaddr, fields.ifa_scope)),
  };
}
