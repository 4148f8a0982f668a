/** Devices, routes and sockets for unit tests of the views, and a small network of a host with containers on a bridge. */
import type { DeviceCounters, NetDevice, Route, Socket } from "../protocol/network";
import type { KernelView } from "../protocol/view";
import { kernelView, task } from "./kernel-view.fixture";

export const HOST_NET = task({ pid: 1 }).namespaces.net;

const NO_COUNTERS: DeviceCounters = {
  rxPackets: 0,
  rxBytes: 0,
  rxErrors: 0,
  rxDropped: 0,
  txPackets: 0,
  txBytes: 0,
  txErrors: 0,
  txDropped: 0,
};

export const counters = (given: Partial<DeviceCounters> = {}): DeviceCounters => ({ ...NO_COUNTERS, ...given });

/** A device that is up; its address follows from namespace and index. */
export function device(given: Partial<NetDevice> & { name: string; index: number }): NetDevice {
  const namespace = given.namespace ?? HOST_NET;
  return {
    address: 0xc4000000 + (namespace % 4096) * 0x10000 + given.index * 0x100,
    namespace,
    loopback: given.name === "lo",
    mtu: given.name === "lo" ? 65536 : 1500,
    flags: ["UP", "LOWER_UP"],
    up: true,
    state: given.name === "lo" ? "UNKNOWN" : "UP",
    addresses: [],
    counters: NO_COUNTERS,
    ...given,
  };
}

/** The two ends of a cable. */
export function veth(
  one: Partial<NetDevice> & { name: string; index: number },
  other: Partial<NetDevice> & { name: string; index: number },
): [NetDevice, NetDevice] {
  const a = device({ kind: "veth", ...one });
  const b = device({ kind: "veth", ...other });
  return [
    { ...a, peer: b.address },
    { ...b, peer: a.address },
  ];
}

export const address = (local: string, prefixLength: number) => ({
  local,
  prefixLength,
  label: "",
  scope: "global",
});

let routes = 0;
export function route(given: Partial<Route>): Route {
  return {
    address: 0xc5000000 + ++routes * 0x40,
    namespace: HOST_NET,
    table: "main",
    type: "unicast",
    destination: "0.0.0.0",
    prefixLength: 0,
    scope: "global",
    protocol: "boot",
    metric: 0,
    ...given,
  };
}

let sockets = 0;
export function socket(given: Partial<Socket>): Socket {
  sockets++;
  return {
    address: 0xc6000000 + sockets * 0x400,
    namespace: HOST_NET,
    inode: 1000 + sockets,
    family: "inet",
    type: "stream",
    protocol: "tcp",
    state: "ESTAB",
    holders: [],
    ...given,
  };
}

/** A bridge of the host with one cable to each of `count` containers, and a task in each of them. */
export function bridgedView(count: number): KernelView {
  const bridge = device({ name: "br0", index: 2, kind: "bridge", addresses: [address("10.0.0.1", 16)] });
  const devices = [device({ name: "lo", index: 1 }), bridge];
  const tasks = [task({ pid: 1, comm: "init" })];
  for (let i = 0; i < count; i++) {
    const namespace = 1000 + i;
    const [port, inside] = veth(
      { name: `veth${i}`, index: 3 + i, master: bridge.address },
      { name: "eth0", index: 2, namespace, addresses: [address(`10.0.${i >> 8}.${i % 256}`, 16)] },
    );
    devices.push(port, device({ name: "lo", index: 1, namespace }), inside);
    tasks.push(task({ pid: 100 + i, ppid: 1, comm: `app${i}`, own: { net: namespace } }));
  }
  return { ...kernelView(tasks), devices };
}
