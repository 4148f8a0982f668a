import type { ObjectRef } from "../protocol/evidence";
import type { NetDevice } from "../protocol/network";
import type { KernelView } from "../protocol/view";
import { formatBytes } from "./format";
import { hostNamespaces, type NamespaceMark } from "./namespace-mark";
import { addressText, stateText } from "./network-text";
import { type FactRow, type ObjectDescription, rowsOf } from "./object-description";

/** The mark of a network namespace. */
export const netMark = (view: KernelView, inum: number): NamespaceMark => ({
  kind: "net",
  inum,
  initial: hostNamespaces(view.namespaces).get("net") === inum,
});

/** A device as another one names it: `eth0`, or where it is when that is elsewhere: `eth0 in net:[4026532206]`. */
function named(view: KernelView, address: number | undefined, from: NetDevice): string {
  const device = address === undefined ? undefined : view.devices.find((one) => one.address === address);
  if (!device) return "none";
  return device.namespace === from.namespace ? device.name : `${device.name} in net:[${device.namespace}]`;
}

function meaningOf({ kind, loopback }: NetDevice): string {
  if (loopback) return "Loopback: what is sent to it comes back to the same namespace.";
  if (kind === "veth") return "One end of a cable: what is sent into it comes out of the other end.";
  if (kind === "bridge") return "A bridge: it passes what one port receives to the port that leads to the receiver.";
  return "A network device.";
}

export function describeDevice(view: KernelView, ref: ObjectRef): ObjectDescription | undefined {
  const device = view.devices.find(({ address }) => address === ref.address);
  if (!device) return undefined;
  const row = rowsOf(ref);
  const mono = { mono: true };
  const { counters } = device;
  const traffic = { group: "counters", mono: true };
  const rows: FactRow[] = [
    row("name", "name", device.name, mono),
    row("index", "index", String(device.index), mono),
    row("namespace", "namespace", String(device.namespace), { mark: netMark(view, device.namespace) }),
    row("kind", "kind", device.kind ?? "none"),
    row("loopback", "loopback", device.loopback ? "yes" : "no"),
    row("set up", "up", device.up ? "yes" : "no"),
    row("state", "state", `${device.state}, ${stateText(device)}`),
    row("flags", "flags", device.flags.join(" ") || "none", mono),
    row("addresses", "addresses", device.addresses.map(addressText).join(", ") || "none", mono),
    row("MAC", "mac", device.mac ?? "none", mono),
    row("MTU", "mtu", `${device.mtu} bytes`),
    row("port of", "master", named(view, device.master, device), mono),
    row("other end", "peer", named(view, device.peer, device), mono),
    row("sits on", "lower", named(view, device.lower, device), mono),
    row("rx packets", "rxPackets", String(counters.rxPackets), traffic),
    row("rx bytes", "rxBytes", formatBytes(counters.rxBytes), traffic),
    row("rx errors", "rxErrors", String(counters.rxErrors), traffic),
    row("rx dropped", "rxDropped", String(counters.rxDropped), traffic),
    row("tx packets", "txPackets", String(counters.txPackets), traffic),
    row("tx bytes", "txBytes", formatBytes(counters.txBytes), traffic),
    row("tx errors", "txErrors", String(counters.txErrors), traffic),
    row("tx dropped", "txDropped", String(counters.txDropped), traffic),
  ];
  return {
    identity: `device:${device.address}:${device.index}:${device.kind ?? ""}`,
    title: device.name,
    meaning: meaningOf(device),
    rows,
  };
}
