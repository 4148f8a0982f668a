/** Memory of a process through its page tables: two levels, 4 KiB and 4 MiB pages, no PAE (`arch/x86/include/asm/pgtable-2level_types.h`). */
import { MAX_ARGV_BYTES } from "./bounds";
import { PAGE_OFFSET } from "./memory";
import { text, texts } from "./text";
import type { Program } from "./program";

const PAGE_BYTES = 4096;
const PAGE_MASK = PAGE_BYTES - 1;
const PAGE_PRESENT = 1;
/** In a page directory entry: the entry maps 4 MiB itself. */
const PAGE_PSE = 0x80;

/** A command line as `/proc/PID/cmdline` has it, split at its NULs. */
export interface CommandLine {
  argv: string[];
  truncated: boolean;
}

export const NO_COMMAND_LINE: CommandLine = { argv: [], truncated: false };
export const UNREAD: CommandLine = { argv: [], truncated: true };

/** Kernel-virtual address of a user-virtual one; 0 when no page is there. */
export function translate(prog: Program, pgd: number, address: number): number {
  const directoryEntry = prog.word(pgd, address >>> 22);
  if (!(directoryEntry & PAGE_PRESENT)) return 0;
  if (directoryEntry & PAGE_PSE) return direct((directoryEntry & 0xffc00000) | (address & 0x3fffff));
  const table = prog.name(direct(directoryEntry & 0xfffff000), "page_table");
  const entry = prog.word(table, (address >>> 12) & 0x3ff);
  if (!(entry & PAGE_PRESENT)) return 0;
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
  const last = translate(prog, directory, end - 1);
  if (last !== 0 && prog.byte(prog.name(last, "*(arg_end - 1)")) !== 0) {
    return commandTitle(prog, directory, start, maxBytes);
  }
  const wanted = end - start;
  if (wanted <= Math.min(maxBytes, PAGE_BYTES - (start & PAGE_MASK))) {
    // Nearly every command line lies on one page, and needs no copy.
    const first = translate(prog, directory, start);
    return first === 0 ? UNREAD : { argv: prog.strings(prog.name(first, "*arg_start"), wanted), truncated: false };
  }
  const bytes = readUser(prog, directory, start, Math.min(wanted, maxBytes));
  return { argv: texts(bytes, 0, bytes.length), truncated: bytes.length < wanted };
}

/** A title is one string, which may run on over the environment: `get_mm_proctitle()`. */
function commandTitle(prog: Program, pgd: number, start: number, maxBytes: number): CommandLine {
  const bytes = readUser(prog, pgd, start, Math.min(PAGE_BYTES, maxBytes));
  const truncated = bytes.length < PAGE_BYTES && !bytes.includes(0);
  return { argv: [text(bytes, 0, bytes.length)], truncated };
}

/** Up to `lengthBytes` from a user-virtual address, ending early at the first page that is not in memory. */
function readUser(prog: Program, pgd: number, start: number, lengthBytes: number): Uint8Array {
  const bytes = new Uint8Array(lengthBytes);
  for (let done = 0; done < lengthBytes;) {
    const address = start + done;
    const room = Math.min(lengthBytes - done, PAGE_BYTES - (address & PAGE_MASK));
    const page = translate(prog, pgd, address);
    if (page === 0) return bytes.subarray(0, done);
    bytes.set(prog.bytes(prog.name(page, "*arg_start"), room), done);
    done += room;
  }
  return bytes;
}

/** Where the kernel sees a physical address. */
function direct(physical: number): number {
  return ((physical >>> 0) + PAGE_OFFSET) >>> 0;
}
