/** Small kernel pictures for unit tests of the views, in the shape that the X-ray delivers. */
import { NAMESPACE_KINDS, type KernelView, type Namespace, type NamespaceKind, type Task } from "../protocol/view";

const HOST = Object.fromEntries(NAMESPACE_KINDS.map((kind, i) => [kind, 0xeffffff0 + i])) as Record<
  NamespaceKind,
  number
>;

interface Given {
  pid: number;
  ppid?: number;
  comm?: string;
  /** Namespaces that are not the host's. */
  own?: Partial<Record<NamespaceKind, number>>;
  /** Pids inside, outermost first; each belongs to `own.pid`, or the n-th of `pidNamespaces`. */
  inner?: number[];
  rest?: Partial<Task>;
}

/** A task; address and start time follow from the pid. */
export function task({ pid, ppid = 0, comm = `task${pid}`, own = {}, inner = [], rest = {} }: Given): Task {
  const namespaces = { ...HOST, ...own };
  return {
    address: 0xc1000000 + pid * 0x1000,
    pid,
    tgid: pid,
    pids: [HOST.pid, ...inner.map(() => namespaces.pid)].map((namespace, level) => ({
      namespace,
      level,
      pid: level === 0 ? pid : inner[level - 1],
    })),
    ppid,
    comm,
    argv: [comm],
    argvTruncated: false,
    state: "S",
    uid: 0,
    gid: 0,
    startTimeNs: pid * 1e6,
    kernelThread: false,
    namespaces,
    cgroup: "/",
    ...rest,
  };
}

/** A picture of `tasks`, with every namespace that they are in. */
export function kernelView(tasks: Task[], sequence = 1): KernelView {
  const namespaces = new Map<string, Namespace>();
  const note = (kind: NamespaceKind, inum: number) => {
    if (inum === 0) return;
    namespaces.set(`${kind}:${inum}`, { kind, inum, address: 0xc2000000 + inum, initial: inum === HOST[kind] });
  };
  for (const kind of NAMESPACE_KINDS) note(kind, HOST[kind]);
  for (const one of tasks) for (const kind of NAMESPACE_KINDS) note(kind, one.namespaces[kind]);
  return {
    sequence,
    bootTimeNs: 5e9,
    release: "6.12.0",
    tasks,
    glimpsed: [],
    namespaces: [...namespaces.values()],
    totalForks: tasks.length,
    problems: [],
    omitted: [],
  };
}
