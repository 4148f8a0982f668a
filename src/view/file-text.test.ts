import { expect, test } from "vitest";
import { formatMode, hexRow, textLines } from "./file-text";

const content = (bytes: number[] | string, rest = {}) => {
  const data = typeof bytes === "string" ? new TextEncoder().encode(bytes) : new Uint8Array(bytes);
  return { bytes: new Uint8Array(data), sizeBytes: data.length, missingPages: 0, ...rest };
};

test("modes are written as ls writes them", () => {
  expect(formatMode(0o100644)).toBe("-rw-r--r--");
  expect(formatMode(0o041777)).toBe("drwxrwxrwt");
  expect(formatMode(0o104755)).toBe("-rwsr-xr-x");
  expect(formatMode(0o102644)).toBe("-rw-r-Sr--");
  expect(formatMode(0o120777)).toBe("lrwxrwxrwx");
  expect(formatMode(0)).toBe("?---------");
});

test("text is told from what is not", () => {
  expect(textLines(content("a\nb\n"))).toEqual(["a", "b"]);
  expect(textLines(content("a\n\nb"))).toEqual(["a", "", "b"]);
  expect(textLines(content(""))).toEqual([]);
  expect(textLines(content([0x61, 0]))).toBeUndefined();
  expect(textLines(content([0xff, 0xfe]))).toBeUndefined();
  expect(textLines(content("a", { missingPages: 1 }))).toBeUndefined();
});

test("a character that the bound cuts in two does not make a text binary", () => {
  expect(textLines(content([0x61, 0xc3], { sizeBytes: 3 }))).toEqual(["a"]);
  expect(textLines(content([0x61, 0xc3]))).toBeUndefined();
});

test("bytes are written as hexdump -C writes them", () => {
  expect(hexRow(new Uint8Array([0x7f, 0x45, 0x4c, 0x46]), 0)).toEqual({
    offset: "000000",
    hex: "7f 45 4c 46".padEnd(48),
    ascii: ".ELF",
  });
  const row = hexRow(new Uint8Array(20).fill(0x41), 0);
  expect(row.hex).toHaveLength(48);
  expect(hexRow(new Uint8Array(20).fill(0x41), 1)).toMatchObject({ offset: "000010", ascii: "AAAA" });
});
