import { beforeEach, expect, test } from "vitest";
import { loadRecording } from "../../tests/support/recorded-memory";
import { debugInfo } from "./debuginfo";
import { Memory, PAGE_OFFSET } from "./memory";
import { Program } from "./program";
import { mmCommandLine, translate } from "./usermemory";

// A little machine: page directory at 0x1000, one page table at 0x2000, an mm_struct at 0x3000, user pages from 0x4000.
const info = debugInfo(loadRecording("bubble").layout);
const mm = PAGE_OFFSET + 0x3000;
const pgd = PAGE_OFFSET + 0x1000;
const STACK = 0xbffff000;
let ram: Uint8Array;
let words: DataView;
let prog: Program;

beforeEach(() => {
  ram = new Uint8Array(8 << 20);
  words = new DataView(ram.buffer);
  prog = new Program(info, new Memory(ram));
  setMm("pgd", pgd);
  setMm("env_end", STACK + 0x1000);
});

function setMm(field: "pgd" | "arg_start" | "arg_end" | "env_end", value: number): void {
  words.setUint32(0x3000 + info.fields.mm_struct[field].offset, value, true);
}

function mapPage(address: number, physical: number): void {
  words.setUint32(0x1000 + (address >>> 22) * 4, 0x2000 | 0x67, true);
  words.setUint32(0x2000 + ((address >>> 12) & 0x3ff) * 4, physical | 0x67, true);
}

function write(physical: number, string: string): number {
  const bytes = new TextEncoder().encode(string);
  ram.set(bytes, physical);
  return bytes.length;
}

function arguments_(start: number, length: number): void {
  setMm("arg_start", start);
  setMm("arg_end", start + length);
}

test("a small page is found through directory and table", () => {
  mapPage(STACK, 0x5000);
  expect(translate(prog, pgd, STACK + 0x123)).toBe(PAGE_OFFSET + 0x5123);
});

test("a 4 MiB page is found in the directory", () => {
  words.setUint32(0x1000 + (0x08000000 >>> 22) * 4, 0x400000 | 0xe7, true);
  expect(translate(prog, pgd, 0x08012345)).toBe(PAGE_OFFSET + 0x412345);
});

test("an absent table and an absent page lead nowhere", () => {
  expect(translate(prog, pgd, STACK)).toBe(0);
  mapPage(STACK, 0x5000);
  expect(translate(prog, pgd, STACK - 0x1000)).toBe(0);
});

test("arguments that are not in memory are missing, and said to be", () => {
  arguments_(STACK, 8);
  expect(mmCommandLine(prog, mm)).toEqual({ argv: [], truncated: true });
});

test("arguments are split at their NULs, empty ones kept", () => {
  mapPage(STACK, 0x5000);
  arguments_(STACK + 0x10, write(0x5010, "sleep\0\0two words\0"));
  expect(mmCommandLine(prog, mm)).toEqual({ argv: ["sleep", "", "two words"], truncated: false });
});

test("a command line across two pages is joined", () => {
  mapPage(STACK - 0x1000, 0x7000);
  mapPage(STACK, 0x5000);
  write(0x7ffc, "one\0");
  write(0x5000, "two\0");
  arguments_(STACK - 4, 8);
  expect(mmCommandLine(prog, mm)).toEqual({ argv: ["one", "two"], truncated: false });
});

test("a second page that is not in memory leaves the first, marked as cut", () => {
  mapPage(STACK, 0x5000);
  write(0x5ff8, "one\0two\0");
  arguments_(STACK + 0xff8, 16);
  expect(mmCommandLine(prog, mm)).toEqual({ argv: ["one", "two"], truncated: true });
});

test("what is beyond the bound is cut and marked", () => {
  mapPage(STACK, 0x5000);
  arguments_(STACK, write(0x5000, "abc\0defghi\0"));
  expect(mmCommandLine(prog, mm, 6)).toEqual({ argv: ["abc", "de"], truncated: true });
});

test("a process that overwrote its arguments shows one title, which may run over the environment", () => {
  mapPage(STACK, 0x5000);
  write(0x5000, "daemon: waiting for work\0HOME=/\0");
  arguments_(STACK, 8);
  expect(mmCommandLine(prog, mm)).toEqual({ argv: ["daemon: waiting for work"], truncated: false });
});

test("no arguments, and a process that is still being made, have no command line", () => {
  expect(mmCommandLine(prog, mm).argv).toEqual([]);
  mapPage(STACK, 0x5000);
  arguments_(STACK, write(0x5000, "early\0"));
  setMm("env_end", 0);
  expect(mmCommandLine(prog, mm).argv).toEqual([]);
});
