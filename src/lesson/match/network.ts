/** Devices, routes and sockets. */
import type { DeviceMatch, RouteMatch, SocketMatch, TaskMatch } from "../../protocol/match";
import type { NetDevice, Route, Socket } from "../../protocol/network";
import type { Scene } from "../scene";
import { matchesTask } from "./task";
import { isNumber, isText } from "./value";

export function matchesDevice(match: DeviceMatch, device: NetDevice, scene: Scene): boolean {
  const { address, peer, master } = match;
  if (match.name !== undefined && !isText(device.name, match.name)) return false;
  if (match.kind !== undefined && device.kind !== match.kind) return false;
  if (match.up !== undefined && device.up !== match.up) return false;
  const has = (wanted: string) =>
    device.addresses.some(({ local, prefixLength }) => isText(`${local}/${prefixLength}`, wanted));
  if (address !== undefined && !has(address)) return false;
  if (!isThere(match, device.namespace, scene)) return false;
  if (match.sentPackets !== undefined && !isNumber(device.counters.txPackets, match.sentPackets)) return false;
  if (match.receivedPackets !== undefined && !isNumber(device.counters.rxPackets, match.receivedPackets)) return false;
  if (match.madeInStep !== undefined && scene.isNew("devices", device) !== match.madeInStep) return false;
  if (peer && !isDevice(peer, device.peer, scene)) return false;
  if (master && !isDevice(master, device.master, scene)) return false;
  return !(match.not && matchesDevice(match.not, device, scene));
}

export function matchesRoute(match: RouteMatch, route: Route, scene: Scene): boolean {
  const destination = route.prefixLength === 0 ? "default" : `${route.destination}/${route.prefixLength}`;
  if (match.destination !== undefined && !isText(destination, match.destination)) return false;
  if (match.gateway !== undefined && !isText(route.gateway, match.gateway)) return false;
  if (match.device && !isDevice(match.device, route.device, scene)) return false;
  if (!isThere(match, route.namespace, scene)) return false;
  if (match.madeInStep !== undefined && scene.isNew("routes", route) !== match.madeInStep) return false;
  return !(match.not && matchesRoute(match.not, route, scene));
}

export function matchesSocket(match: SocketMatch, socket: Socket, scene: Scene): boolean {
  const { holder } = match;
  if (match.family !== undefined && socket.family !== match.family) return false;
  if (match.protocol !== undefined && socket.protocol !== match.protocol) return false;
  if (match.state !== undefined && socket.state !== match.state) return false;
  if (match.local !== undefined && !isText(socket.local, match.local)) return false;
  if (match.remote !== undefined && !isText(socket.remote, match.remote)) return false;
  if (!isThere(match, socket.namespace, scene)) return false;
  const holds = (wanted: TaskMatch) =>
    socket.holders.some(({ pid }) => {
      const task = scene.byPid.get(pid);
      return task !== undefined && matchesTask(wanted, task, scene);
    });
  if (holder && !holds(holder)) return false;
  return !(match.not && matchesSocket(match.not, socket, scene));
}

/** In the network namespace of a process that matches, or in the host's. */
function isThere({ of, host }: { of?: TaskMatch; host?: boolean }, namespace: number, scene: Scene): boolean {
  if (host !== undefined && (namespace === scene.host.net) !== host) return false;
  if (!of) return true;
  return scene.processes.some((task) => task.namespaces.net === namespace && matchesTask(of, task, scene));
}

function isDevice(wanted: DeviceMatch, address: number | undefined, scene: Scene): boolean {
  const device = address === undefined ? undefined : scene.devices.get(address);
  return device !== undefined && matchesDevice(wanted, device, scene);
}
