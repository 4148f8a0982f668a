/** The difference between two pictures, as events that somebody would name. */
import type { Change, ChangeType } from "../protocol/change";
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
  const namespaces = namespaceChanges(before, after, tasks);
  const cgroups = cgroupChanges(before, after, tasks);
  return [
    ...taskChanges(before, after, tasks),
    ...without(namespaces, "namespace-died"),
    ...without(cgroups, "cgroup-removed"),
    ...mountChanges(before, after),
    ...layerChanges(before, after),
    ...networkChanges(before, after),
    // A task leaves its namespaces before it is a zombie (`do_exit`); a cgroup is removed when nobody is in it any more.
    ...only(namespaces, "namespace-died"),
    ...exits(after, tasks),
    ...only(cgroups, "cgroup-removed"),
  ];
}

const only = (found: Change[], type: ChangeType) => found.filter((change) => change.type === type);
const without = (found: Change[], type: ChangeType) => found.filter((change) => change.type !== type);
