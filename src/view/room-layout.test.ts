import { expect, test } from "vitest";
import type { KernelView } from "../protocol/view";
import { kernelView, task } from "./kernel-view.fixture";
import { address, bridgedView, device, HOST_NET, route, socket, veth } from "./network.fixture";
import { layRooms, type NetworkLayout, type RoomMeasures } from "./room-layout";
import { furnish } from "./rooms";

const MEASURES: RoomMeasures = {
  width: 1000,
  headPx: 40,
  devicePx: 32,
  linePx: 24,
  detailPx: 20,
  limit: { routes: 3, listening: 3, connections: 3 },
};

const lay = (view: KernelView, given: Partial<RoomMeasures> = {}): NetworkLayout =>
  layRooms(furnish(view), { ...MEASURES, ...given });

const deviceRow = (layout: NetworkLayout, name: string) =>
  layout.rows.find((row) => row.item.type === "device" && row.item.device.name === name)!;

/** Start and end of a cable that runs across, the left one first. */
function ends(path: string): number[][] {
  const numbers = path.match(/-?[\d.]+/g)!.map(Number);
  return [numbers.slice(0, 2), numbers.slice(-2)].sort((a, b) => a[0] - b[0]);
}

test("the host stands left of the rooms that its cables lead to", () => {
  const { rooms, wide } = lay(bridgedView(2));
  expect(wide).toBe(true);
  expect(rooms[0].room.mark.inum).toBe(HOST_NET);
  for (const room of rooms.slice(1)) expect(room.left).toBeGreaterThan(rooms[0].left + rooms[0].width);
});

test("rooms and the rows in one do not overlap", () => {
  for (const width of [1000, 380]) {
    const { rooms, rows } = lay(bridgedView(5), { width });
    for (const a of rooms)
      for (const b of rooms)
        if (a !== b && a.left === b.left && a.top <= b.top) expect(a.top + a.height).toBeLessThanOrEqual(b.top);
    for (const { room, top, height } of rooms) {
      const own = rows.filter((row) => row.room === room);
      for (let i = 1; i < own.length; i++)
        expect(own[i].top).toBeGreaterThanOrEqual(own[i - 1].top + own[i - 1].height);
      expect(own[0].top).toBe(top);
      expect(own.at(-1)!.top + own.at(-1)!.height).toBeLessThanOrEqual(top + height);
    }
  }
});

test("a cable ends at the middle of its plugs", () => {
  const layout = lay(bridgedView(1));
  const [line] = layout.cables;
  const port = deviceRow(layout, "veth0");
  const inside = deviceRow(layout, "eth0");
  expect(ends(line.path)).toEqual([
    [port.left + port.width, port.top + 16],
    [inside.left, inside.top + 16],
  ]);
});

test("with many rooms the host's ports stand at the height of the other ends", () => {
  const layout = lay(bridgedView(300));
  const port = deviceRow(layout, "veth250");
  const inside = layout.rows.filter((row) => row.item.type === "device" && row.item.device.name === "eth0")[250];
  expect(port.top).toBe(inside.top);
  expect(layout.cables).toHaveLength(300);
});

test("a bridge is a rail to which each of its ports is attached", () => {
  const layout = lay(bridgedView(3));
  const [rail] = layout.rails;
  const bridge = deviceRow(layout, "br0");
  expect(rail.device.name).toBe("br0");
  expect(rail.top).toBe(bridge.top + 16);
  expect(rail.at).toEqual(["veth0", "veth1", "veth2"].map((name) => deviceRow(layout, name).top + 16));
  expect(rail.top + rail.height).toBe(rail.at.at(-1));
});

test("a narrow picture has its rooms below each other and its cables beside them", () => {
  const layout = lay(bridgedView(2), { width: 390 });
  expect(layout.wide).toBe(false);
  expect(new Set(layout.rooms.map(({ left }) => left)).size).toBe(1);
  const edge = layout.rooms[0].left + layout.rooms[0].width;
  for (const { path } of layout.cables) {
    const numbers = path.match(/-?[\d.]+/g)!.map(Number);
    expect(numbers[0]).toBe(edge);
    expect(Math.max(...path.match(/H([\d.]+)/g)!.map((part) => Number(part.slice(1))))).toBeLessThan(390);
  }
});

test("a pair within one room is a cable too", () => {
  const [a, b] = veth({ name: "v0", index: 2 }, { name: "v1", index: 3 });
  const layout = lay({ ...kernelView([task({ pid: 1 })]), devices: [a, b] });
  expect(layout.cables).toHaveLength(1);
});

test("lists are cut, and the selected device has room for its details", () => {
  const eth0 = device({ name: "eth0", index: 2, addresses: [address("10.0.0.1", 24)] });
  const view = {
    ...kernelView([task({ pid: 1 })]),
    devices: [eth0],
    routes: Array.from({ length: 9 }, () => route({ device: eth0.address })),
    sockets: Array.from({ length: 9 }, () => socket({ state: "LISTEN" })),
  };
  const { rows } = lay(view, { selected: eth0.address });
  expect(rows.filter(({ item }) => item.type === "route")).toHaveLength(3);
  expect(rows.filter(({ item }) => item.type === "listening")).toHaveLength(3);
  expect(rows.find(({ item }) => item.type === "device")!.height).toBe(52);
});
