/** Small kernel pictures for unit tests of the views, in the shape that the X-ray delivers. */
import { NAMESPACE_KINDS, type Namespace, type NamespaceKind } from "../protocol/namespace";
import type { Credentials, Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";

const HOST = Object.fromEntries(NAMESPACE_KINDS.map((kind, i) => [kind, 0xeffffff0 + i])) as Record<
  NamespaceKind,
  number
>;

/** Root's, as a fresh kernel has them. */
const CREDENTIALS: Credentials = {
  address: 0xc3000000,
  uids: [0, 0, 0, 0],
  gids: [0, 0, 0, 0],
  insideUid: 0,
  insideGid: 0,
  inheritable: "0000000000000000",
  permitted: "000001ffffffffff",
  effective: "000001ffffffffff",
  bounding: "000001ffffffffff",
  ambient: "0000000000000000",
};

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
    foreground: false,
    execs: 1,
    environmentBytes: 0,
    frozen: false,
    credentials: CREDENTIALS,
    noNewPrivs: false,
    seccomp: 0,
    oomScoreAdj: 0,
    childSubreaper: false,
    cpuTimeNs: 0,
    rssBytes: 0,
    state: "S",
    uid: 0,
    gid: 0,
    pgid: pid,
    sid: pid,
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
    namespaces.set(`${kind}:${inum}`, {
      kind,
      inum,
      address: 0xc2000000 + inum,
      initial: inum === HOST[kind],
      holders: [],
    });
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
    cgroups: [],
    mounts: [],
    overlays: [],
    layers: [],
    devices: [],
    routes: [],
    sockets: [],
    problems: [],
    omitted: [],
    unfinished: [],
  };
}
