/** What the guest's own tools say of network namespaces, devices, routes and sockets, and how the picture differs from it. */
import type { NetDevice, Route, Socket } from "../../../src/protocol/network";
import type { KernelView } from "../../../src/protocol/view";

/** Lists every way to a network namespace, and every descriptor. */
export const LISTING_SCRIPT = `
ls -l /proc/[0-9]*/ns/net 2>/dev/null | sed 's/.* \\/proc/@ns \\/proc/'
sed -n 's/^[^ ]* [^ ]* [^ ]* net:\\[\\([0-9]*\\)\\] \\([^ ]*\\) .*/@mount \\1 \\2/p' /proc/self/mountinfo | tee /tmp/nsfs
cut -d ' ' -f 3 /tmp/nsfs | xargs -r stat -Lc '@file %i %n' 2>/dev/null
ls -l /proc/[0-9]*/fd/* 2>/dev/null | sed 's/.* \\/proc/@fd \\/proc/'
:
`;

const TABLES = ["tcp", "udp", "raw", "icmp", "unix", "packet", "netlink"] as const;

export interface Listing {
  /** Path of a file of each network namespace, by its inode number. */
  namespaces: Map<number, string>;
  /** What `/proc/PID/fd/FD` links to. */
  descriptors: { pid: number; fd: number; target: string }[];
}

export function parseListing(text: string): Listing {
  const namespaces = new Map<number, string>();
  for (const [, path, inum] of text.matchAll(/^@ns (\S+) -> net:\[(\d+)\]$/gm)) {
    // The first process is the oldest, and lives on.
    if (!namespaces.has(Number(inum))) namespaces.set(Number(inum), path);
  }
  // A file whose mount something else lies over is another file.
  const mounted = new Set(Array.from(text.matchAll(/^@mount (\d+ \S+)$/gm), ([, mount]) => mount));
  for (const [, file, inum, path] of text.matchAll(/^@file ((\d+) (\S+))$/gm))
    if (mounted.has(file) && !namespaces.has(Number(inum))) namespaces.set(Number(inum), path);
  const descriptors = [...text.matchAll(/^@fd \/proc\/(\d+)\/fd\/(\d+) -> (.*)$/gm)].map(([, pid, fd, target]) => ({
    pid: Number(pid),
    fd: Number(fd),
    target,
  }));
  for (const { pid, fd, target } of descriptors) {
    const inum = Number(/^net:\[(\d+)\]$/.exec(target)?.[1] ?? 0);
    if (inum && !namespaces.has(inum)) namespaces.set(inum, `/proc/${pid}/fd/${fd}`);
  }
  return { namespaces, descriptors };
}

/** Prints the state of each of the namespaces. */
export function stateScript({ namespaces }: Listing): string {
  const show = `ip -j -d -s link; echo; echo @addr; ip -j addr; echo; echo @route; ip -j -d route show table all; echo
for t in ${TABLES.join(" ")}; do echo "@$t"; cat /proc/net/$t; done`;
  const each = [...namespaces].map(
    ([inum, path]) => `echo '@@${inum}'; nsenter --net=${path} sh -c '${show}' 2>/dev/null`,
  );
  return [...each, ":"].join("\n");
}

interface IpLink {
  ifindex: number;
  ifname: string;
  flags: string[];
  mtu: number;
  operstate: string;
  link_type: string;
  address?: string;
  master?: string;
  /** Name of the device it sits on, in the same namespace; or its index, in another. */
  link?: string;
  link_index?: number;
  link_netnsid?: number;
  linkinfo?: { info_kind?: string; info_data?: { link?: string } };
  stats64: Record<"rx" | "tx", { bytes: number; packets: number; errors: number; dropped: number }>;
}

interface IpAddress {
  family: string;
  local: string;
  address?: string;
  prefixlen: number;
  broadcast?: string;
  scope: string;
  label?: string;
}

interface IpRoute {
  type: string;
  dst: string;
  gateway?: string;
  dev?: string;
  table?: string;
  protocol: string;
  scope: string;
  prefsrc?: string;
  metric?: number;
  nexthops?: unknown[];
  nh_info?: { group?: unknown[] };
}

interface SocketLine {
  table: (typeof TABLES)[number];
  inode: number;
  type: Socket["type"];
  state: string;
  local?: string;
  remote?: string;
}

interface NamespaceState {
  links: IpLink[];
  addresses: Map<number, IpAddress[]>;
  routes: IpRoute[];
  sockets: Map<number, SocketLine>;
}

export interface Witness extends Listing {
  states: Map<number, NamespaceState>;
}

export function parseWitness(listing: Listing, text: string): Witness {
  const states = new Map<number, NamespaceState>();
  for (const part of text.split(/^@@/m).slice(1)) {
    const inum = parseInt(part, 10);
    const section = (name: string) => new RegExp(`^@${name}\\n([^]*?)(?=^@|(?![^]))`, "m").exec(part)?.[1] ?? "";
    const links = parseJson(part.slice(part.indexOf("\n"), part.indexOf("\n@addr"))) as IpLink[];
    const addresses = parseJson(section("addr")) as { ifindex: number; addr_info: IpAddress[] }[];
    states.set(inum, {
      // An empty object stands for what a filter left out.
      links: links.filter(({ ifindex }) => ifindex),
      addresses: new Map(addresses.map(({ ifindex, addr_info }) => [ifindex, addr_info])),
      routes: parseJson(section("route")) as IpRoute[],
      sockets: new Map(
        TABLES.flatMap((table) => parseTable(table, section(table)).map((line) => [line.inode, line] as const)),
      ),
    });
  }
  return { ...listing, states };
}

/** `ip` writes control characters as they are, which JSON does not allow. */
function parseJson(text: string): unknown[] {
  const escaped = text.trim().replace(/[\x00-\x1f]/g, (char) => {
    return char === "\n" ? "" : `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return escaped === "" ? [] : (JSON.parse(escaped) as unknown[]);
}

const TCP_STATES = [
  "",
  "ESTAB",
  "SYN-SENT",
  "SYN-RECV",
  "FIN-WAIT-1",
  "FIN-WAIT-2",
  "TIME-WAIT",
  "UNCONN",
  "CLOSE-WAIT",
  "LAST-ACK",
  "LISTEN",
  "CLOSING",
];
const TYPES: Record<number, Socket["type"]> = { 1: "stream", 2: "dgram", 3: "raw", 5: "seqpacket" };

function parseTable(table: SocketLine["table"], text: string): SocketLine[] {
  if (table === "unix")
    return [...text.matchAll(/^\S{8,10}: [^]*?(?=\n\S{8,10}: |\n$|(?![^]))/gm)].map(([line]) => unixLine(line));
  const lines = text
    .split("\n")
    .slice(1)
    .filter((line) => line.trim() !== "")
    .map((line) => line.trim().split(/\s+/));
  if (table === "packet") {
    return lines.map((words) => ({
      table,
      inode: Number(words[8]),
      type: TYPES[Number(words[2])] ?? "other",
      state: "UNCONN",
    }));
  }
  if (table === "netlink") {
    return lines.map((words) => ({ table, inode: Number(words[9]), type: "raw", state: "UNCONN" }));
  }
  return lines.map((words) => ({
    table,
    inode: Number(words[9]),
    type: table === "tcp" ? "stream" : table === "raw" ? "raw" : "dgram",
    state: TCP_STATES[parseInt(words[3], 16)],
    local: endpoint(words[1], table),
    remote: endpoint(words[2], table),
  }));
}

/** `0100007F:0050`: the address as a word in the byte order of the CPU. */
function endpoint(text: string, table: string): string | undefined {
  const [address, port] = text.split(":").map((hex) => parseInt(hex, 16));
  const dotted = [0, 8, 16, 24].map((shift) => (address >>> shift) & 0xff).join(".");
  if (table === "raw") return address ? dotted : undefined;
  return address || port ? `${dotted}:${port}` : undefined;
}

function unixLine(line: string): SocketLine {
  const [, flags, type, state, inode, name] =
    /^\S+: \S{8} \S{8} (\S{8}) (\S{4}) (\S\S) +(\d+)(?: ([^]*))?$/.exec(line) ?? [];
  return {
    table: "unix",
    inode: Number(inode),
    type: TYPES[parseInt(type, 16)] ?? "other",
    state: parseInt(flags, 16) ? "LISTEN" : state === "03" ? "ESTAB" : "UNCONN",
    local: name,
  };
}

/**
 * Inode numbers of the network namespaces that a tool of the guest can name. One that only a socket keeps has no name, and
 * neither has one that is mounted only below something else, or for others: the picture alone shows it.
 */
export function nameable(view: KernelView): number[] {
  const host = view.namespaces.find(({ kind, initial }) => kind === "mnt" && initial)!.inum;
  const shown = new Set(
    view.mounts.flatMap(({ id, namespace, hiddenBy }) => (namespace === host && hiddenBy === undefined ? id : [])),
  );
  const bySocket = new Set(view.sockets.map(({ namespace }) => namespace));
  const byTask = new Set(view.tasks.map(({ namespaces }) => namespaces.net));
  return view.namespaces
    .filter(({ kind, inum, holders }) => {
      if (kind !== "net" || byTask.has(inum)) return kind === "net";
      if (holders.length === 0) return !bySocket.has(inum);
      return holders.some((holder) => holder.by === "descriptor" || shown.has(holder.mount));
    })
    .map(({ inum }) => inum);
}

/**
 * Sentences on every difference; none when the picture is right. Counters of the `restless` devices, by address, are left
 * out: they moved while the guest was asked.
 */
export function disagreements(view: KernelView, witness: Witness, restless: ReadonlySet<number>): string[] {
  const found: string[] = [];
  const compare = (what: string, ours: unknown, theirs: unknown) => {
    const [a, b] = [JSON.stringify(ours), JSON.stringify(theirs)];
    if (a !== b) found.push(`${what} is ${a} in the picture and ${b} in the guest`);
  };
  compare(
    "the list of network namespaces",
    nameable(view).sort(ascending),
    [...witness.namespaces.keys()].sort(ascending),
  );
  const byAddress = new Map(view.devices.map((device) => [device.address, device]));
  for (const [inum, state] of witness.states) {
    const devices = view.devices.filter(({ namespace }) => namespace === inum);
    compare(
      `the list of devices of net:[${inum}]`,
      devices.map(({ index }) => index).sort(ascending),
      state.links.map(({ ifindex }) => ifindex).sort(ascending),
    );
    for (const link of state.links) {
      const device = devices.find(({ index }) => index === link.ifindex);
      if (!device) continue;
      compareDevice(device, link, state, byAddress, compare);
      if (!restless.has(device.address)) compareCounters(device, link, compare);
    }
    const ours = view.routes.filter(({ namespace }) => namespace === inum).map((route) => ourRoute(route, byAddress));
    compare(`the routes of net:[${inum}]`, ours.sort(), state.routes.map(theirRoute).sort());
    for (const socket of view.sockets) if (socket.namespace === inum) compareSocket(socket, state, compare);
  }
  return found;
}

/** The same of the descriptors of processes that lived before and after. */
export function descriptorDisagreements(view: KernelView, witness: Witness, pids: ReadonlySet<number>): string[] {
  const ours = new Set<string>();
  for (const { inode, holders } of view.sockets) {
    for (const { pid, fd } of holders) if (pids.has(pid)) ours.add(`/proc/${pid}/fd/${fd} -> socket:[${inode}]`);
  }
  for (const { kind, inum, holders } of view.namespaces) {
    for (const holder of holders) {
      if (holder.by === "descriptor" && pids.has(holder.pid))
        ours.add(`/proc/${holder.pid}/fd/${holder.fd} -> ${kind}:[${inum}]`);
    }
  }
  const theirs = new Set<string>();
  for (const { pid, fd, target } of witness.descriptors) {
    if (pids.has(pid) && /^(socket|mnt|pid|net|uts|ipc|user|cgroup|time):\[/.test(target))
      theirs.add(`/proc/${pid}/fd/${fd} -> ${target}`);
  }
  return [
    ...[...ours].filter((link) => !theirs.has(link)).map((link) => `${link} is in the picture and not in /proc`),
    ...[...theirs].filter((link) => !ours.has(link)).map((link) => `${link} is in /proc and not in the picture`),
  ];
}

type Compare = (what: string, ours: unknown, theirs: unknown) => void;

function compareDevice(
  device: NetDevice,
  link: IpLink,
  state: NamespaceState,
  byAddress: ReadonlyMap<number, NetDevice>,
  compare: Compare,
): void {
  const of = (what: string) => `${what} of device ${JSON.stringify(device.name)} in net:[${device.namespace}]`;
  compare(of("name"), device.name, link.ifname);
  compare(of("kind"), device.kind, link.linkinfo?.info_kind);
  compare(of("loopback"), device.loopback, link.link_type === "loopback");
  compare(of("mac"), device.mac, link.address);
  compare(of("mtu"), device.mtu, link.mtu);
  compare(of("flags"), device.flags, link.flags);
  compare(of("up"), device.up, link.flags.includes("UP"));
  compare(of("state"), device.state, link.operstate);
  compare(of("master"), device.master && byAddress.get(device.master)?.name, link.master);

  const other = byAddress.get(device.peer ?? device.lower ?? 0);
  const same = other?.namespace === device.namespace;
  if (device.kind === "vxlan") {
    compare(of("lower"), other?.name, link.linkinfo?.info_data?.link);
  } else {
    compare(of("peer or lower"), same ? other.name : other?.index, link.link ?? link.link_index);
    compare(of("namespace of the peer or lower"), same || !other, link.link_netnsid === undefined);
  }
  if (device.peer) compare(of("peer of the peer"), other?.peer, device.address);

  compare(
    of("addresses"),
    device.addresses.map(({ local, peer, prefixLength, broadcast, scope, label }) => [
      ...[local, peer, prefixLength, broadcast, scope, label],
    ]),
    (state.addresses.get(device.index) ?? [])
      .filter(({ family }) => family === "inet")
      .map(({ local, address, prefixlen, broadcast, scope, label }) => [
        ...[local, address, prefixlen, broadcast, scope, label],
      ]),
  );
}

function compareCounters({ name, namespace, counters }: NetDevice, { stats64 }: IpLink, compare: Compare): void {
  const { rx, tx } = stats64;
  compare(`counters of device ${JSON.stringify(name)} in net:[${namespace}]`, counters, {
    rxPackets: rx.packets,
    rxBytes: rx.bytes,
    rxErrors: rx.errors,
    rxDropped: rx.dropped,
    txPackets: tx.packets,
    txBytes: tx.bytes,
    txErrors: tx.errors,
    txDropped: tx.dropped,
  });
}

function ourRoute(route: Route, byAddress: ReadonlyMap<number, NetDevice>): string {
  const { table, type, destination, prefixLength, gateway, device, source, scope, protocol, metric, nextHops } = route;
  const name = device && byAddress.get(device)?.name;
  return JSON.stringify([
    ...[table, type, `${destination}/${prefixLength}`, gateway, name, source, scope, protocol, metric, nextHops],
  ]);
}

function theirRoute(route: IpRoute): string {
  const { table = "main", type, dst, gateway, dev, prefsrc, scope, protocol, metric = 0, nexthops, nh_info } = route;
  const destination = dst === "default" ? "0.0.0.0/0" : dst.includes("/") ? dst : `${dst}/32`;
  const hops = (nexthops ?? nh_info?.group)?.length;
  return JSON.stringify([table, type, destination, gateway, dev, prefsrc, scope, protocol, metric, hops]);
}

function compareSocket(socket: Socket, { sockets }: NamespaceState, compare: Compare): void {
  const of = (what: string) => `${what} of socket:[${socket.inode}]`;
  const theirs = sockets.get(socket.inode);
  // A socket of TCP, UDP or ICMP that has no port yet is on no list, nor is one of netlink.
  const listed = socket.family === "inet" ? hasPort(socket) : socket.family === "unix" || socket.family === "packet";
  compare(of("presence"), true, theirs !== undefined || !listed);
  if (!theirs) return;
  const raw = socket.type === "raw";
  const table = socket.family === "inet" ? (raw ? "raw" : socket.protocol) : socket.family;
  compare(of("table"), table, theirs.table);
  // /proc/net/netlink does not tell datagrams from raw ones, which are the same there.
  if (socket.family !== "netlink") compare(of("type"), socket.type, theirs.type);
  compare(of("state"), socket.state, theirs.state);
  compare(of("local name"), socket.local, theirs.local);
  if (socket.family === "inet") compare(of("remote name"), socket.remote, theirs.remote);
}

function hasPort({ protocol, state, local }: Socket): boolean {
  // One that is bound and does no more is not listed either, if it is of TCP.
  return local !== undefined && !(protocol === "tcp" && state === "UNCONN");
}

function ascending(a: number, b: number): number {
  return a - b;
}
