import { expect, test } from "vitest";
import { Memory, MemoryFault, PAGE_OFFSET } from "./memory";
import { text } from "./text";

const RAM = Uint8Array.from([0x78, 0x56, 0x34, 0x12, 0xff, 0, 0, 0, 0x61, 0x62, 0, 0x63]);

test("values are little-endian, at physical = virtual - 0xc0000000", () => {
  const memory = new Memory(RAM);
  expect(memory.u8(PAGE_OFFSET + 1)).toBe(0x56);
  expect(memory.u16(PAGE_OFFSET + 2)).toBe(0x1234);
  expect(memory.u32(PAGE_OFFSET)).toBe(0x12345678);
  expect(memory.u64(PAGE_OFFSET)).toBe(0xff_1234_5678);
  expect(memory.cstring(PAGE_OFFSET + 8, 16)).toBe("ab");
  expect([...memory.bytes(PAGE_OFFSET + 8, 4)]).toEqual([0x61, 0x62, 0, 0x63]);
});

test("a view that does not begin at a word reads the same", () => {
  const shifted = new Uint8Array(RAM.length + 1);
  shifted.set(RAM, 1);
  expect(new Memory(shifted.subarray(1)).u32(PAGE_OFFSET)).toBe(0x12345678);
});

test.each([
  ["null", 0],
  ["user memory", 0xbfff_fff0],
  ["the first byte after RAM", PAGE_OFFSET + RAM.length],
  ["the last address", 0xffff_fffc],
])("%s is outside of guest memory", (_, address) => {
  const memory = new Memory(RAM);
  for (const read of [
    () => memory.u8(address),
    () => memory.u16(address),
    () => memory.u32(address),
    () => memory.u64(address),
    () => memory.cstring(address, 4),
    () => memory.bytes(address, 1),
  ]) {
    expect(read).toThrow(MemoryFault);
  }
});

test("reads that begin inside and end outside are refused", () => {
  const memory = new Memory(RAM);
  expect(() => memory.bytes(PAGE_OFFSET + 8, 5)).toThrow(MemoryFault);
  expect(() => memory.u64(PAGE_OFFSET + 8)).toThrow(MemoryFault);
});

test("a misaligned word is a torn pointer, not a value", () => {
  expect(() => new Memory(RAM).u32(PAGE_OFFSET + 2)).toThrow("0xc0000002: the address is misaligned");
  expect(() => new Memory(RAM).u16(PAGE_OFFSET + 1)).toThrow("0xc0000001: the address is misaligned");
});

test("text ends at its NUL, and bytes that are no UTF-8 are replaced", () => {
  const bytes = (string: string) => new TextEncoder().encode(string);
  expect(text(bytes("plain\0rest"), 0, 10)).toBe("plain");
  expect(text(bytes("é☃\0rest"), 0, 10)).toBe("é☃");
  expect(text(bytes("ab\u001b[31m\n"), 0, 8)).toBe("ab\u001b[31m\n");
  expect(text(Uint8Array.from([0x61, 0xff, 0x62]), 0, 3)).toBe("a\ufffdb");
});
