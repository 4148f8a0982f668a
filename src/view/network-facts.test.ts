import { describe, expect, test } from "vitest";
import { DEVICE_FACTS, ROUTE_FACTS } from "../kernel/networkfacts";
import { SOCKET_FACTS } from "../kernel/socketfacts";
import type { ObjectKind } from "../protocol/evidence";
import type { IpcObject } from "../protocol/namespace";
import type { KernelView } from "../protocol/view";
import { kernelView, task } from "./kernel-view.fixture";
import { bridgedView, HOST_NET, route, socket } from "./network.fixture";
import { describeObject } from "./object-facts";

const init = task({ pid: 1 });

function rows(view: KernelView, object: Exclude<ObjectKind, "namespace">, at: number) {
  return describeObject(view, { object, address: at })!.rows;
}
const values = (all: ReturnType<typeof rows>) => Object.fromEntries(all.map(({ label, value }) => [label, value]));
const asked = (all: ReturnType<typeof rows>) => all.flatMap(({ fact }) => (fact ? [fact.fact] : [])).sort();

describe("each fact of the kernel's table has a row, and each row its fact", () => {
  test("of a device", () => {
    const view = bridgedView(1);
    expect(asked(rows(view, "device", view.devices[1].address))).toEqual(Object.keys(DEVICE_FACTS.facts).sort());
  });
  test("of a route", () => {
    const one = route({ gateway: "10.0.0.1" });
    expect(asked(rows({ ...kernelView([init]), routes: [one] }, "route", one.address))).toEqual(
      Object.keys(ROUTE_FACTS.facts).sort(),
    );
  });
  test("of a socket", () => {
    const one = socket({});
    expect(asked(rows({ ...kernelView([init]), sockets: [one] }, "socket", one.address))).toEqual(
      Object.keys(SOCKET_FACTS.facts).sort(),
    );
  });
});

test("a device names its bridge, and its other end by the namespace that is in", () => {
  const view = bridgedView(1);
  const port = view.devices.find(({ name }) => name === "veth0")!;
  expect(values(rows(view, "device", port.address))).toMatchObject({
    "port of": "br0",
    "other end": "eth0 in net:[1000]",
    "sits on": "none",
    namespace: String(HOST_NET),
  });
});

test("a route is told as ip tells it", () => {
  const [, , , inside] = bridgedView(1).devices;
  const one = route({ gateway: "10.0.0.1", device: inside.address, namespace: 1000 });
  const view = { ...bridgedView(1), routes: [one] };
  const found = describeObject(view, { object: "route", address: one.address })!;
  expect(found.title).toMatch(/^default via 10\.0\.0\.1/);
  expect(values(found.rows)).toMatchObject({ to: "default", via: "10.0.0.1" });
});

test("a socket lists the tasks that hold it", () => {
  const one = socket({ state: "LISTEN", local: "0.0.0.0:80", holders: [{ pid: 1, fd: 3 }] });
  const found = describeObject({ ...kernelView([init]), sockets: [one] }, { object: "socket", address: one.address })!;
  expect(found).toMatchObject({ title: "tcp 0.0.0.0:80", members: [{ pid: 1 }] });
  expect(values(found.rows)).toMatchObject({ "held by": "/proc/1/fd/3", state: "LISTEN" });
});

test("an IPC object tells its namespace and what is in it", () => {
  const segment: IpcObject = {
    kind: "shm",
    address: 0xc8000000,
    id: 3,
    key: 0x51,
    uid: 0,
    gid: 0,
    mode: 0o600,
    size: 4096,
    use: 2,
  };
  const view = kernelView([init]);
  view.namespaces = view.namespaces.map((one) => (one.kind === "ipc" ? { ...one, ipc: [segment] } : one));
  const found = rows(view, "ipc", segment.address);
  expect(values(found)).toMatchObject({ id: "3", key: "0x00000051", mode: "600", bytes: "4096", attached: "2" });
  expect(found.find(({ label }) => label === "namespace")?.mark).toMatchObject({ kind: "ipc", initial: true });
});

test("what has left the picture is not described", () => {
  for (const object of ["device", "route", "socket", "ipc"] as const)
    expect(describeObject(kernelView([init]), { object, address: 0xdead0000 })).toBeUndefined();
});
