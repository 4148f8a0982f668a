/** Devices and routes of every network namespace of one picture. What cannot be read is listed, and the rest stands. */
import type { NetDevice, Route } from "../protocol/network";
import { MAX_DEVICE_ADDRESSES, MAX_DEVICES, MAX_OBSERVE_MS, MAX_ROUTES } from "./bounds";
import { fibTables, leafDestination, readRoute, tableTrie, visitRoutes } from "./fib";
import { deviceAddresses } from "./ipv4";
import { deviceCounters, NO_COUNTERS } from "./linkstats";
import { hex } from "./memory";
import type { Namespaces } from "./namespaces";
import {
  deviceFlags,
  deviceLinkOps,
  deviceLower,
  deviceMac,
  deviceMaster,
  devicePeer,
  flagNames,
  linkOpsKind,
  namespaceDevices,
  networkNamespaces,
  readDevice,
  withLowerFlag,
} from "./netdevice";
import type { Program } from "./program";
import type { Reading } from "./reading";

/** Reads every network namespace, and takes those that nobody else has named into the picture. */
export function readNetwork(reading: Reading, namespaces: Namespaces): { devices: NetDevice[]; routes: Route[] } {
  reading.walk(networkNamespaces(reading.prog), "net_namespace_list", (net) => void namespaces.add(net, "net"));
  const network = new Network(reading);
  for (const { address, inum } of namespaces.ofKind("net")) network.add(address, inum);
  return network;
}

class Network {
  readonly devices: NetDevice[] = [];
  readonly routes: Route[] = [];
  readonly #reading: Reading;
  readonly #seenDevices = new Set<number>();
  readonly #seenTries = new Set<number>();
  // Few kinds and few sets of flags: each text is made once a picture.
  readonly #kinds = new Map<number, string>();
  readonly #flags = new Map<number, string[]>();
  #inum = 0;
  /** Flags of the device that is being read, and the device it sits on or is the other end of; 0 for none. */
  #word = 0;
  #other = 0;
  /** A bound ended the walk. */
  #full = false;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  add(net: number, inum: number): void {
    if (this.#full) return;
    const { prog } = this.#reading;
    this.#inum = inum;
    this.#reading.walk(namespaceDevices(prog, net), `net(${hex(net)}).dev_base_head`, this.#addDevice);
    this.#reading.walk(fibTables(prog, net), `net(${hex(net)}).ipv4.fib_table_hash`, this.#addTable);
  }

  #late(): boolean {
    if (!this.#reading.late("devices", "routes")) return false;
    this.#reading.leaveOut(
      `Only ${this.devices.length} network devices and ${this.routes.length} routes are shown: ` +
        `reading them took ${MAX_OBSERVE_MS} ms.`,
    );
    return (this.#full = true);
  }

  readonly #addDevice = (address: number): boolean => {
    if (this.#late()) return false;
    if (this.#seenDevices.has(address | 0)) {
      this.#reading.problem(`net_device(${hex(address)}).dev_list`, "the device is on the lists of two namespaces");
      return false;
    }
    if (this.devices.length >= MAX_DEVICES) {
      this.#reading.leaveOut(`Only the first ${MAX_DEVICES} network devices are shown.`);
      return false;
    }
    this.#seenDevices.add(address | 0);
    const read = this.#reading;
    const device = read.read(readDevice, address, "net_device", undefined);
    if (!device) return true;
    device.namespace = this.#inum;
    device.kind = this.#kind(read.read(deviceLinkOps, address, "net_device", 0));
    device.mac = read.read(deviceMac, address, "net_device", undefined);
    device.master = read.read(deviceMaster, address, "net_device", 0) || undefined;
    device.peer = read.read(devicePeer, address, "net_device", 0) || undefined;
    device.lower = read.read(deviceLower, address, "net_device", 0) || undefined;
    device.flags = this.#flagsOf(device);
    device.addresses = read.read(deviceAddresses, address, "net_device", device.addresses);
    if (device.addresses.length >= MAX_DEVICE_ADDRESSES) {
      read.leaveOut(`Only the first ${MAX_DEVICE_ADDRESSES} addresses of a network device are shown.`);
    }
    device.counters = read.read(deviceCounters, address, "net_device", NO_COUNTERS);
    this.devices.push(device);
    return true;
  };

  #kind(linkOps: number): string | undefined {
    if (linkOps === 0) return undefined;
    let kind = this.#kinds.get(linkOps | 0);
    if (kind === undefined) {
      kind = this.#reading.read(linkOpsKind, linkOps, "rtnl_link_ops", "");
      this.#kinds.set(linkOps | 0, kind);
    }
    return kind;
  }

  readonly #withLower = (prog: Program, device: number): number => withLowerFlag(prog, device, this.#word, this.#other);

  #flagsOf({ address, peer, lower }: NetDevice): string[] {
    this.#other = peer ?? lower ?? 0;
    this.#word = this.#reading.read(deviceFlags, address, "net_device", 0);
    const word = this.#reading.read(this.#withLower, address, "net_device", this.#word);
    let names = this.#flags.get(word);
    if (!names) this.#flags.set(word, (names = flagNames(word)));
    return names;
  }

  readonly #addTable = (table: number): boolean => {
    if (this.#late()) return false;
    const trie = this.#reading.read(tableTrie, table, "fib_table", 0);
    // Tables may share one trie, whose routes tell which table they are of.
    if (trie === 0 || this.#seenTries.has(trie | 0)) return true;
    this.#seenTries.add(trie | 0);
    this.#reading.read(this.#addRoutes, trie, "trie", undefined);
    return !this.#full;
  };

  readonly #addRoutes = (prog: Program, trie: number): void => {
    visitRoutes(prog, trie, this.#addRoute);
  };

  readonly #addRoute = (leaf: number, alias: number): boolean => {
    if (this.#late()) return false;
    if (this.routes.length >= MAX_ROUTES) {
      this.#reading.leaveOut(`Only the first ${MAX_ROUTES} routes are shown.`);
      return false;
    }
    const route = this.#reading.read(readRoute, alias, "fib_alias", undefined);
    if (!route) return true;
    route.namespace = this.#inum;
    route.destination = this.#reading.read(leafDestination, leaf, "leaf", "");
    this.routes.push(route);
    return true;
  };
}
