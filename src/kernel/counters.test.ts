import { expect, test } from "vitest";
import { loadRecording } from "../../tests/support/recorded-memory";
import { type Counters, pictureChanged, ranSince } from "./counters";
import { debugInfo } from "./debuginfo";
import { PAGE_OFFSET } from "./memory";
import { createXray } from "./xray";

const recording = loadRecording("bubble");
const info = debugInfo(recording.layout);
const xray = createXray(recording.layout);
const before = xray.counters(recording.ram());

/** The counters after one word of kernel memory has grown by one. */
function after(address: number): Counters {
  const ram = recording.ram();
  const words = new DataView(ram.buffer);
  const at = address - PAGE_OFFSET;
  words.setUint32(at, words.getUint32(at, true) + 1, true);
  return xray.counters(ram);
}

const { symbols, fields } = info;
const current = (field: "mm" | "nsproxy" | "self_exec_id") => {
  const rq = new DataView(recording.ram().buffer).getUint32(
    symbols.runqueues + fields.rq.curr.offset - PAGE_OFFSET,
    true,
  );
  return rq + fields.task_struct[field].offset;
};

test("they are the kernel's", () => {
  const view = xray.observe(recording.ram());
  expect(before.totalForks).toBe(view.totalForks);
  expect(before.threads).toBe(view.tasks.length);
  expect(before).toMatchObject({ panicked: false, stopped: false });
  expect(pictureChanged(before, before) || ranSince(before, before)).toBe(false);
});

test.each([
  ["a fork", symbols.total_forks],
  ["an exit", symbols.nr_threads],
  ["a task in a cgroup of its own", symbols.css_set_count],
  ["a new cgroup, or a controller for one", symbols.css_serial_nr_next],
  ["a removed cgroup", symbols.cgrp_dfl_root + fields.cgroup_root.cgrp.offset + fields.cgroup.nr_descendants.offset],
  ["a new host name", symbols.hostname_poll + fields.ctl_table_poll.event.offset],
  ["a new domain name", symbols.domainname_poll + fields.ctl_table_poll.event.offset],
  ["an exec of the running task", current("self_exec_id")],
  ["an unshare of the running task", current("nsproxy")],
])("%s changes the picture", (_, address) => {
  expect(pictureChanged(before, after(address))).toBe(true);
});

test.each([
  ["a context switch", symbols.runqueues + fields.rq.nr_switches.offset],
  ["a tick", symbols.jiffies_64],
])("%s may have changed it", (_, address) => {
  // The recording may have caught the kernel idle.
  const [one, other] = [before, after(address)].map((counters) => ({ ...counters, idle: false }));
  expect(pictureChanged(one, other)).toBe(false);
  expect(ranSince(one, other)).toBe(true);
});

test("ticks that pass while the kernel idles change nothing", () => {
  const idle = { ...before, idle: true };
  expect(ranSince(idle, { ...idle, jiffies: idle.jiffies + 1 })).toBe(false);
  expect(ranSince(idle, { ...idle, jiffies: idle.jiffies + 1, idle: false })).toBe(true);
});

test("another running task says nothing by itself", () => {
  const other = { ...before, switches: before.switches + 1, current: before.current + 1 };
  expect(pictureChanged(before, other)).toBe(false);
});

test("a halted kernel is stopped", () => {
  const ram = recording.ram();
  new DataView(ram.buffer).setUint32(symbols.system_state - PAGE_OFFSET, info.enumerators.SYSTEM_POWER_OFF, true);
  expect(xray.counters(ram).stopped).toBe(true);
});
