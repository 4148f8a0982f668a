/** Devices, addresses and routes made, changed and gone. */
import type { Change, DeviceName, RouteName } from "../protocol/change";
import type { Ipv4Address, NetDevice, Route } from "../protocol/network";
import type { KernelView } from "../protocol/view";
import { type Difference, difference } from "./difference";

export function networkChanges(before: KernelView, after: KernelView): Change[] {
  const devices = difference(before, after, "devices");
  // A device takes its routes with it.
  return [...deviceChanges(after, devices), ...routeChanges(before, after), ...removals(devices)];
}

function deviceChanges(after: KernelView, { added, changed }: Difference<NetDevice>): Change[] {
  const found: Change[] = [];
  for (const device of inIndexOrder(added)) {
    // Every network namespace is born with one.
    if (!device.loopback) found.push({ type: "device-made", device: nameOf(device) });
    found.push(...settings({ ...device, up: false, master: undefined, addresses: [] }, device, after));
  }
  for (const [old, device] of changed) found.push(...settings(old, device, after));
  return found;
}

function removals({ removed }: Difference<NetDevice>): Change[] {
  const own = inIndexOrder(removed).filter(({ loopback }) => !loopback);
  return own.map((device) => ({ type: "device-removed", device: nameOf(device) }));
}

/** In the order in which they can be done: a device that moves is set down and loses its addresses. */
function settings(old: NetDevice, device: NetDevice, after: KernelView): Change[] {
  const found: Change[] = [];
  const name = nameOf(device);
  const has = (list: Ipv4Address[], ip: string) => list.some((one) => written(one) === ip);
  for (const ip of old.addresses.map(written)) {
    if (!has(device.addresses, ip)) found.push({ type: "address-removed", device: name, ip });
  }
  if (old.up && !device.up) found.push({ type: "device-down", device: name });
  if (old.namespace !== device.namespace) found.push({ type: "device-moved", device: name, before: old.namespace });
  if (old.name !== device.name) found.push({ type: "device-renamed", device: name, before: old.name });
  if (old.master !== device.master) {
    const master = after.devices.find(({ address }) => address === device.master)?.name;
    found.push({ type: "port-changed", device: name, ...(master !== undefined && { master }) });
  }
  for (const ip of device.addresses.map(written)) {
    if (!has(old.addresses, ip)) found.push({ type: "address-added", device: name, ip });
  }
  if (!old.up && device.up) found.push({ type: "device-up", device: name });
  return found;
}

/** The kernel's own routes come and go with addresses; what somebody added is told. */
function routeChanges(before: KernelView, after: KernelView): Change[] {
  const { added, removed } = difference(before, after, "routes");
  const told = (route: Route) => route.protocol !== "kernel";
  return [
    ...added.filter(told).map((route): Change => ({ type: "route-added", route: routeName(route, after) })),
    ...removed.filter(told).map((route): Change => ({ type: "route-removed", route: routeName(route, before) })),
  ];
}

const written = ({ local, prefixLength }: Ipv4Address) => `${local}/${prefixLength}`;

const nameOf = ({ address, name, namespace }: NetDevice): DeviceName => ({ address, name, namespace });

function inIndexOrder(devices: NetDevice[]): NetDevice[] {
  return [...devices].sort((one, other) => one.index - other.index);
}

/** As `ip route` writes it, the common part. */
export function routeText(route: Route, devices: readonly NetDevice[]): string {
  const { destination, prefixLength, type, gateway, metric } = route;
  const device = devices.find(({ address }) => address === route.device);
  const words = [
    ...(type === "unicast" ? [] : [type]),
    prefixLength === 0 ? "default" : prefixLength === 32 ? destination : `${destination}/${prefixLength}`,
    ...(gateway === undefined ? [] : ["via", gateway]),
    ...(device === undefined ? [] : ["dev", device.name]),
    ...(metric === 0 ? [] : ["metric", String(metric)]),
  ];
  return words.join(" ");
}

function routeName(route: Route, view: KernelView): RouteName {
  return { address: route.address, namespace: route.namespace, text: routeText(route, view.devices) };
}
