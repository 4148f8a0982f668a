/** Devices and routes of every network namespace of one picture. */
import type { NetDevice, Route } from "../protocol/network";
import type { Namespaces } from "./namespaces";
import type { Reading } from "./reading";

export function readNetwork(_reading: Reading, _namespaces: Namespaces): { devices: NetDevice[]; routes: Route[] } {
  return { devices: [], routes: [] };
}
