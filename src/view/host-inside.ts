/** The same objects as the host sees them and as a container sees them itself: one row an object, two cells a row. */
import type { ObjectRef } from "../protocol/evidence";
import { NAMESPACE_KINDS, type IdRange, type Namespace, type NamespaceKind } from "../protocol/namespace";
import type { Mount } from "../protocol/mount";
import type { NetDevice } from "../protocol/network";
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import type { Container } from "./containers";
import { formatCount, formatDuration, formatOffset } from "./format";
import { hostNamespaces, type NamespaceMark, pidNamespace } from "./namespace-mark";

/** What one side sees of an object. All text may hold names from the guest. */
export interface Sight {
  /** In monospace, large: a pid, a path, a name. */
  main: string;
  /** Smaller, below. */
  rest?: string;
}

export interface SightRow {
  key: string;
  /** The object, to be selected. */
  ref?: ObjectRef;
  /** What is compared, in words. */
  what: string;
  /** Undefined where the object is out of sight. */
  host?: Sight;
  inside?: Sight;
}

export interface SightSection {
  kind: NamespaceKind;
  title: string;
  /** The host's namespace, and the container's where it has its own. */
  host: NamespaceMark;
  own?: NamespaceMark;
  /** What is the same for both sides, or a word on what is not listed. */
  note?: string;
  rows: SightRow[];
}

/** The id that the kernel shows where a user namespace has no number for one (`overflowuid`). */
export const OVERFLOW_ID = 65534;

/** A host id as a user namespace numbers it. */
export function insideId(map: readonly IdRange[], hostId: number): number {
  const range = map.find(({ hostFirst, count }) => hostId >= hostFirst && hostId < hostFirst + count);
  return range ? range.first + (hostId - range.hostFirst) : OVERFLOW_ID;
}

/** `path` as somebody sees it whose root is `root`; undefined when it is not below that. */
export function pathBelow(root: string, path: string): string | undefined {
  if (root === "/") return path;
  if (path === root) return "/";
  return path.startsWith(`${root}/`) ? path.slice(root.length) : undefined;
}

/** A cgroup's path from a cgroup namespace's root, as `/proc/PID/cgroup` shows it: `/`, `/x`, `/../y`. */
export function cgroupBelow(root: string, path: string): string {
  const below = pathBelow(root, path);
  if (below !== undefined) return below;
  const from = root.split("/").filter(Boolean);
  const to = path.split("/").filter(Boolean);
  let common = 0;
  while (common < from.length && from[common] === to[common]) common++;
  return `/${[...from.slice(common).map(() => ".."), ...to.slice(common)].join("/")}`;
}

interface Sides {
  view: KernelView;
  container: Container;
  first: Task;
  /** The task by whose root the host looks at its mounts. */
  init?: Task;
  /** Namespaces of the host's and the container's side. */
  host: ReadonlyMap<NamespaceKind, number>;
  own: ReadonlyMap<NamespaceKind, number>;
  find: (kind: NamespaceKind, inum: number | undefined) => Namespace | undefined;
}

export function compareSides(view: KernelView, container: Container): SightSection[] {
  const host = hostNamespaces(view.namespaces);
  const byMark = new Map(view.namespaces.map((one) => [`${one.kind}:${one.inum}`, one]));
  const { first } = container;
  const own = new Map<NamespaceKind, number>();
  for (const kind of NAMESPACE_KINDS) {
    const inum = kind === "pid" ? pidNamespace(first) : first.namespaces[kind];
    if (inum !== 0 && inum !== host.get(kind)) own.set(kind, inum);
  }
  const sides: Sides = {
    view,
    container,
    first,
    init: view.tasks.find(({ pid }) => pid === 1),
    host,
    own,
    find: (kind, inum) => byMark.get(`${kind}:${inum}`),
  };
  const section = (kind: NamespaceKind, title: string, make: (sides: Sides) => Pick<SightSection, "rows" | "note">) => {
    const inum = own.get(kind);
    return {
      kind,
      title,
      host: { kind, inum: host.get(kind) ?? 0, initial: true },
      own: inum === undefined ? undefined : { kind, inum, initial: false },
      ...make(sides),
    };
  };
  return [
    section("pid", "Processes", processes),
    section("user", "Users", users),
    section("uts", "Host name", hostNames),
    section("mnt", "Files and mounts", mounts),
    section("net", "Network", devices),
    section("cgroup", "Cgroup", cgroups),
    section("ipc", "IPC objects", ipcObjects),
    section("time", "Clocks", clocks),
  ];
}

function processes({ view, container, own, find }: Sides): Pick<SightSection, "rows" | "note"> {
  const pidNs = own.get("pid");
  const userNs = own.get("user");
  const map = find("user", userNs)?.uidMap ?? [];
  const seen = pidNs === undefined ? container.tasks : visibleTasks(view, pidNs);
  const names = new Map(view.tasks.map((task) => [task.pid, task]));
  const rows = seen.map((task): SightRow => {
    const inner = pidNs === undefined ? task.pid : task.pids.find(({ namespace }) => namespace === pidNs)?.pid;
    const uid = userNs === undefined ? task.uid : insideId(map, task.uid);
    const parent = names.get(task.ppid);
    const parentInside =
      pidNs === undefined ? task.ppid : (parent?.pids.find(({ namespace }) => namespace === pidNs)?.pid ?? 0);
    return {
      key: `task:${task.address}:${task.startTimeNs}`,
      ref: { object: "task", address: task.address },
      what: `process ${task.pid}`,
      host: { main: `${task.pid} ${task.comm}`, rest: `uid ${task.uid}, parent ${task.ppid}` },
      inside:
        inner === undefined ? undefined : { main: `${inner} ${task.comm}`, rest: `uid ${uid}, parent ${parentInside}` },
    };
  });
  const all = view.tasks.filter((task) => task.pid === task.tgid).length;
  if (pidNs === undefined) {
    return { rows, note: `shared with the host: it sees all ${formatCount(all, "process", "processes")}` };
  }
  const hidden = all - seen.length;
  return {
    rows,
    note: hidden ? `${formatCount(hidden, "other process", "other processes")} out of its sight` : undefined,
  };
}

const visibleTasks = (view: KernelView, pidNs: number) =>
  view.tasks.filter((task) => task.pid === task.tgid && task.pids.some(({ namespace }) => namespace === pidNs));

const idRange = (first: number, count: number) => (count === 1 ? String(first) : `${first} to ${first + count - 1}`);

function users({ first, own, find }: Sides): Pick<SightSection, "rows" | "note"> {
  const namespace = find("user", own.get("user"));
  const { credentials } = first;
  const rows: SightRow[] = [];
  if (namespace) {
    for (const [what, map] of [
      ["uid", namespace.uidMap ?? []],
      ["gid", namespace.gidMap ?? []],
    ] as const) {
      map.forEach(({ first: from, hostFirst, count }, index) => {
        rows.push({
          key: `${what}:${index}`,
          ref: { object: "namespace", kind: "user", address: namespace.address },
          what: `${what}s`,
          host: { main: idRange(hostFirst, count), rest: formatCount(count, what) },
          inside: { main: idRange(from, count), rest: formatCount(count, what) },
        });
      });
      if (!map.length) {
        rows.push({
          key: `${what}:none`,
          ref: { object: "namespace", kind: "user", address: namespace.address },
          what: `${what}s`,
          host: { main: `${what} map is empty` },
          inside: { main: String(OVERFLOW_ID), rest: `nobody: no ${what} has a number here yet` },
        });
      }
    }
  }
  rows.push({
    key: "rights",
    ref: { object: "task", address: first.address },
    what: "effective capabilities of its first process",
    host: namespace
      ? { main: "none over the host", rest: `those it has count in its user namespace and what that owns` }
      : { main: credentials.effective, rest: "in the host's user namespace" },
    inside: { main: credentials.effective, rest: namespace ? "in its own user namespace" : "the same" },
  });
  return { rows, note: namespace ? undefined : "shared with the host: an id inside is the same id outside" };
}

function hostNames({ host, own, find }: Sides): Pick<SightSection, "rows" | "note"> {
  const outside = find("uts", host.get("uts"));
  const inside = own.has("uts") ? find("uts", own.get("uts")) : outside;
  const sight = (namespace: Namespace | undefined): Sight | undefined =>
    namespace?.uts && { main: namespace.uts.nodename, rest: `domain ${namespace.uts.domainname}` };
  const row: SightRow = {
    key: "uts",
    ref: inside && { object: "namespace", kind: "uts", address: inside.address },
    what: "host name",
    host: sight(outside),
    inside: sight(inside),
  };
  const none = !row.host && !row.inside;
  return { rows: none ? [] : [row], note: own.has("uts") ? undefined : "shared with the host" };
}

const filesystem = (mount: Mount) => `${mount.superBlock}:${mount.root}`;
const mountText = ({ type, source, root, options }: Mount) =>
  `${type}${source && source !== type ? ` from ${source}` : ""}${root === "/" ? "" : `, its ${root}`}, ${options.includes("ro") ? "read-only" : "writable"}`;

function mounts({ view, first, init, host, own }: Sides): Pick<SightSection, "rows" | "note"> {
  const hostNs = host.get("mnt");
  const ownNs = own.get("mnt");
  const hostRoot = init?.root?.path ?? "/";
  const insideRoot = first.root?.path ?? "/";
  const seen = (namespace: number | undefined, root: string) =>
    view.mounts.flatMap((mount) => {
      if (mount.namespace !== namespace || mount.hiddenBy !== undefined) return [];
      const path = pathBelow(root, mount.path);
      return path === undefined ? [] : [{ mount, path }];
    });
  const rows: SightRow[] = [];
  if (first.root) {
    rows.push({
      key: "root",
      ref: { object: "task", address: first.address },
      what: "root directory",
      host: { main: `/proc/${first.pid}/root`, rest: rootFromHost(view, first, hostNs, hostRoot) },
      inside: {
        main: "/",
        rest: insideRoot === "/" ? "root of its mount namespace" : `${insideRoot} of its mount namespace`,
      },
    });
  }
  if (ownNs === undefined && insideRoot === hostRoot) {
    return { rows, note: "shared with the host: every mount is the same for both" };
  }
  const outside = seen(hostNs, hostRoot);
  const inside = seen(ownNs ?? hostNs, insideRoot);
  const row = (outer: (typeof outside)[number] | undefined, inner: (typeof inside)[number] | undefined): SightRow => ({
    key: `mount:${outer?.mount.address ?? ""}:${inner?.mount.address ?? ""}`,
    ref: { object: "mount", address: (inner ?? outer)!.mount.address },
    what: "mount",
    host: outer && { main: outer.path, rest: mountText(outer.mount) },
    inside: inner && { main: inner.path, rest: mountText(inner.mount) },
  });
  // The copies of one mount show the same directory of the same filesystem; where there are several, at the same place first.
  const left = new Set(outside);
  const byFilesystem = new Map<string, typeof outside>();
  for (const one of outside) {
    const same = byFilesystem.get(filesystem(one.mount));
    if (same) same.push(one);
    else byFilesystem.set(filesystem(one.mount), [one]);
  }
  const sameFor = (inner: (typeof inside)[number]) => {
    const candidates = (byFilesystem.get(filesystem(inner.mount)) ?? []).filter((one) => left.has(one));
    return candidates.find((one) => one.mount.path === inner.mount.path) ?? candidates[0];
  };
  for (const inner of inside) {
    const outer = sameFor(inner);
    if (outer) left.delete(outer);
    rows.push(row(outer, inner));
  }
  for (const outer of left) rows.push(row(outer, undefined));
  const note =
    ownNs === undefined
      ? `the host's mount namespace, seen from ${insideRoot}`
      : outside.length + inside.length
        ? undefined
        : "no mounts are known";
  return { rows, note };
}

/** Where the host finds the container's root directory, if it is mounted there too. */
function rootFromHost(view: KernelView, first: Task, hostNs: number | undefined, hostRoot: string): string {
  const at = view.mounts.find(({ id }) => id === first.root?.mount);
  if (!at) return "";
  if (at.namespace === hostNs) return first.root!.path;
  const same = view.mounts.find((mount) => mount.namespace === hostNs && filesystem(mount) === filesystem(at));
  if (!same) return `${at.type}, mounted nowhere on the host`;
  return `${at.type}, on the host at ${pathBelow(hostRoot, same.path) ?? same.path}`;
}

function deviceText(device: NetDevice): string {
  const addresses = device.addresses.map(({ local, prefixLength }) => `${local}/${prefixLength}`);
  return [device.kind ?? (device.loopback ? "loopback" : "device"), device.up ? "up" : "down", ...addresses].join(", ");
}

function devices({ view, host, own }: Sides): Pick<SightSection, "rows" | "note"> {
  const hostNs = host.get("net");
  const ownNs = own.get("net");
  const outside = view.devices.filter(({ namespace }) => namespace === hostNs);
  const sight = (device: NetDevice | undefined): Sight | undefined =>
    device && { main: device.name, rest: deviceText(device) };
  const ref = ({ address }: NetDevice): ObjectRef => ({ object: "device", address });
  if (ownNs === undefined) {
    return {
      rows: outside.map((device) => ({
        key: `device:${device.address}`,
        ref: ref(device),
        what: "network device",
        host: sight(device),
        inside: sight(device),
      })),
      note: "shared with the host: every device, address and port is the same for both",
    };
  }
  const inside = view.devices.filter(({ namespace }) => namespace === ownNs);
  const byAddress = new Map(view.devices.map((device) => [device.address, device]));
  const paired = new Set<number>();
  const rows = inside.map((device): SightRow => {
    const peer = device.peer === undefined ? undefined : byAddress.get(device.peer);
    const across = peer?.namespace === hostNs ? peer : undefined;
    if (across) paired.add(across.address);
    return {
      key: `device:${device.address}`,
      ref: ref(device),
      what: across ? "cable, one end on each side" : "network device",
      host: across && { main: across.name, rest: `${deviceText(across)}, the other end` },
      inside: sight(device),
    };
  });
  for (const device of outside) {
    if (paired.has(device.address)) continue;
    rows.push({ key: `device:${device.address}`, ref: ref(device), what: "network device", host: sight(device) });
  }
  return { rows, note: rows.length ? undefined : "no devices are known" };
}

function cgroups({ view, first, own, find }: Sides): Pick<SightSection, "rows" | "note"> {
  const root = find("cgroup", own.get("cgroup"))?.cgroupRoot;
  const cgroup = view.cgroups.find(({ path }) => path === first.cgroup);
  const row = {
    key: "cgroup",
    ref: cgroup && ({ object: "cgroup", address: cgroup.address } as const),
    what: "cgroup of its first process",
    host: { main: first.cgroup, rest: `/sys/fs/cgroup${first.cgroup === "/" ? "" : first.cgroup}` },
    inside: {
      main: root === undefined ? first.cgroup : cgroupBelow(root, first.cgroup),
      rest: root === undefined ? "the same path" : `its / is ${root} of the host`,
    },
  };
  return { rows: [row], note: own.has("cgroup") ? undefined : "shared with the host" };
}

function ipcObjects({ host, own, find }: Sides): Pick<SightSection, "rows" | "note"> {
  const outside = find("ipc", host.get("ipc"));
  const inside = find("ipc", own.get("ipc"));
  const count = (namespace: Namespace | undefined): Sight | undefined =>
    namespace?.ipc && { main: formatCount(namespace.ipc.length, "object") };
  if (!inside) return { rows: [], note: "shared with the host" };
  const row: SightRow = {
    key: "ipc",
    ref: { object: "namespace", kind: "ipc", address: inside.address },
    what: "shared memory, semaphores, queues",
    host: count(outside),
    inside: count(inside),
  };
  return { rows: row.host || row.inside ? [row] : [] };
}

function clocks({ view, own, find }: Sides): Pick<SightSection, "rows" | "note"> {
  const namespace = find("time", own.get("time"));
  const upFor = (ns: number) => formatDuration(Math.max(0, ns) / 1000);
  if (!namespace) return { rows: [], note: "shared with the host: both clocks read the same" };
  const offsets = namespace.timeOffsets ?? { monotonicNs: 0, boottimeNs: 0 };
  const ref: ObjectRef = { object: "namespace", kind: "time", address: namespace.address };
  return {
    rows: [
      {
        key: "boottime",
        ref,
        what: "time since boot",
        host: { main: upFor(view.bootTimeNs), rest: "CLOCK_BOOTTIME, as uptime shows it" },
        inside: {
          main: upFor(view.bootTimeNs + offsets.boottimeNs),
          rest: `offset ${formatOffset(offsets.boottimeNs)}`,
        },
      },
      {
        key: "monotonic",
        ref,
        what: "monotonic clock",
        host: { main: "no offset", rest: "CLOCK_MONOTONIC" },
        inside: {
          main: offsets.monotonicNs === 0 ? "no offset" : formatOffset(offsets.monotonicNs),
          rest: "CLOCK_MONOTONIC",
        },
      },
    ],
  };
}
