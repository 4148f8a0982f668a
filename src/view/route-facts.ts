import type { ObjectRef } from "../protocol/evidence";
import type { KernelView } from "../protocol/view";
import { netMark } from "./device-facts";
import { destinationText, isDefaultRoute, routeText } from "./network-text";
import { type ObjectDescription, rowsOf } from "./object-description";

export function describeRoute(view: KernelView, ref: ObjectRef): ObjectDescription | undefined {
  const route = view.routes.find(({ address }) => address === ref.address);
  if (!route) return undefined;
  const row = rowsOf(ref);
  const mono = { mono: true };
  const device = view.devices.find(({ address }) => address === route.device);
  const hops = route.nextHops === undefined ? "one" : String(route.nextHops);
  return {
    identity: `route:${route.address}:${route.namespace}:${routeText(route, device)}`,
    title: routeText(route, device),
    meaning: isDefaultRoute(route)
      ? "The default route: for whatever no other route is for."
      : `Where packets to ${destinationText(route)} go.`,
    rows: [
      row("to", "destination", destinationText(route), mono),
      row("type", "type", route.type),
      row("via", "gateway", route.gateway ?? "none: the other side is on the link", mono),
      row("device", "device", device?.name ?? "none", mono),
      row("next hops", "nextHops", hops),
      row("source", "source", route.source ?? "none preferred", mono),
      row("namespace", "namespace", String(route.namespace), { mark: netMark(view, route.namespace) }),
      row("table", "table", route.table),
      row("scope", "scope", route.scope),
      row("made by", "protocol", route.protocol),
      row("metric", "metric", String(route.metric), mono),
    ],
  };
}
