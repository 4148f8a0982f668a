import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { bzImage, directAddress, LOAD_ADDRESS } from "./bzimage";

/** A setup.bin of one sector and a bit, with just the fields that are checked. */
function setup(): Uint8Array {
  const bytes = new Uint8Array(700);
  const field = new DataView(bytes.buffer);
  field.setUint16(0x1fe, 0xaa55, true);
  field.setUint32(0x202, 0x53726448, true);
  field.setUint16(0x206, 0x20f, true);
  return bytes;
}
const parts = () => ({
  setup: setup(),
  direct: Uint8Array.of(0xfa, 0xfc),
  kernel: new Uint8Array(40).fill(0xcc),
  initSizeBytes: 0x8000,
});

test("the kernel follows the sectors that the header counts", () => {
  const image = bzImage(parts());
  const sectors = image[0x1f1];
  const kernelAt = (sectors + 1) * 512;
  expect(sectors).toBe(2); // two for setup and one for direct.S, of which the first is not counted
  expect([...image.subarray(kernelAt, kernelAt + 40)]).toEqual(Array(40).fill(0xcc));
  expect(new DataView(image.buffer).getUint32(0x1f4, true) * 16).toBe(image.length - kernelAt);
});

test("the Multiboot header puts the kernel at its address and starts before it", () => {
  const image = bzImage(parts());
  const field = new DataView(image.buffer);
  const header = [0, 4, 8, 12, 16, 20, 24, 28].map((offset) => field.getUint32(0x40 + offset, true));
  const [magic, flags, checksum, headerAddress, loadAddress, loadEnd, bssEnd, entry] = header;
  expect(magic).toBe(0x1badb002);
  expect((magic + flags + checksum) >>> 0).toBe(0);
  expect(headerAddress - loadAddress).toBe(0x40);
  expect(loadAddress + (image[0x1f1] + 1) * 512).toBe(LOAD_ADDRESS);
  expect(loadEnd - loadAddress).toBe(image.length);
  expect(bssEnd).toBe(LOAD_ADDRESS + 0x8000);
  expect(entry).toBe(directAddress(2));
  expect([...image.subarray(entry - loadAddress, entry - loadAddress + 2)]).toEqual([0xfa, 0xfc]);
});

test("the committed image is of this form", () => {
  const image = readFileSync(new URL("../../images/machine/bzImage", import.meta.url));
  const kernelAt = (image[0x1f1] + 1) * 512;
  expect(image.readUInt32LE(0x202)).toBe(0x53726448);
  expect(image.readUInt32LE(0x40)).toBe(0x1badb002);
  // startup_32 begins with `mov initial_stack, %ecx` (arch/x86/kernel/head_32.S).
  expect([...image.subarray(kernelAt, kernelAt + 2)]).toEqual([0x8b, 0x0d]);
});

test("anything but a setup header is refused", () => {
  expect(() => bzImage({ ...parts(), setup: new Uint8Array(1024) })).toThrow("HdrS");
  const old = setup();
  old[0x206] = 0x09;
  expect(() => bzImage({ ...parts(), setup: old })).toThrow("boot protocol 209");
});
