import type { Cgroup } from "../protocol/cgroup";
import type { Task } from "../protocol/task";
import type { Forested } from "./row-layout";

/** Last part of its path; `/` for the root. */
export const cgroupName = ({ path }: Cgroup): string => path.slice(path.lastIndexOf("/") + 1) || "/";

/** The cgroups below their parents, in the order of the picture; their keys are their addresses. */
export function growCgroups(cgroups: readonly Cgroup[]): Omit<Forested<Cgroup>, "isOpen"> {
  const known = new Set<number>();
  const childrenOf = new Map<number | undefined, Cgroup[]>();
  for (const cgroup of cgroups) {
    // A damaged list may name one twice, or a parent that is not above it: such a one is a root.
    if (known.has(cgroup.address)) continue;
    const parent = cgroup.parent !== undefined && known.has(cgroup.parent) ? cgroup.parent : undefined;
    known.add(cgroup.address);
    const siblings = childrenOf.get(parent);
    if (siblings) siblings.push(cgroup);
    else childrenOf.set(parent, [cgroup]);
  }
  return {
    roots: childrenOf.get(undefined) ?? [],
    children: ({ address }) => childrenOf.get(address) ?? [],
    key: ({ address }) => String(address),
  };
}

/** Processes of each cgroup by its path, as `cgroup.procs` lists them. */
export function cgroupMembers(tasks: readonly Task[]): Map<string, Task[]> {
  const members = new Map<string, Task[]>();
  for (const task of tasks) {
    if (task.pid !== task.tgid) continue;
    const found = members.get(task.cgroup);
    if (found) found.push(task);
    else members.set(task.cgroup, [task]);
  }
  return members;
}
