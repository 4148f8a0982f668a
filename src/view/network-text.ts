/** Network objects in words, as `ip` and `ss` write them. */
import type { Ipv4Address, NetDevice, Route, Socket } from "../protocol/network";

/** `10.0.0.1/24`, or `10.0.0.1 peer 10.0.0.2/32`. */
export function addressText({ local, peer, prefixLength }: Ipv4Address): string {
  return peer && peer !== local ? `${local} peer ${peer}/${prefixLength}` : `${local}/${prefixLength}`;
}

export const isDefaultRoute = (route: Route) =>
  route.prefixLength === 0 && route.destination === "0.0.0.0" && route.type === "unicast";

/** `default`, `10.0.0.0/24`, `10.0.0.7`. */
export function destinationText(route: Route): string {
  if (route.prefixLength === 0 && route.destination === "0.0.0.0") return "default";
  return route.prefixLength === 32 ? route.destination : `${route.destination}/${route.prefixLength}`;
}

/** `default via 10.0.0.1 dev eth0`, as `ip route` begins its line; what follows there are facts of their own. */
export function routeText(route: Route, device: NetDevice | undefined): string {
  const words = route.type === "unicast" ? [] : [route.type];
  words.push(destinationText(route));
  if (route.gateway) words.push("via", route.gateway);
  if (device) words.push("dev", device.name);
  if (route.metric) words.push("metric", String(route.metric));
  return words.join(" ");
}

/** `tcp`, `udp`, `unix stream`. */
export function socketKind(socket: Socket): string {
  if (socket.family === "inet") return socket.protocol ?? socket.type;
  return `${socket.family} ${socket.type}`;
}

/** Where a socket is bound: `0.0.0.0:80`, a path, or what stands for neither. */
export const localText = (socket: Socket) => socket.local ?? (socket.family === "unix" ? "unnamed" : "*");

/** `02:42:ac:11:00:02 · mtu 1500 · index 3 · BROADCAST MULTICAST`. */
export function linkText(device: NetDevice): string {
  const parts = [device.mac ?? "no hardware address", `mtu ${device.mtu}`, `index ${device.index}`];
  if (device.flags.length) parts.push(device.flags.join(" "));
  return parts.join(" · ");
}

/** State in a word, and why a device that is up still carries nothing. */
export function stateText(device: NetDevice): string {
  if (!device.up) return "down";
  if (device.state === "LOWERLAYERDOWN") return "up, other end down";
  if (device.state === "DOWN") return "up, no carrier";
  return "up";
}
