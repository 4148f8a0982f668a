import type { NetDevice, Route, Socket } from "../protocol/network";
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import type { NamespaceMark } from "./namespace-mark";
import { isDefaultRoute } from "./network-text";

/** The network of a picture: namespaces as rooms with devices in them, and the cables between. */
export interface Network {
  /** The host's first, then by the cables that lead there; rooms without a cable last. */
  rooms: Room[];
  cables: Cable[];
  /** Devices by address. */
  devices: ReadonlyMap<number, NetDevice>;
  /** The task that leads each process, by pid. */
  processes: ReadonlyMap<number, Task>;
}

export interface Room {
  mark: NamespaceMark;
  /** Name it was mounted under (`ip netns add NAME`), or who else keeps it. */
  name?: string;
  /** The first processes in it. */
  tasks: Task[];
  taskCount: number;
  trees: DeviceNode[];
  /** Of the tables a packet is looked up in last: what `ip route` shows, the default route first. */
  routes: Route[];
  /** Sockets that wait for others, those of a port before those of a path. */
  listening: Socket[];
  connections: Connection[];
}

/** A device with what is attached to it: the ports of a bridge, or devices that sit on top of it. */
export interface DeviceNode {
  device: NetDevice;
  /** How it is attached to the node above. */
  attached?: "port" | "upper";
  children: DeviceNode[];
}

/** A veth pair, or the line from a device to one that it sits on in another room. */
export interface Cable {
  key: string;
  kind: "veth" | "lower";
  ends: [NetDevice, NetDevice];
}

/** A connected socket, and its other end where that is in the picture. */
export interface Connection {
  socket: Socket;
  peer?: Socket;
}

/** How many processes of a room are kept by name. */
const TASKS_NAMED = 4;

interface Draft {
  mark: NamespaceMark;
  name?: string;
  tasks: Task[];
  taskCount: number;
  devices: NetDevice[];
  routes: Route[];
  sockets: Socket[];
}

export function furnish(view: KernelView): Network {
  const drafts = new Map<number, Draft>();
  const draftOf = (inum: number, initial = false) => {
    let draft = drafts.get(inum);
    if (!draft) {
      const mark: NamespaceMark = { kind: "net", inum, initial };
      drafts.set(inum, (draft = { mark, tasks: [], taskCount: 0, devices: [], routes: [], sockets: [] }));
    }
    return draft;
  };

  const mounts = new Map<number, string>();
  for (const { id, path, holds } of view.mounts) if (holds !== undefined) mounts.set(id, path);
  for (const namespace of view.namespaces) {
    if (namespace.kind !== "net") continue;
    const draft = draftOf(namespace.inum, namespace.initial);
    for (const holder of namespace.holders) {
      const path = holder.by === "mount" ? mounts.get(holder.mount) : undefined;
      if (path !== undefined) draft.name = netnsName(path);
      else if (holder.by === "descriptor") draft.name ??= `descriptor ${holder.fd} of ${holder.pid}`;
    }
  }
  const processes = new Map<number, Task>();
  for (const task of view.tasks) {
    if (task.pid !== task.tgid || processes.has(task.pid)) continue;
    processes.set(task.pid, task);
    if (task.kernelThread || task.namespaces.net === 0) continue;
    const draft = draftOf(task.namespaces.net);
    draft.taskCount++;
    if (draft.tasks.length < TASKS_NAMED) draft.tasks.push(task);
  }
  const devices = new Map<number, NetDevice>();
  for (const device of view.devices) {
    // A damaged list may lead to the same device twice.
    if (devices.has(device.address)) continue;
    devices.set(device.address, device);
    draftOf(device.namespace).devices.push(device);
  }
  for (const route of view.routes) {
    if (route.table !== "local") draftOf(route.namespace).routes.push(route);
  }
  const connection = pairSockets(view.sockets);
  for (const socket of view.sockets) draftOf(socket.namespace).sockets.push(socket);

  const cables = layCables(devices);
  const rooms = new Map<number, Room>();
  for (const [inum, { devices: own, routes, sockets, ...rest }] of drafts) {
    rooms.set(inum, {
      ...rest,
      trees: growTrees(own, devices),
      routes: routes.sort((a, b) => Number(isDefaultRoute(b)) - Number(isDefaultRoute(a))),
      listening: sockets.filter(isListening).sort((a, b) => familyRank(a) - familyRank(b)),
      connections: sockets.filter(isConnected).map((socket) => ({ socket, peer: connection.get(socket) })),
    });
  }
  return { rooms: inOrder(rooms, cables), cables, devices, processes };
}

/** `/run/netns/blue` is what `ip netns` calls `blue`. */
const netnsName = (path: string) => /^(?:\/var)?\/run\/netns\/([^/]+)$/.exec(path)?.[1] ?? path;

const familyRank = ({ family }: Socket) => (family === "inet" ? 0 : family === "unix" ? 1 : 2);

/** A datagram socket waits for others when it is bound and not connected. */
const isListening = ({ family, state, local, type }: Socket) =>
  state === "LISTEN" || (family === "inet" && type === "dgram" && state === "UNCONN" && local !== undefined);

const isConnected = ({ family, state }: Socket) => family === "inet" && state !== "LISTEN" && state !== "UNCONN";

/** The other end of each socket, where the picture has exactly one that fits. */
function pairSockets(sockets: readonly Socket[]): Map<Socket, Socket> {
  const key = ({ protocol, type }: Socket, from?: string, to?: string) => `${protocol ?? type} ${from} ${to}`;
  const byEnds = new Map<string, Socket[]>();
  const byAddress = new Map<number, Socket>();
  for (const socket of sockets) {
    byAddress.set(socket.address, socket);
    if (socket.family !== "inet" || !socket.local || !socket.remote) continue;
    const ends = key(socket, socket.local, socket.remote);
    const known = byEnds.get(ends);
    if (known) known.push(socket);
    else byEnds.set(ends, [socket]);
  }
  const pairs = new Map<Socket, Socket>();
  for (const socket of sockets) {
    if (socket.peer !== undefined) {
      const peer = byAddress.get(socket.peer);
      if (peer) pairs.set(socket, peer);
    } else if (socket.family === "inet" && socket.local && socket.remote) {
      const fits = byEnds.get(key(socket, socket.remote, socket.local)) ?? [];
      // Containers may have the same addresses: the one in the same room comes first, then the only one.
      const near = fits.filter((one) => one.namespace === socket.namespace && one !== socket);
      const far = socket.remote.startsWith("127.") ? [] : fits.filter((one) => one !== socket);
      const [peer, other] = near.length ? near : far;
      if (peer && !other) pairs.set(socket, peer);
    }
  }
  return pairs;
}

function layCables(devices: ReadonlyMap<number, NetDevice>): Cable[] {
  const cables: Cable[] = [];
  for (const device of devices.values()) {
    const peer = device.peer === undefined ? undefined : devices.get(device.peer);
    // Each pair once, from its lower address; an end that does not know of the other is torn memory.
    if (peer && peer.peer === device.address && device.address < peer.address) {
      cables.push({ key: `cable:${device.address}`, kind: "veth", ends: [device, peer] });
    }
    const lower = device.lower === undefined ? undefined : devices.get(device.lower);
    if (lower && lower.namespace !== device.namespace) {
      cables.push({ key: `lower:${device.address}`, kind: "lower", ends: [lower, device] });
    }
  }
  return cables;
}

const byIndex = (a: DeviceNode, b: DeviceNode) => a.device.index - b.device.index;

/** Ports under their bridge, devices under the one they sit on, in the order of their indices. */
function growTrees(own: readonly NetDevice[], all: ReadonlyMap<number, NetDevice>): DeviceNode[] {
  const nodes = new Map<number, DeviceNode>(own.map((device) => [device.address, { device, children: [] }]));
  const roots: DeviceNode[] = [];
  for (const node of nodes.values()) {
    const { master, lower } = node.device;
    const bridge = master === undefined ? undefined : nodes.get(master);
    const base = lower === undefined || all.get(lower) === undefined ? undefined : nodes.get(lower);
    const above = bridge ?? base;
    if (!above || above === node || leadsTo(above, node.device.address, nodes)) {
      roots.push(node);
      continue;
    }
    node.attached = bridge ? "port" : "upper";
    above.children.push(node);
  }
  for (const node of nodes.values()) node.children.sort(byIndex);
  return roots.sort(byIndex);
}

/** Whether going up from `node` comes to `address`: a ring in torn memory. */
function leadsTo(node: DeviceNode, address: number, nodes: ReadonlyMap<number, DeviceNode>): boolean {
  let at: DeviceNode | undefined = node;
  for (let steps = 0; at && steps < 16; steps++) {
    if (at.device.address === address) return true;
    at = nodes.get(at.device.master ?? at.device.lower ?? 0);
  }
  return at !== undefined;
}

/** From the host along the cables, so that rooms stand where their cables come from. */
function inOrder(rooms: ReadonlyMap<number, Room>, cables: readonly Cable[]): Room[] {
  const beyond = new Map<number, number[]>();
  for (const { ends } of cables) {
    for (const [from, to] of [ends, [ends[1], ends[0]]]) {
      const known = beyond.get(from.address);
      if (known) known.push(to.namespace);
      else beyond.set(from.address, [to.namespace]);
    }
  }
  const order = new Set<Room>();
  const follow = (first: Room) => {
    if (order.has(first)) return;
    order.add(first);
    const queue = [first];
    for (let room = queue.shift(); room; room = queue.shift()) {
      for (const { node } of flatten(room.trees)) {
        for (const inum of beyond.get(node.device.address) ?? []) {
          const next = rooms.get(inum);
          if (!next || order.has(next)) continue;
          order.add(next);
          queue.push(next);
        }
      }
    }
  };
  const all = [...rooms.values()].sort((a, b) => a.mark.inum - b.mark.inum);
  for (const room of all) if (room.mark.initial) follow(room);
  for (const room of all)
    if (room.trees.some(({ children, device }) => children.length || beyond.has(device.address))) follow(room);
  for (const room of all) follow(room);
  return [...order];
}

/** A node with how deep it stands. */
export interface FlatNode {
  node: DeviceNode;
  depth: number;
}

/** The nodes of trees from the top. */
export function flatten(trees: readonly DeviceNode[], depth = 0, into: FlatNode[] = []): FlatNode[] {
  for (const node of trees) {
    into.push({ node, depth });
    if (node.children.length) flatten(node.children, depth + 1, into);
  }
  return into;
}

/** The first processes of a room in words: `412 sh, 413 ping and 3 more`. */
export function whoLivesThere({ tasks, taskCount }: Room): string {
  if (taskCount === 0) return "no task";
  const named = tasks.map(({ pid, comm }) => `${pid} ${comm}`).join(", ");
  return taskCount > tasks.length ? `${named} and ${taskCount - tasks.length} more` : named;
}
