import type { ObjectRef } from "../protocol/evidence";
import type { NamespaceKind } from "../protocol/namespace";
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";

/**
 * The task whose world an object belongs to: the task itself, or the first program in a namespace, in a cgroup and below, or
 * in the network namespace of a device. Undefined for what belongs to no task in particular, or to none that lives.
 */
export function taskOfObject(view: KernelView, { object, address }: ObjectRef): Task | undefined {
  const programs = view.tasks.filter(({ kernelThread }) => !kernelThread);
  const member = (kind: NamespaceKind, inum: number | undefined) =>
    inum === undefined ? undefined : programs.find(({ namespaces }) => namespaces[kind] === inum);
  const has = (one: { address: number }) => one.address === address;

  if (object === "task") return view.tasks.find(has);
  if (object === "namespace") {
    const namespace = view.namespaces.find(has);
    return namespace && member(namespace.kind, namespace.inum);
  }
  if (object === "cgroup") {
    const path = view.cgroups.find(has)?.path;
    const below = path === "/" ? "/" : `${path}/`;
    return path === undefined ? undefined : programs.find(({ cgroup }) => cgroup === path || cgroup.startsWith(below));
  }
  if (object === "device") return member("net", view.devices.find(has)?.namespace);
  if (object === "route") return member("net", view.routes.find(has)?.namespace);
  if (object === "socket") return member("net", view.sockets.find(has)?.namespace);
  if (object === "ipc") return member("ipc", view.namespaces.find(({ ipc }) => ipc?.some(has))?.inum);
  return undefined;
}
