/** The difference between two pictures, as events that somebody would name. */
import type { Change } from "../protocol/change";
import type { KernelView } from "../protocol/view";
import { cgroupChanges } from "./cgroup-changes";
import { difference } from "./difference";
import { layerChanges } from "./layer-changes";
import { mountChanges } from "./mount-changes";
import { namespaceChanges } from "./namespace-changes";
import { networkChanges } from "./network-changes";
import { exits, taskChanges } from "./task-changes";

/**
 * What happened between two pictures of one machine, in the order in which it must have happened as far as that can be
 * told: a task is made before it joins a namespace, a namespace exists before something is mounted in it, and what ends
 * comes last. Give pictures that share what did not change (`share`), so that only the rest is compared.
 */
export function changes(before: KernelView, after: KernelView): Change[] {
  const tasks = difference(before, after, "tasks");
  return [
    ...taskChanges(before, after, tasks),
    ...namespaceChanges(before, after, tasks),
    ...cgroupChanges(before, after, tasks),
    ...mountChanges(before, after),
    ...layerChanges(before, after),
    ...networkChanges(before, after),
    ...exits(after, tasks),
  ];
}
