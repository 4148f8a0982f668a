import type { Cgroup } from "../protocol/cgroup";
import type { Task } from "../protocol/task";

/** A cgroup as a row of the tree. */
export interface CgroupRow {
  cgroup: Cgroup;
  /** Last part of its path; `/` for the root. */
  name: string;
  /** From 1, as `aria-level`. */
  level: number;
  position: number;
  setSize: number;
  parent?: Cgroup;
  /** Undefined for a leaf. */
  open?: boolean;
}

export const cgroupName = ({ path }: Cgroup): string => path.slice(path.lastIndexOf("/") + 1) || "/";

/** Rows from the top, children in the order of the picture, with the cgroups in `closed` (by address) folded. */
export function cgroupRows(cgroups: readonly Cgroup[], closed: ReadonlySet<number>): CgroupRow[] {
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
  const rows: CgroupRow[] = [];
  const stack: { siblings: Cgroup[]; next: number; parent?: Cgroup }[] = [
    { siblings: childrenOf.get(undefined) ?? [], next: 0 },
  ];
  while (stack.length) {
    const frame = stack[stack.length - 1];
    const cgroup = frame.siblings[frame.next++];
    if (!cgroup) {
      stack.pop();
      continue;
    }
    const children = childrenOf.get(cgroup.address);
    const open = children && !closed.has(cgroup.address);
    rows.push({
      cgroup,
      name: cgroupName(cgroup),
      level: stack.length,
      position: frame.next,
      setSize: frame.siblings.length,
      parent: frame.parent,
      open,
    });
    if (children && open) stack.push({ siblings: children, next: 0, parent: cgroup });
  }
  return rows;
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
