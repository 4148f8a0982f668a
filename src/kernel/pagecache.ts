/** Content of files as the page cache has it (`include/linux/pagemap.h`, `mm/filemap.c`). */
import { MemoryFault, PAGE_OFFSET } from "./memory";
import type { Program } from "./program";
import { isXArrayValue, xarrayEntries } from "./xarray";

const PAGE_BYTES = 4096;
/** The order of a large folio, in `_flags_1`: `folio_order()` of `include/linux/mm.h`. */
const ORDER_MASK = 0xff;
/** `MAX_PAGE_ORDER` of `include/linux/mmzone.h`. */
const MAX_ORDER = 10;

export interface CachedBytes {
  bytes: Uint8Array<ArrayBuffer>;
  /** Pages that are not in memory, and show as zeroes. On tmpfs those were never written, and are zeroes. */
  missingPages: number;
}

/** The first `lengthBytes` of the file with this inode. */
export function pageCacheBytes(prog: Program, inode: number, lengthBytes: number): CachedBytes {
  const bytes = new Uint8Array(lengthBytes);
  const wanted = Math.ceil(lengthBytes / PAGE_BYTES);
  if (wanted === 0) return { bytes, missingPages: 0 };
  const mapping = prog.pointer(inode, prog.fields.inode.i_mapping);
  const pages = prog.member(mapping, prog.fields.address_space.i_pages);
  const present = new Set<number>();
  for (const [first, folio] of xarrayEntries(prog, pages, 0, wanted - 1)) {
    if (isXArrayValue(folio) || !uptodate(prog, folio)) continue;
    const frame = folioFrame(prog, prog.name(folio, "folio"));
    for (let page = 0, count = folioPages(prog, folio); page < count && first + page < wanted; page++) {
      const at = (first + page) * PAGE_BYTES;
      const room = Math.min(PAGE_BYTES, lengthBytes - at);
      bytes.set(prog.bytes(prog.name(frame + page * PAGE_BYTES, "page"), room), at);
      present.add(first + page);
    }
  }
  return { bytes, missingPages: wanted - present.size };
}

/** Its content was read, or written: `PG_uptodate`. */
function uptodate(prog: Program, folio: number): boolean {
  return ((prog.u32(folio, prog.fields.folio.flags) >>> prog.info.enumerators.PG_uptodate) & 1) === 1;
}

function folioPages(prog: Program, folio: number): number {
  if (((prog.u32(folio, prog.fields.folio.flags) >>> prog.info.enumerators.PG_head) & 1) === 0) return 1;
  const order = prog.u32(folio, prog.fields.folio._flags_1) & ORDER_MASK;
  if (order > MAX_ORDER) throw new MemoryFault(folio, `a folio of 2^${order} pages is larger than any`);
  return 2 ** order;
}

/** Kernel-virtual address of a folio's first byte: `mem_map` has a `struct page` for each page of memory (`page_to_pfn()`). */
function folioFrame(prog: Program, folio: number): number {
  const frame = (folio - prog.variable("mem_map")) / prog.info.sizes.page;
  if (frame < 0 || !Number.isInteger(frame)) throw new MemoryFault(folio, "the folio is not in mem_map");
  return PAGE_OFFSET + frame * PAGE_BYTES;
}
