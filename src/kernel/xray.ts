/** The X-ray of a running Linux kernel: reads the picture from guest RAM and never writes to it. */
import type { Layout } from "../protocol/layout";
import type { Evidence, FactRef } from "../protocol/evidence";
import type { FileContent } from "../protocol/mount";
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import { freeInputBuffers } from "./console";
import { type Counters, NO_COUNTERS, readCounters } from "./counters";
import { debugInfo } from "./debuginfo";
import { evidence } from "./evidence";
import { layerInodes } from "./file-facts";
import { glance } from "./glance";
import { inodeContent } from "./inode";
import { Keep } from "./keep";
import { Memory, MemoryFault } from "./memory";
import { networkChanging } from "./netdevice";
import { type FreeRun, freePages } from "./pages";
import { panicMessage } from "./panic";
import { renaming } from "./path";
import { Program } from "./program";
import { sample } from "./sample";
import { taskExitCode, taskPid, taskStartTime } from "./task";

export type { Counters };

/**
 * Readers bound to one kernel build. `ram` is always the whole guest-physical memory, from address 0; it is read during
 * the call alone, so hand in a live view while the CPU stands still.
 */
export interface Xray {
  /** The picture at this instant. Never throws, whatever is in memory: what cannot be read is listed in `problems`. */
  observe(ram: Uint8Array): KernelView;
  /** `last` with new processes, and with those tasks read again that `ran` (addresses): a look that costs next to nothing. */
  glance(ram: Uint8Array, last: KernelView, ran: ReadonlySet<number>): KernelView;
  /**
   * How a task ended that is no longer listed, from what is left of it: the kernel frees it a little later. Undefined once
   * its memory is somebody else's.
   */
  exitStatus(ram: Uint8Array, task: Task): number | undefined;
  /** True while somebody is about to change devices or routes, which are neither what they were nor what they will be. */
  networkChanging(ram: Uint8Array): boolean;
  /** True while a file is being renamed, and is half where it was and half where it will be. */
  renaming(ram: Uint8Array): boolean;
  /** A few words that tell whether the picture may have changed; all zero when memory holds no running kernel yet. */
  counters(ram: Uint8Array): Counters;
  /** The walk to a fact; undefined when its task or namespace is gone. */
  evidence(ram: Uint8Array, fact: FactRef): Evidence | undefined;
  /**
   * Content of a regular file or symbolic link of a layer, by the address of its inode; undefined when no layer has it, or it
   * has no content that is in memory.
   */
  file(ram: Uint8Array, inode: number): FileContent | undefined;
  /** Input messages `/dev/hvcN` takes now without losing any; 0 when it is not there yet. */
  freeInputBuffers(ram: Uint8Array, terminal: number): number;
  /** Physical runs of pages nobody uses, for a halted CPU. Throws `MemoryFault` when the free lists do not add up. */
  freePages(ram: Uint8Array): FreeRun[];
  /** The last words of a kernel that panicked, the reason in the first line; undefined while it lives. */
  panicMessage(ram: Uint8Array): string | undefined;
}

export interface XrayOptions {
  /** Clock of the time bound, in milliseconds. */
  now?: () => number;
}

/** Throws when the layout lacks a field that the readers use. */
export function createXray(layout: Layout, { now = () => performance.now() }: XrayOptions = {}): Xray {
  const info = debugInfo(layout);
  let last: { ram: Uint8Array; program: Program } | undefined;
  const program = (ram: Uint8Array) => {
    // `Memory` copies what is not aligned; such a copy grows old.
    if (last?.ram !== ram || ram.byteOffset & 3) last = { ram, program: new Program(info, new Memory(ram)) };
    return last.program;
  };
  const keep = new Keep();
  let sequence = 0;
  return {
    observe: (ram) => sample(program(ram), now, ++sequence, keep),
    glance: (ram, last, ran) => glance(program(ram), now, last, ran, keep),
    exitStatus: (ram, task) => withoutFault(() => exitStatus(program(ram), task), undefined),
    networkChanging: (ram) => withoutFault(() => networkChanging(program(ram)), false),
    renaming: (ram) => withoutFault(() => renaming(program(ram)), false),
    counters: (ram) => withoutFault(() => readCounters(program(ram)), NO_COUNTERS),
    evidence: (ram, fact) => evidence(info, new Memory(ram), fact),
    file: (ram, inode) => withoutFault(() => layerFile(program(ram), inode), undefined),
    freeInputBuffers: (ram, terminal) => withoutFault(() => freeInputBuffers(program(ram), terminal), 0),
    freePages: (ram) => freePages(program(ram)),
    panicMessage: (ram) => withoutFault(() => panicMessage(program(ram)), undefined),
  };
}

function layerFile(prog: Program, inode: number): FileContent | undefined {
  for (const found of layerInodes(prog)) if (found === inode) return inodeContent(prog, inode);
  return undefined;
}

function exitStatus(prog: Program, { address, pid, startTimeNs }: Task): number | undefined {
  const same = taskPid(prog, address) === pid && taskStartTime(prog, address) === startTimeNs;
  return same ? taskExitCode(prog, address) : undefined;
}

function withoutFault<T>(read: () => T, fallback: T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof MemoryFault) return fallback;
    throw error;
  }
}
