/** Address spaces (`include/linux/mm_types.h`). Every function takes the address of an `mm_struct`. */
import type { Program } from "./program";

const PAGE_BYTES = 4096;

/** Size of the environment that the program was started with. */
export function mmEnvironmentBytes(prog: Program, mm: number): number {
  const { env_start, env_end } = prog.fields.mm_struct;
  return Math.max(prog.u32(mm, env_end) - prog.u32(mm, env_start), 0);
}

/** Resident memory: `get_mm_rss()`. Without SMP the counters are exact. */
export function mmRssBytes(prog: Program, mm: number): number {
  const { MM_FILEPAGES, MM_ANONPAGES, MM_SHMEMPAGES } = prog.info.enumerators;
  const pages = mmPages(prog, mm, MM_FILEPAGES) + mmPages(prog, mm, MM_ANONPAGES) + mmPages(prog, mm, MM_SHMEMPAGES);
  return pages * PAGE_BYTES;
}

/** Address of the `struct path` of the program's file; 0 when it has none. */
export function mmExePath(prog: Program, mm: number): number {
  const file = prog.pointer(mm, prog.fields.mm_struct.exe_file);
  return file === 0 ? 0 : prog.member(file, prog.fields.file.f_path);
}

function mmPages(prog: Program, mm: number, kind: number): number {
  // Signed 64 bits, of which no guest needs the upper half.
  const counter = prog.element(mm, prog.fields.mm_struct.rss_stat, "percpu_counter", kind);
  return Math.max(prog.u32(counter, prog.fields.percpu_counter.count) | 0, 0);
}
