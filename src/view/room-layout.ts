import type { NetDevice, Route, Socket } from "../protocol/network";
import { flatten, type Cable, type Connection, type DeviceNode, type Network, type Room } from "./rooms";

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

export type NetworkRow = Box & {
  key: string;
  room: Room;
  /** Key of the room's head; undefined for a head itself. */
  roomKey?: string;
  /** For `aria-posinset` and `aria-setsize`. */
  position: number;
  setSize: number;
} & RowItem;

export type RowItem =
  | { type: "room" }
  | { type: "device"; device: NetDevice; depth: number; attached?: DeviceNode["attached"]; plug?: "left" | "right" }
  /** `first` of its kind in the room: it carries the heading. */
  | { type: "route"; route: Route; first: boolean }
  | { type: "listening"; socket: Socket; first: boolean }
  | { type: "connection"; connection: Connection; first: boolean };

/** A cable from plug to plug. `straight` ones run across the space between host and rooms. */
export interface CableLine {
  cable: Cable;
  /** SVG path from the first end to the second. */
  path: string;
  top: number;
  height: number;
  /** Where the numbers of a cable that has room for them end: above it, or below where it comes from above. */
  label?: { left: number; top: number; below: boolean };
}

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

/** The least width for the host and the rooms side by side. */
export const WIDE_PX = 600;
export const MARGIN_PX = 12;
const GAP_PX = 16;
const PAD_PX = 8;
export const STEP_PX = 24;
/** Space beside the rooms of the narrow layout. */
const SIDE_PX = 44;
const LANE_PX = 9;
const LANES = 4;

export const plugKey = (device: NetDevice) => `device:${device.address}`;
const roomKey = (room: Room) => `room:${room.mark.inum}`;

export function layRooms(network: Network, measures: RoomMeasures): NetworkLayout {
  const { width } = measures;
  const wide = width >= WIDE_PX && network.rooms.length > 1;
  const layout: NetworkLayout = { rooms: [], rows: [], cables: [], rails: [], height: 0, wide };
  const plugged = new Map<number, number[]>();
  for (const { ends } of network.cables) {
    for (const [from, to] of [ends, [ends[1], ends[0]]]) {
      plugged.set(from.address, [...(plugged.get(from.address) ?? []), to.address]);
    }
  }
  /** Middle of each plug. */
  const plugs = new Map<number, { left: number; middle: number }>();

  const gutter = wide ? Math.round(Math.max(96, Math.min(200, width * 0.2))) : SIDE_PX;
  const column = wide ? (width - gutter - 2 * MARGIN_PX) / 2 : width - SIDE_PX - MARGIN_PX;
  const hostColumn = wide ? Math.round(Math.max(220, column * 0.86)) : column;
  const rightLeft = MARGIN_PX + hostColumn + gutter;
  const rightWidth = width - MARGIN_PX - rightLeft;

  /** Lays out one room; `host` in the wide layout waits with its cables until the other ends have their places. */
  const lay = (
    room: Room,
    left: number,
    top: number,
    boxWidth: number,
    plug: "left" | "right",
    heights?: boolean,
  ): RoomBox => {
    const rows: NetworkRow[] = [];
    const key = roomKey(room);
    let y = top;
    const add = (item: RowItem, rowKey: string, height: number) => {
      const isHead = item.type === "room";
      const row = {
        ...item,
        key: rowKey,
        room,
        roomKey: isHead ? undefined : key,
        position: rows.length,
        setSize: 0,
        left,
        top: y,
        width: boxWidth,
        height,
      };
      rows.push(row);
      y += height;
      return row;
    };
    add({ type: "room" }, key, measures.headPx);

    const addTree = (tree: DeviceNode) => {
      const rails = new Map<DeviceNode["device"], RailLine>();
      for (const { device, depth, attached, children } of flatten([tree])) {
        const others = plugged.get(device.address);
        if (heights && others) {
          // At the height of the other end, as far as the rows above leave room.
          const middles = others.flatMap((other) => plugs.get(other)?.middle ?? []);
          if (middles.length) y = Math.max(y, Math.min(...middles) - measures.devicePx / 2);
        } else if (heights && children.length) {
          const first = firstMiddle(children);
          if (first !== undefined) y = Math.max(y, first - 1.5 * measures.devicePx);
        }
        const detail = device.address === measures.selected ? measures.detailPx : 0;
        const row = add(
          { type: "device", device, depth, attached, plug: others && plug },
          plugKey(device),
          measures.devicePx + detail,
        );
        const middle = row.top + measures.devicePx / 2;
        if (others) plugs.set(device.address, { left: plug === "left" ? left : left + boxWidth, middle });
        if (attached) {
          const above = network.devices.get((attached === "port" ? device.master : device.lower)!)!;
          const rail = rails.get(above);
          rail?.at.push(middle);
          if (rail) rail.height = middle - rail.top;
        }
        if (children.length) {
          const kind = children[0].attached ?? "port";
          const rail: RailLine = {
            key: `rail:${device.address}`,
            kind,
            device,
            left: left + PAD_PX + depth * STEP_PX + 10,
            top: middle,
            height: 0,
            at: [],
          };
          rails.set(device, rail);
          layout.rails.push(rail);
        }
      }
    };
    const firstMiddle = (children: readonly DeviceNode[]): number | undefined => {
      const middles = children.flatMap(({ device }) =>
        (plugged.get(device.address) ?? []).flatMap((other) => plugs.get(other)?.middle ?? []),
      );
      return middles.length ? Math.min(...middles) : undefined;
    };
    const hasCable = (tree: DeviceNode) => [...flatten([tree])].some(({ device }) => plugged.has(device.address));
    const cabled = room.trees.filter(hasCable);
    const others = room.trees.filter((tree) => !cabled.includes(tree));
    const addLists = () => {
      const { limit, linePx } = measures;
      room.routes
        .slice(0, limit.routes)
        .forEach((route, index) => add({ type: "route", route, first: index === 0 }, `route:${route.address}`, linePx));
      room.listening
        .slice(0, limit.listening)
        .forEach((socket, index) =>
          add({ type: "listening", socket, first: index === 0 }, `socket:${socket.address}`, linePx),
        );
      room.connections
        .slice(0, limit.connections)
        .forEach((connection, index) =>
          add({ type: "connection", connection, first: index === 0 }, `socket:${connection.socket.address}`, linePx),
        );
    };
    if (heights) {
      others.forEach(addTree);
      addLists();
      if (y > top + measures.headPx && cabled.length) y += PAD_PX;
      cabled.forEach(addTree);
    } else {
      cabled.forEach(addTree);
      others.forEach(addTree);
      addLists();
    }
    const setSize = rows.length - 1;
    for (const row of rows) {
      row.setSize = row.type === "room" ? network.rooms.length : setSize;
      if (row.type === "room") row.position = network.rooms.indexOf(room) + 1;
    }
    const box = { room, left, top, width: boxWidth, height: y - top + PAD_PX };
    layout.rooms.push(box);
    layout.rows.push(...rows);
    layout.height = Math.max(layout.height, box.top + box.height + MARGIN_PX);
    return box;
  };

  if (wide) {
    const [host, ...rest] = network.rooms;
    let top = MARGIN_PX;
    for (const room of rest) {
      const box = lay(room, rightLeft, top, rightWidth, "left");
      top += box.height + GAP_PX;
    }
    // Laid out last, read first.
    const rows = layout.rows.splice(0);
    const boxes = layout.rooms.splice(0);
    lay(host, MARGIN_PX, MARGIN_PX, hostColumn, "right", true);
    layout.rows.push(...rows);
    layout.rooms.push(...boxes);
  } else {
    let top = MARGIN_PX;
    for (const room of network.rooms) {
      const box = lay(room, MARGIN_PX, top, column, "right");
      top += box.height + GAP_PX;
    }
  }
  layCableLines(network.cables, plugs, layout, { gutter, rightLeft });
  return layout;
}

type Plugs = ReadonlyMap<number, { left: number; middle: number }>;

function layCableLines(
  cables: readonly Cable[],
  plugs: Plugs,
  layout: NetworkLayout,
  { gutter, rightLeft }: { gutter: number; rightLeft: number },
): void {
  const brackets: { cable: Cable; x: number; from: number; to: number; side: 1 | -1 }[] = [];
  for (const cable of cables) {
    const [a, b] = cable.ends.map((end) => plugs.get(end.address));
    if (!a || !b) continue;
    if (a.left === b.left) {
      const side = layout.wide && a.left === rightLeft ? -1 : 1;
      brackets.push({ cable, x: a.left, from: a.middle, to: b.middle, side });
      continue;
    }
    const bend = (b.left - a.left) / 2;
    const path = `M${a.left} ${a.middle}C${a.left + bend} ${a.middle} ${b.left - bend} ${b.middle} ${b.left} ${b.middle}`;
    const [left, right] = a.left < b.left ? [a, b] : [b, a];
    layout.cables.push({
      cable,
      path,
      top: Math.min(a.middle, b.middle) - 20,
      height: Math.abs(a.middle - b.middle) + 40,
      label:
        gutter >= 120 ? { left: right.left - 14, top: right.middle, below: left.middle < right.middle } : undefined,
    });
  }
  // Short brackets inside, long ones outside; when the lanes are full, the last one is shared.
  brackets.sort((one, other) => Math.abs(one.to - one.from) - Math.abs(other.to - other.from));
  const lanes = new Map<string, [number, number][]>();
  for (const { cable, x, from, to, side } of brackets) {
    const [top, bottom] = from < to ? [from, to] : [to, from];
    let lane = 0;
    for (; lane < LANES - 1; lane++) {
      const taken = lanes.get(`${side} ${lane}`) ?? [];
      if (taken.every(([start, end]) => bottom < start || end < top)) break;
    }
    const key = `${side} ${lane}`;
    const taken = lanes.get(key);
    if (taken) taken.push([top, bottom]);
    else lanes.set(key, [[top, bottom]]);
    const depth = side * (14 + lane * LANE_PX);
    const r = Math.min(8, (bottom - top) / 2) * (from < to ? 1 : -1);
    const corner = side * Math.abs(r);
    const path =
      `M${x} ${from}H${x + depth - corner}Q${x + depth} ${from} ${x + depth} ${from + r}` +
      `V${to - r}Q${x + depth} ${to} ${x + depth - corner} ${to}H${x}`;
    layout.cables.push({ cable, path, top: top - 10, height: bottom - top + 20 });
  }
}
