/** Memory of a process through its page tables: two levels, 4 KiB and 4 MiB pages, no PAE (`arch/x86/include/asm/pgtable-2level_types.h`). */
import { MAX_ARGV_BYTES } from "./bounds";
import { MemoryFault, PAGE_OFFSET, text } from "./memory";
import type { Program } from "./program";

const PAGE_BYTES = 4096;
const PAGE_PRESENT = 1;
/** In a page directory entry: the entry maps 4 MiB itself. */
const PAGE_PSE = 0x80;

/** A command line as `/proc/PID/cmdline` has it, split at its NULs. */
export interface CommandLine {
  argv: string[];
  truncated: boolean;
}

export const NO_COMMAND_LINE: CommandLine = { argv: [], truncated: false };

/** Kernel-virtual address of a user-virtual one. Throws `MemoryFault` when no page is there. */
export function translate(prog: Program, pgd: number, address: number): number {
  const directoryEntry = prog.word(pgd, address >>> 22);
  if (!(directoryEntry & PAGE_PRESENT)) throw notPresent(address);
  if (directoryEntry & PAGE_PSE) return direct((directoryEntry & 0xffc00000) | (address & 0x3fffff));
  const table = prog.name(direct(directoryEntry & 0xfffff000), "page_table");
  const entry = prog.word(table, (address >>> 12) & 0x3ff);
  if (!(entry & PAGE_PRESENT)) throw notPresent(address);
  return direct((entry & 0xfffff000) | (address & 0xfff));
}

/**
 * The command line in a process's memory: `get_mm_cmdline()` of `fs/proc/base.c`, including its rule for processes
 * that overwrote theirs to show a title. At most `maxBytes` of it; `truncated` says when there is more or a page of it
 * is not in memory.
 */
export function mmCommandLine(prog: Program, mm: number, maxBytes: number = MAX_ARGV_BYTES): CommandLine {
  const { pgd, arg_start, arg_end, env_end } = prog.fields.mm_struct;
  const start = prog.u32(mm, arg_start);
  const end = prog.u32(mm, arg_end);
  if (start >= end || prog.u32(mm, env_end) === 0) return NO_COMMAND_LINE;
  const directory = prog.pointer(mm, pgd);
  const wanted = end - start;
  const bytes = readUser(prog, directory, start, Math.min(wanted, maxBytes));
  const last = bytes.length === wanted ? bytes[wanted - 1] : lastByte(prog, directory, end);
  if (last !== 0) return commandTitle(prog, directory, start, maxBytes);
  const argv: string[] = [];
  for (let from = 0; from < bytes.length;) {
    let to = bytes.indexOf(0, from);
    if (to < 0) to = bytes.length;
    argv.push(text(bytes, from, to));
    from = to + 1;
  }
  return { argv, truncated: bytes.length < wanted };
}

/** A title is one string, which may run on over the environment: `get_mm_proctitle()`. */
function commandTitle(prog: Program, pgd: number, start: number, maxBytes: number): CommandLine {
  const bytes = readUser(prog, pgd, start, Math.min(PAGE_BYTES, maxBytes));
  const truncated = bytes.length < PAGE_BYTES && !bytes.includes(0);
  return { argv: [text(bytes, 0, bytes.length)], truncated };
}

function lastByte(prog: Program, pgd: number, end: number): number {
  try {
    return prog.bytes(prog.name(translate(prog, pgd, end - 1), "*(arg_end - 1)"), 1)[0];
  } catch (error) {
    if (error instanceof MemoryFault) return 0;
    throw error;
  }
}

/** Up to `lengthBytes` from a user-virtual address, ending early at the first page that is not in memory. */
function readUser(prog: Program, pgd: number, start: number, lengthBytes: number): Uint8Array {
  let whole: Uint8Array | undefined;
  for (let done = 0; done < lengthBytes;) {
    const address = start + done;
    const room = Math.min(lengthBytes - done, PAGE_BYTES - (address & (PAGE_BYTES - 1)));
    let piece: Uint8Array;
    try {
      piece = prog.bytes(prog.name(translate(prog, pgd, address), "*arg_start"), room);
    } catch (error) {
      if (error instanceof MemoryFault) return whole?.subarray(0, done) ?? new Uint8Array();
      throw error;
    }
    // The common command line lies in one page and needs no copy.
    if (room === lengthBytes) return piece;
    whole ??= new Uint8Array(lengthBytes);
    whole.set(piece, done);
    done += room;
  }
  return whole ?? new Uint8Array();
}

/** Where the kernel sees a physical address. */
function direct(physical: number): number {
  return ((physical >>> 0) + PAGE_OFFSET) >>> 0;
}

function notPresent(address: number): MemoryFault {
  return new MemoryFault(address, "the page is not in memory");
}
