import { expect, test } from "vitest";
import type { DeviceCounters } from "../protocol/network";
import { kernelView } from "./kernel-view.fixture";
import { counters, device } from "./network.fixture";
import { formatPerSecond, Traffic } from "./traffic";

const eth0 = device({ name: "eth0", index: 2 });

const at = (seconds: number, given: Partial<DeviceCounters>) => ({
  ...kernelView([]),
  bootTimeNs: seconds * 1e9,
  devices: [{ ...eth0, counters: counters(given) }],
});

test("the first picture has no rates", () => {
  const traffic = new Traffic();
  traffic.observe(at(10, { rxPackets: 500 }));
  expect(traffic.rates.size).toBe(0);
  expect(traffic.moved.size).toBe(0);
});

test("rates are what moved, by guest time", () => {
  const traffic = new Traffic();
  traffic.observe(at(10, {}));
  traffic.observe(at(11, { rxPackets: 40, rxBytes: 4000, txPackets: 20, txBytes: 1000 }));
  expect(traffic.rates.get(eth0.address)).toEqual({ rxPackets: 40, rxBytes: 4000, txPackets: 20, txBytes: 1000 });
  expect(traffic.moved.get(eth0.address)).toEqual({ rx: 40, tx: 20 });
});

test("a packet a second keeps a rate of about one", () => {
  const traffic = new Traffic();
  for (let i = 0; i <= 40; i++) traffic.observe(at(10 + i / 4, { txPackets: Math.floor(i / 4) }));
  expect(traffic.rates.get(eth0.address)?.txPackets).toBeCloseTo(1, 0);
});

test("a flood that ends has no rate soon after", () => {
  const traffic = new Traffic();
  traffic.observe(at(10, {}));
  traffic.observe(at(10.5, { rxPackets: 900 }));
  traffic.observe(at(11.5, { rxPackets: 900 }));
  expect(traffic.moved.size).toBe(0);
  expect(traffic.rates.size).toBe(1);
  traffic.observe(at(11.8, { rxPackets: 900 }));
  expect(traffic.rates.size).toBe(0);
});

test("one packet after a rest is no flood", () => {
  const traffic = new Traffic();
  traffic.observe(at(10, {}));
  traffic.observe(at(10.001, { rxPackets: 1 }));
  expect(traffic.rates.get(eth0.address)?.rxPackets).toBeLessThanOrEqual(2);
});

test("a guest that was set back, and a device in the place of another, begin anew", () => {
  const traffic = new Traffic();
  traffic.observe(at(10, { rxPackets: 50 }));
  traffic.observe(at(4, { rxPackets: 90 }));
  expect(traffic.moved.size).toBe(0);
  traffic.observe(at(5, { rxPackets: 3 }));
  expect(traffic.moved.size).toBe(0);
  traffic.observe(at(6, { rxPackets: 5 }));
  expect(traffic.rates.get(eth0.address)?.rxPackets).toBeGreaterThan(0);
});

test("rates are written so that they can be read", () => {
  expect([0.94, 9.96, 98.2, 12400].map(formatPerSecond)).toEqual(["0.9", "10", "98", "12,400"]);
});
