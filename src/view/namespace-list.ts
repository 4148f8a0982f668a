import { NAMESPACE_KINDS, type IpcObject, type Namespace, type NamespaceKind } from "../protocol/namespace";
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import { formatCount, formatOffset } from "./format";
import { hostNamespaces, markKey, pidNamespace, type NamespaceMark } from "./namespace-mark";
import { formatHolder, formatIdRange } from "./namespace-facts";

/** A namespace as a line of the list, as `lsns` has it. */
export interface NamespaceEntry {
  mark: NamespaceMark;
  namespace: Namespace;
  /** Processes in it. */
  memberCount: number;
  /** The one with the lowest pid. */
  first?: Task;
  owner?: NamespaceMark;
  parent?: NamespaceMark;
  /** What keeps it besides tasks: `mount 31 at /run/netns/blue`. May hold names from the guest. */
  heldBy: string[];
  /** What is in it, by its kind. May hold names from the guest. */
  content: string[];
  ipc: IpcObject[];
}

/** How many of several things are named. */
const NAMED = 3;

/** Namespaces by kind, in each the host's first, then by inode number. */
export function listNamespaces(view: KernelView, kind?: NamespaceKind): NamespaceEntry[] {
  const host = hostNamespaces(view.namespaces);
  const markOf = (of: NamespaceKind, inum: number): NamespaceMark => ({
    kind: of,
    inum,
    initial: host.get(of) === inum,
  });
  const members = new Map<string, { count: number; first: Task }>();
  for (const task of view.tasks) {
    if (task.pid !== task.tgid) continue;
    for (const of of NAMESPACE_KINDS) {
      if (kind !== undefined && of !== kind) continue;
      const inum = of === "pid" ? pidNamespace(task) : task.namespaces[of];
      if (inum === 0) continue;
      const key = markKey({ kind: of, inum });
      const known = members.get(key);
      if (!known) members.set(key, { count: 1, first: task });
      else {
        known.count++;
        if (task.pid < known.first.pid) known.first = task;
      }
    }
  }
  const rank = new Map(NAMESPACE_KINDS.map((of, index) => [of, index]));
  return view.namespaces
    .filter((namespace) => kind === undefined || namespace.kind === kind)
    .sort((a, b) => rank.get(a.kind)! - rank.get(b.kind)! || Number(b.initial) - Number(a.initial) || a.inum - b.inum)
    .map((namespace) => {
      const member = members.get(markKey(namespace));
      return {
        mark: markOf(namespace.kind, namespace.inum),
        namespace,
        memberCount: member?.count ?? 0,
        first: member?.first,
        owner: namespace.owner ? markOf("user", namespace.owner) : undefined,
        parent: namespace.parent ? markOf(namespace.kind, namespace.parent) : undefined,
        heldBy: few(namespace.holders.map((holder) => () => formatHolder(view, holder))),
        content: contentOf(namespace),
        ipc: namespace.ipc ?? [],
      };
    });
}

function few(texts: (() => string)[]): string[] {
  const named = texts.slice(0, NAMED).map((text) => text());
  return texts.length > NAMED ? [...named, `and ${texts.length - NAMED} more`] : named;
}

/** What a namespace holds, one phrase each, in the order of importance. */
function contentOf({ uts, uidMap, gidMap, timeOffsets, cgroupRoot, childReaper, level, ipc }: Namespace): string[] {
  const content: string[] = [];
  if (uts) content.push(`host name ${uts.nodename}`);
  if (uts && uts.domainname !== "(none)" && uts.domainname !== "") content.push(`domain ${uts.domainname}`);
  if (childReaper !== undefined) content.push(`init ${childReaper}`);
  if (level !== undefined && level > 0) content.push(`level ${level}`);
  for (const [what, map] of [
    ["uid", uidMap],
    ["gid", gidMap],
  ] as const) {
    if (!map) continue;
    const ranges = few(map.map((range) => () => `${what} ${formatIdRange(range)}`));
    content.push(...(ranges.length ? ranges : [`no ${what} map yet`]));
  }
  if (timeOffsets) {
    content.push(
      `monotonic ${formatOffset(timeOffsets.monotonicNs)}`,
      `boottime ${formatOffset(timeOffsets.boottimeNs)}`,
    );
  }
  if (cgroupRoot !== undefined) content.push(`root ${cgroupRoot}`);
  if (ipc) content.push(ipc.length ? formatCount(ipc.length, "object") : "no objects");
  return content;
}
