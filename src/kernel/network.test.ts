/** Devices, routes and sockets of a recorded guest, which has a bridge, a veth pair across namespaces and a listener. */
import { describe, expect, test } from "vitest";
import { loadRecording } from "../../tests/support/recorded-memory";
import type { ObjectRef } from "../protocol/evidence";
import { createXray } from "./xray";

const recording = loadRecording("bubble");
const xray = createXray(recording.layout);
const ram = recording.ram();
const view = xray.observe(ram);
const device = (name: string) => view.devices.find((found) => found.name === name)!;
const inside = device("inside");
const outside = device("outside");
const bridge = device("bridge0");

const fact = (ref: ObjectRef, name: string) => xray.evidence(ram, { ...ref, fact: name } as never)!;

test("the two ends of a veth pair name each other across namespaces", () => {
  expect(inside.peer).toBe(outside.address);
  expect(outside.peer).toBe(inside.address);
  expect(inside.namespace).not.toBe(outside.namespace);
  expect(view.namespaces.map(({ inum }) => inum)).toContain(inside.namespace);
  expect(inside.kind).toBe("veth");
});

test("a port names its bridge, and the bridge sits on nothing", () => {
  expect(outside.master).toBe(bridge.address);
  expect(bridge.lower).toBeUndefined();
  expect(bridge.kind).toBe("bridge");
});

test("addresses are as they were given", () => {
  expect(bridge.addresses).toEqual([
    {
      local: "10.0.0.1",
      prefixLength: 24,
      broadcast: "10.0.0.255",
      peer: undefined,
      label: "bridge0",
      scope: "global",
    },
  ]);
  expect(inside.addresses.map(({ local }) => local)).toEqual(["10.0.0.2"]);
});

test("each namespace has its own loopback device and routes", () => {
  const loopbacks = view.devices.filter(({ loopback }) => loopback);
  expect(new Set(loopbacks.map(({ namespace }) => namespace)).size).toBe(loopbacks.length);
  const routes = view.routes.filter(({ namespace }) => namespace === inside.namespace);
  const written = routes.map(({ type, destination, prefixLength }) => `${type} ${destination}/${prefixLength}`);
  expect(written).toEqual([
    "unicast 0.0.0.0/0",
    "unicast 10.0.0.0/24",
    "local 10.0.0.2/32",
    "broadcast 10.0.0.255/32",
    "local 127.0.0.0/8",
    "local 127.0.0.1/32",
    "broadcast 127.255.255.255/32",
  ]);
  expect(routes[0]).toMatchObject({ table: "main", gateway: "10.0.0.1", device: inside.address, protocol: "boot" });
  expect(routes[2]).toMatchObject({ table: "local", source: "10.0.0.2", scope: "host", protocol: "kernel" });
});

test("the listener is there with its process", () => {
  const [listener, ...others] = view.sockets.filter(({ state }) => state === "LISTEN");
  expect(others).toEqual([]);
  expect(listener).toMatchObject({ family: "inet", type: "stream", protocol: "tcp", namespace: inside.namespace });
  expect(listener.local).toBe("0.0.0.0:80");
  const holder = view.tasks.find(({ pid }) => pid === listener.holders[0].pid);
  expect(holder?.comm).toBe("nc");
});

describe("evidence", () => {
  test("of a device begins at the list of namespaces and ends at the value", () => {
    const { steps, value, command } = fact({ object: "device", address: inside.address }, "mtu");
    expect(steps[0].path).toContain("net_namespace_list");
    expect(steps.at(-1)).toMatchObject({ path: "net_device->mtu", value: "1500" });
    expect(value).toBe("1500");
    expect(command).toMatch(/^nsenter -t \d+ -n ip -d link show dev 'inside'$/);
  });

  test("of a route has its destination from the leaf", () => {
    for (const route of view.routes) {
      const { value, steps } = fact({ object: "route", address: route.address }, "destination");
      expect(value).toBe(`${route.destination}/${route.prefixLength}`);
      expect(steps.map(({ path }) => path)).toContain("leaf->key");
    }
  });

  test("says of every object what the picture says", () => {
    for (const { address, name, kind, mac, state, counters } of view.devices) {
      const said = ["name", "kind", "mac", "state", "rxBytes"].map(
        (of) => fact({ object: "device", address }, of).value,
      );
      expect(said).toEqual([JSON.stringify(name), kind ?? "none", mac ?? "none", state, String(counters.rxBytes)]);
    }
    for (const { address, state, inode, local } of view.sockets) {
      const said = ["state", "inode", "local"].map((of) => fact({ object: "socket", address }, of).value);
      expect(said).toEqual([state, `socket:[${inode}]`, local === undefined ? "none" : JSON.stringify(local)]);
    }
  });
});
