import type { NetDevice, Route, Socket } from "../protocol/network";
import { type CableLine, type CableSpace, layCables, type Plug } from "./cable-lines";
import { type Connection, type DeviceNode, flatten, type Network, type Room } from "./rooms";

/**
 * Where everything of the network is drawn, in px from the top left. In the wide layout the host stands on the left and
 * every other room on the right, so that cables run across the space between, and each port of the host stands at the
 * height of the plug it leads to. In the narrow one the rooms stand below each other and cables run along their right side.
 */
export interface NetworkLayout {
  rooms: RoomBox[];
  /** What the keyboard walks over, from the top of the first room to the bottom of the last. */
  rows: NetworkRow[];
  cables: CableLine[];
  rails: RailLine[];
  height: number;
  wide: boolean;
}

interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface RoomBox extends Box {
  room: Room;
}

export interface NetworkRow extends Box {
  key: string;
  item: RowItem;
  room: Room;
  /** Key of the room's head; undefined for a head itself. */
  parentKey?: string;
  /** For `aria-posinset` and `aria-setsize`. */
  position: number;
  setSize: number;
}

export type RowItem =
  | { type: "room" }
  | { type: "device"; device: NetDevice; depth: number; attached?: DeviceNode["attached"]; plug?: "left" | "right" }
  /** `first` of its kind in the room: it carries the heading. */
  | { type: "route"; route: Route; first: boolean }
  | { type: "listening"; socket: Socket; first: boolean }
  | { type: "connection"; connection: Connection; first: boolean };

/** A bridge's rail with its ports attached, or the line from a device to those on top of it. */
export interface RailLine {
  key: string;
  kind: "port" | "upper";
  device: NetDevice;
  left: number;
  top: number;
  height: number;
  /** Middles of what is attached, from the top of the drawing. */
  at: number[];
}

export interface RoomMeasures {
  width: number;
  /** The least width for the host and the rooms side by side. */
  widePx: number;
  /** Loopback devices, of which every room has one, are shown. */
  loopback: boolean;
  headPx: number;
  devicePx: number;
  linePx: number;
  /** Added to the selected device. */
  detailPx: number;
  /** Lines kept of each list; the table has them all. */
  limit: { routes: number; listening: number; connections: number };
  /** Address of the selected device. */
  selected?: number;
}

const MARGIN_PX = 12;
const GAP_PX = 16;
const PAD_PX = 8;
export const STEP_PX = 24;
/** Space beside the rooms of the narrow layout. */
const SIDE_PX = 44;

export const plugKey = (device: NetDevice) => `device:${device.address}`;

export function layRooms(network: Network, measures: RoomMeasures): NetworkLayout {
  const { width } = measures;
  const wide = width >= measures.widePx && network.rooms.length > 1;
  const hall = new Hall(network, measures, wide);
  let top = MARGIN_PX;
  if (!wide) {
    const column = { left: MARGIN_PX, width: width - SIDE_PX - MARGIN_PX, plug: "right", waits: false } as const;
    for (const room of network.rooms) top += hall.lay(room, top, column).height + GAP_PX;
    return hall.finish({ gutter: SIDE_PX, right: undefined });
  }
  const gutter = Math.round(Math.max(96, Math.min(200, width * 0.2)));
  // The host's room is the narrower one: the others tell more of themselves.
  const hostWidth = Math.round(Math.max(140, ((width - gutter - 2 * MARGIN_PX) / 2) * 0.86));
  const left = MARGIN_PX + hostWidth + gutter;
  const column = { left, width: width - MARGIN_PX - left, plug: "left", waits: false } as const;
  const [host, ...rest] = network.rooms;
  for (const room of rest) top += hall.lay(room, top, column).height + GAP_PX;
  hall.layFirst(host, MARGIN_PX, { left: MARGIN_PX, width: hostWidth, plug: "right", waits: true });
  return hall.finish({ gutter, right: left });
}

/** Where rooms are put. */
interface Column {
  left: number;
  width: number;
  /** The side that cables come in from. */
  plug: "left" | "right";
  /** Its plugs stand at the height of their other ends, which have their places already. */
  waits: boolean;
}

/** The layout while it is made. */
class Hall {
  readonly #network: Network;
  readonly #measures: RoomMeasures;
  readonly #layout: NetworkLayout;
  /** Addresses of the other ends of a device's cables. */
  readonly #ends = new Map<number, number[]>();
  readonly #plugs = new Map<number, Plug>();
  readonly #position: ReadonlyMap<Room, number>;
  /** Top of the next row. */
  #y = 0;

  constructor(network: Network, measures: RoomMeasures, wide: boolean) {
    this.#network = network;
    this.#measures = measures;
    this.#layout = { rooms: [], rows: [], cables: [], rails: [], height: 0, wide };
    this.#position = new Map(network.rooms.map((room, index) => [room, index + 1]));
    for (const { ends } of network.cables) {
      this.#connect(ends[0], ends[1]);
      this.#connect(ends[1], ends[0]);
    }
  }

  /** Lays out a room below the others of its column. */
  lay(room: Room, top: number, column: Column): RoomBox {
    const { rooms, rows } = this.#layout;
    const first = rows.length;
    this.#y = top;
    const head = this.#add(room, column, { type: "room" }, `room:${room.mark.inum}`, this.#measures.headPx);
    const cabled = room.trees.filter((tree) => flatten([tree]).some(({ node }) => this.#ends.has(node.device.address)));
    const { loopback } = this.#measures;
    const others = room.trees.filter((tree) => !cabled.includes(tree) && (loopback || !tree.device.loopback));
    // What waits for the height of other ends comes last, and leaves space on the way.
    if (!column.waits) for (const tree of cabled) this.#addTree(room, column, tree);
    for (const tree of others) this.#addTree(room, column, tree);
    this.#addLists(room, column);
    if (column.waits) {
      if (rows.length > first + 1 && cabled.length) this.#y += PAD_PX;
      for (const tree of cabled) this.#addTree(room, column, tree);
    }
    const setSize = rows.length - first - 1;
    for (let i = first + 1; i < rows.length; i++) {
      rows[i].position = i - first;
      rows[i].setSize = setSize;
    }
    head.position = this.#position.get(room)!;
    head.setSize = this.#position.size;
    const box = { room, left: column.left, top, width: column.width, height: this.#y - top + PAD_PX };
    rooms.push(box);
    this.#layout.height = Math.max(this.#layout.height, top + box.height + MARGIN_PX);
    return box;
  }

  /** The same for a room that is laid out last and read first. */
  layFirst(room: Room, top: number, column: Column): void {
    const { rooms, rows } = this.#layout;
    const [otherRooms, otherRows] = [rooms.splice(0), rows.splice(0)];
    this.lay(room, top, column);
    rooms.push(...otherRooms);
    for (const row of otherRows) rows.push(row);
  }

  finish(space: CableSpace): NetworkLayout {
    this.#layout.cables = layCables(this.#network.cables, this.#plugs, space);
    return this.#layout;
  }

  #connect(from: NetDevice, to: NetDevice): void {
    const known = this.#ends.get(from.address);
    if (known) known.push(to.address);
    else this.#ends.set(from.address, [to.address]);
  }

  #add(room: Room, { left, width }: Column, item: RowItem, key: string, height: number): NetworkRow {
    const parentKey = item.type === "room" ? undefined : `room:${room.mark.inum}`;
    const row: NetworkRow = { key, item, room, parentKey, position: 0, setSize: 0, left, top: this.#y, width, height };
    this.#layout.rows.push(row);
    this.#y += height;
    return row;
  }

  #addTree(room: Room, column: Column, tree: DeviceNode): void {
    const { devicePx, detailPx, selected } = this.#measures;
    const rails = new Map<NetDevice, RailLine>();
    for (const { node, depth } of flatten([tree])) {
      const { device, attached, children } = node;
      const hasCable = this.#ends.has(device.address);
      if (column.waits) this.#waitFor(hasCable ? [node] : children, hasCable ? 0 : devicePx);
      const plug = hasCable ? column.plug : undefined;
      const height = devicePx + (device.address === selected ? detailPx : 0);
      const row = this.#add(room, column, { type: "device", device, depth, attached, plug }, plugKey(device), height);
      const middle = row.top + devicePx / 2;
      if (plug) {
        this.#plugs.set(device.address, { x: plug === "left" ? column.left : column.left + column.width, middle });
      }
      const above = attached && this.#network.devices.get((attached === "port" ? device.master : device.lower)!);
      const rail = above && rails.get(above);
      if (rail) {
        rail.at.push(middle);
        rail.height = middle - rail.top;
      }
      if (children.length === 0) continue;
      const line: RailLine = {
        key: `rail:${device.address}`,
        kind: children[0].attached ?? "port",
        device,
        left: column.left + PAD_PX + depth * STEP_PX + 10,
        top: middle,
        height: 0,
        at: [],
      };
      rails.set(device, line);
      this.#layout.rails.push(line);
    }
  }

  /** Moves down to where the first of these has its other end, less `abovePx`. */
  #waitFor(nodes: readonly DeviceNode[], abovePx: number): void {
    let least = Infinity;
    for (const { device } of nodes) {
      for (const end of this.#ends.get(device.address) ?? []) {
        least = Math.min(least, this.#plugs.get(end)?.middle ?? Infinity);
      }
    }
    if (least < Infinity) this.#y = Math.max(this.#y, least - this.#measures.devicePx / 2 - abovePx);
  }

  #addLists(room: Room, column: Column): void {
    const { limit, linePx } = this.#measures;
    room.routes.slice(0, limit.routes).forEach((route, index) => {
      this.#add(room, column, { type: "route", route, first: index === 0 }, `route:${route.address}`, linePx);
    });
    room.listening.slice(0, limit.listening).forEach((socket, index) => {
      this.#add(room, column, { type: "listening", socket, first: index === 0 }, `socket:${socket.address}`, linePx);
    });
    room.connections.slice(0, limit.connections).forEach((connection, index) => {
      const key = `socket:${connection.socket.address}`;
      this.#add(room, column, { type: "connection", connection, first: index === 0 }, key, linePx);
    });
  }
}
