import { expect, test } from "vitest";
import { kernelView, task } from "./kernel-view.fixture";
import { bridgedView, device, HOST_NET, route, socket, veth } from "./network.fixture";
import { flatten, furnish, whoLivesThere } from "./rooms";

const host = [task({ pid: 1, comm: "init" })];

test("the host's room is first, and each namespace has one, with or without tasks and devices", () => {
  const view = kernelView([...host, task({ pid: 5, own: { net: 77 } })]);
  expect(furnish(view).rooms.map(({ mark }) => mark.inum)).toEqual([HOST_NET, 77]);
});

test("a room is named after the file that ip netns keeps it by", () => {
  const view = kernelView([...host, task({ pid: 5, own: { net: 77 } })]);
  view.namespaces.find(({ inum }) => inum === 77)!.holders.push({ by: "mount", mount: 30 });
  view.mounts = [{ id: 30, path: "/run/netns/blue", holds: 77 } as (typeof view.mounts)[number]];
  expect(furnish(view).rooms[1].name).toBe("blue");
});

test("processes are named, kernel threads and other threads are not", () => {
  const thread = task({ pid: 9, rest: { tgid: 1 } });
  const kthread = task({ pid: 2, rest: { kernelThread: true } });
  const [room] = furnish(kernelView([...host, thread, kthread])).rooms;
  expect(whoLivesThere(room)).toBe("1 init");
});

test("ports stand under their bridge", () => {
  const [room] = furnish(bridgedView(2)).rooms;
  expect(flatten(room.trees).map(({ node, depth }) => [node.device.name, depth])).toEqual([
    ["lo", 0],
    ["br0", 0],
    ["veth0", 1],
    ["veth1", 1],
  ]);
});

test("a pair is one cable, and an end whose peer does not know it is none", () => {
  const [a, b] = veth({ name: "v0", index: 2 }, { name: "v1", index: 2, namespace: 77 });
  const stray = device({ name: "v9", index: 9, peer: a.address });
  const { cables } = furnish({ ...kernelView(host), devices: [a, b, stray] });
  expect(cables.map(({ ends }) => ends.map(({ name }) => name).sort())).toEqual([["v0", "v1"]]);
});

test("a vlan stands on its device, and across namespaces a line leads there", () => {
  const eth0 = device({ name: "eth0", index: 2 });
  const near = device({ name: "eth0.7", index: 3, kind: "vlan", lower: eth0.address });
  const far = device({ name: "mv0", index: 4, kind: "macvlan", lower: eth0.address, namespace: 77 });
  const { rooms, cables } = furnish({ ...kernelView(host), devices: [eth0, near, far] });
  expect(rooms[0].trees[0].children[0]).toMatchObject({ attached: "upper", device: { name: "eth0.7" } });
  expect(cables).toMatchObject([{ kind: "lower", ends: [{ name: "eth0" }, { name: "mv0" }] }]);
});

test("rings of masters in torn memory lose no device", () => {
  const a = device({ name: "a", index: 1 });
  const b = device({ name: "b", index: 2, master: a.address });
  const ring = [{ ...a, master: b.address }, b];
  const [room] = furnish({ ...kernelView(host), devices: ring }).rooms;
  expect(flatten(room.trees)).toHaveLength(2);
});

test("rooms follow the host's cables, and one behind another follows that", () => {
  const [a, b] = veth({ name: "a", index: 2 }, { name: "b", index: 2, namespace: 99 });
  const [c, d] = veth({ name: "c", index: 3, namespace: 99 }, { name: "d", index: 2, namespace: 50 });
  const alone = device({ name: "lo", index: 1, namespace: 10 });
  const { rooms } = furnish({ ...kernelView(host), devices: [alone, d, c, b, a] });
  expect(rooms.map(({ mark }) => mark.inum)).toEqual([HOST_NET, 99, 50, 10]);
});

test("the default route is first, and the local table is left to the table", () => {
  const routes = [
    route({ destination: "10.0.0.0", prefixLength: 24 }),
    route({ gateway: "10.0.0.1" }),
    route({ table: "local", type: "local", destination: "127.0.0.1", prefixLength: 32 }),
  ];
  const [room] = furnish({ ...kernelView(host), routes }).rooms;
  expect(room.routes.map(({ gateway, destination }) => gateway ?? destination)).toEqual(["10.0.0.1", "10.0.0.0"]);
});

test("sockets listen or are connected, and a connection finds its other end in another room", () => {
  const server = socket({ local: "10.0.0.2:80", remote: "10.0.0.1:4000", namespace: 77 });
  const client = socket({ local: "10.0.0.1:4000", remote: "10.0.0.2:80" });
  const sockets = [socket({ state: "LISTEN", local: "0.0.0.0:80", namespace: 77 }), server, client];
  const { rooms } = furnish({ ...kernelView(host), sockets });
  expect(rooms[0].connections).toEqual([{ socket: client, peer: server }]);
  expect(rooms[1].listening).toHaveLength(1);
  expect(rooms[1].connections).toEqual([{ socket: server, peer: client }]);
});

test("the same addresses in two containers make no peer, but the one in the same room does", () => {
  const ends = (namespace: number) => [
    socket({ local: "127.0.0.1:80", remote: "127.0.0.1:9", namespace }),
    socket({ local: "127.0.0.1:9", remote: "127.0.0.1:80", namespace }),
  ];
  const [one, two] = [ends(77), ends(78)];
  const outside = socket({ local: "127.0.0.1:9", remote: "127.0.0.1:80" });
  const { rooms } = furnish({ ...kernelView(host), sockets: [...one, ...two, outside] });
  expect(rooms[0].connections[0].peer).toBeUndefined();
  expect(rooms[1].connections[0].peer).toBe(one[1]);
  expect(rooms[2].connections[0].peer).toBe(two[1]);
});
