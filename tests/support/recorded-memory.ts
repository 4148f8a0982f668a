/**
 * Recorded pages of guest memory, so that the X-ray's readers are tested without booting. A recording carries the layout
 * of the kernel it was taken from, and what that kernel's own `/proc` said at the time.
 *
 * File format: brotli over a length (u32), that many bytes of JSON (`Header`), then 4 KiB for each frame it lists.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";
import { MAX_EVIDENCE_BYTES } from "../../src/kernel/bounds";
import { debugInfo } from "../../src/kernel/debuginfo";
import { freeInputBuffers } from "../../src/kernel/console";
import { evidence } from "../../src/kernel/evidence";
import { inodeContent } from "../../src/kernel/inode";
import { readCounters } from "../../src/kernel/counters";
import { Memory, PAGE_OFFSET } from "../../src/kernel/memory";
import { freePages } from "../../src/kernel/pages";
import { kernelLog } from "../../src/kernel/printk";
import { Program } from "../../src/kernel/program";
import { sample } from "../../src/kernel/sample";
import type { Layout } from "../../src/protocol/layout";
import type { Witness } from "./proc";

const PAGE_BYTES = 4096;

interface Header {
  layout: Layout;
  ramBytes: number;
  frames: number[];
  witness: Witness;
}

export interface Recording {
  layout: Layout;
  /** The whole of guest memory; pages that nobody read are zero. Every call gives a new copy. */
  ram(): Uint8Array;
  /** Physical addresses of the recorded pages. */
  pages: number[];
  /** What the guest's own `/proc` said. */
  witness: Witness;
}

/** Loads `tests/fixtures/NAME.memory.br`. */
export function loadRecording(name: string): Recording {
  const bytes = brotliDecompressSync(readFileSync(recordingFile(name)));
  const headerBytes = bytes.readUInt32LE(0);
  const header = JSON.parse(bytes.toString("utf8", 4, 4 + headerBytes)) as Header;
  const ram = () => {
    const whole = new Uint8Array(header.ramBytes);
    header.frames.forEach((frame, index) => {
      const from = 4 + headerBytes + index * PAGE_BYTES;
      whole.set(bytes.subarray(from, from + PAGE_BYTES), frame * PAGE_BYTES);
    });
    return whole;
  };
  return {
    layout: header.layout,
    ram,
    pages: header.frames.map((frame) => frame * PAGE_BYTES),
    witness: header.witness,
  };
}

/** Writes the pages that the readers touch. Returns the size of the file. */
export function saveRecording(name: string, layout: Layout, ram: Uint8Array, witness: Witness): number {
  const frames = touchedFrames(layout, ram);
  const header = Buffer.from(JSON.stringify({ layout, ramBytes: ram.length, frames, witness } satisfies Header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  const pages = frames.map((frame) => ram.subarray(frame * PAGE_BYTES, (frame + 1) * PAGE_BYTES));
  const whole = Buffer.concat([length, header, ...pages]);
  const packed = brotliCompressSync(whole, {
    params: { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: whole.length },
  });
  writeFileSync(recordingFile(name), packed);
  return packed.length;
}

function recordingFile(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}.memory.br`, import.meta.url));
}

function touchedFrames(layout: Layout, ram: Uint8Array): number[] {
  const memory = new NotingMemory(ram);
  const prog = new Program(debugInfo(layout), memory);
  const view = sample(prog, () => 0, 0);
  for (const { address } of view.tasks) evidence(prog.info, memory, { object: "task", address, fact: "argv" });
  for (const { address, kind } of view.namespaces) {
    evidence(prog.info, memory, { object: "namespace", address, kind, fact: "owner" });
  }
  for (const { address } of view.devices) {
    for (const fact of ["name", "rxBytes"]) evidence(prog.info, memory, { object: "device", address, fact });
  }
  for (const { address } of view.routes) evidence(prog.info, memory, { object: "route", address, fact: "destination" });
  for (const { address } of view.sockets) evidence(prog.info, memory, { object: "socket", address, fact: "local" });
  for (const { address } of view.mounts) evidence(prog.info, memory, { object: "mount", address, fact: "hiddenBy" });
  for (const { address } of view.overlays) evidence(prog.info, memory, { object: "overlay", address, fact: "device" });
  for (const { inode } of view.layers.flatMap(({ entries }) => entries)) {
    evidence(prog.info, memory, { object: "file", address: inode, fact: "target" });
    inodeContent(prog, inode);
  }
  for (const { ipc = [] } of view.namespaces) {
    for (const { address } of ipc) evidence(prog.info, memory, { object: "ipc", address, fact: "mode" });
  }
  readCounters(prog);
  kernelLog(prog);
  // A guest that panicked may have done so with the lists in pieces.
  if (!readCounters(prog).panicked) freePages(prog);
  for (let terminal = 0; terminal < 4; terminal++) freeInputBuffers(prog, terminal);
  return [...memory.frames].sort((a, b) => a - b);
}

/** Notes which page frames are read. */
class NotingMemory extends Memory {
  readonly frames = new Set<number>();

  override u8(address: number): number {
    this.#note(address, 1);
    return super.u8(address);
  }

  override u16(address: number): number {
    this.#note(address, 2);
    return super.u16(address);
  }

  override u32(address: number): number {
    this.#note(address, 4);
    return super.u32(address);
  }

  override u64(address: number): number {
    this.#note(address, 8);
    return super.u64(address);
  }

  override bytes(address: number, lengthBytes: number): Uint8Array {
    this.#note(address, lengthBytes);
    return super.bytes(address, lengthBytes);
  }

  override cstring(address: number, maxBytes: number): string {
    const string = super.cstring(address, maxBytes);
    // Evidence shows more of the bytes than the text itself.
    this.#note(address, Math.max(string.length + 1, MAX_EVIDENCE_BYTES));
    return string;
  }

  #note(address: number, lengthBytes: number): void {
    const at = (address - PAGE_OFFSET) >>> 0;
    for (let page = Math.floor(at / PAGE_BYTES); page * PAGE_BYTES < at + lengthBytes; page++) this.frames.add(page);
  }
}
