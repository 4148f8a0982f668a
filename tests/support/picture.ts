import { NAMESPACE_KINDS, type Namespace, type NamespaceKind } from "../../src/protocol/namespace";
import type { Credentials, Task } from "../../src/protocol/task";
import type { KernelView } from "../../src/protocol/view";

/** A task in a hand-made picture: what is left out is like init's. Namespaces are numbered from 1; 1 is the host's. */
export interface Sketch extends Partial<Omit<Task, "namespaces" | "pids">> {
  pid: number;
  /** Pid inside a child pid namespace; then it has two pids. */
  inner?: number;
  /** Kinds in which it is not in the host's namespace, with the number of the namespace it is in. */
  own?: Partial<Record<NamespaceKind, number>>;
}

export interface PictureSketch {
  tasks: Sketch[];
  glimpsed?: Sketch[];
  /** Boot time of the picture; tasks start at 0 unless they say otherwise. */
  atNs?: number;
  /** Host names, by number of the uts namespace. */
  hostnames?: Record<number, string>;
}

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

const CHILD_PID_NAMESPACE = 2;

/** A picture of the kernel as a check sees it, for tests of what reads pictures. */
export function picture({ tasks, glimpsed = [], atNs = 1000, hostnames = {} }: PictureSketch): KernelView {
  const drawn = [{ pid: 1, comm: "init", argv: ["init"] }, ...tasks].map(draw);
  const inums = new Map<string, Namespace>();
  for (const task of drawn) {
    for (const kind of NAMESPACE_KINDS) {
      const inum = task.namespaces[kind];
      const number = inum % 100;
      if (inum === 0) continue;
      inums.set(`${kind}${inum}`, {
        kind,
        inum,
        address: 0xc0000000 + inum,
        initial: number === 1,
        holders: [],
        ...(kind === "uts" ? { uts: { nodename: hostnames[number] ?? "glassbox", domainname: "(none)" } } : {}),
      });
    }
  }
  return {
    sequence: atNs,
    bootTimeNs: atNs,
    release: "6.12.0",
    tasks: drawn,
    glimpsed: glimpsed.map(draw),
    namespaces: [...inums.values()],
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

function inumOf(kind: NamespaceKind, number: number): number {
  return (NAMESPACE_KINDS.indexOf(kind) + 1) * 100 + number;
}

function draw({ inner, own = {}, ...task }: Sketch): Task {
  const namespaces = Object.fromEntries(
    NAMESPACE_KINDS.map((kind) => [
      kind,
      inumOf(kind, own[kind] ?? (kind === "pid" && inner ? CHILD_PID_NAMESPACE : 1)),
    ]),
  ) as Record<NamespaceKind, number>;
  const pids = [{ namespace: inumOf("pid", 1), level: 0, pid: task.pid }];
  if (inner) pids.push({ namespace: namespaces.pid, level: 1, pid: inner });
  const zombie = task.state === "Z";
  return {
    address: 0xc1000000 + task.pid * 64,
    tgid: task.pid,
    ppid: task.pid === 1 ? 0 : 1,
    comm: "sh",
    argv: [task.comm ?? "sh"],
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
    pgid: task.pid,
    sid: task.pid,
    startTimeNs: 0,
    kernelThread: false,
    cgroup: "/",
    ...task,
    pids,
    namespaces: zombie
      ? (Object.fromEntries(NAMESPACE_KINDS.map((kind) => [kind, 0])) as Record<NamespaceKind, number>)
      : namespaces,
  };
}
