import { expect, test } from "vitest";
import { loadRecording } from "../../tests/support/recorded-memory";
import { debugInfo } from "./debuginfo";
import { MemoryFault, PAGE_OFFSET } from "./memory";
import { createXray } from "./xray";

const recording = loadRecording("bubble");
const xray = createXray(recording.layout);
const { symbols, fields, sizes } = debugInfo(recording.layout);

test("free pages are whole pages of RAM, and none comes twice", () => {
  const runs = xray.freePages(recording.ram()).toSorted(([a], [b]) => a - b);
  let end = 0;
  for (const [address, sizeBytes] of runs) {
    expect(address % sizeBytes).toBe(0);
    expect(address).toBeGreaterThanOrEqual(end);
    end = address + sizeBytes;
  }
  expect(end).toBeLessThanOrEqual(recording.ram().length);
});

test("no page is free that the picture was read from", () => {
  const used = recording.pages.filter((page) => page >= 0x100000);
  for (const [address, sizeBytes] of xray.freePages(recording.ram())) {
    expect(used.some((page) => page >= address && page < address + sizeBytes)).toBe(false);
  }
});

test("a list that disagrees with its count frees nothing", () => {
  const ram = recording.ram();
  const order0 = symbols.contig_page_data + fields.pglist_data.node_zones.offset + fields.zone.free_area.offset;
  const count = order0 + 10 * sizes.free_area + fields.free_area.nr_free.offset - PAGE_OFFSET;
  const words = new DataView(ram.buffer);
  words.setUint32(count, words.getUint32(count, true) + 1, true);
  expect(() => xray.freePages(ram)).toThrow(MemoryFault);
});
