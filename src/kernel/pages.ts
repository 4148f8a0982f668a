/** Free physical pages: the buddy allocator and the per-CPU lists before it (`mm/page_alloc.c`). */
import { listForEachEntry } from "./list";
import { MemoryFault } from "./memory";
import type { Program } from "./program";

const PAGE_BYTES = 4096;

/** `MIGRATE_PCPTYPES`, `PAGE_ALLOC_COSTLY_ORDER` of `include/linux/mmzone.h`. */
const MIGRATE_PCPTYPES = 3;
const NR_LOWORDER_PCP_LISTS = MIGRATE_PCPTYPES * 4;

/** `PGTY_buddy` of `include/linux/page-flags.h`, in the top byte of `page.page_type`. */
const PGTY_BUDDY = 0xf0;

/** Physical address and size of a run of pages that nobody uses. */
export type FreeRun = readonly [physicalAddress: number, sizeBytes: number];

/**
 * All free pages. Only for a halted CPU: the allocator's locks are then free and its lists whole. The lists are checked
 * against their own counts, and one that does not agree throws `MemoryFault`: nothing may be overwritten then.
 */
export function freePages(prog: Program): FreeRun[] {
  const { pglist_data, zone } = prog.fields;
  const { sizes } = prog.info;
  const runs: FreeRun[] = [];
  const node = prog.symbol("contig_page_data");
  for (let index = 0; index < pglist_data.node_zones.sizeBytes / sizes.zone; index++) {
    const address = prog.element(node, pglist_data.node_zones, "zone", index);
    // The lists of a zone without memory are never initialised.
    if (prog.u32(address, zone.present_pages) === 0) continue;
    for (let order = 0; order < zone.free_area.sizeBytes / sizes.free_area; order++) {
      buddyPages(prog, prog.element(address, zone.free_area, "free_area", order), order, runs);
    }
    // One CPU: a per-CPU pointer is a plain one.
    perCpuPages(prog, prog.pointer(address, zone.per_cpu_pageset), runs);
  }
  return runs;
}

function buddyPages(prog: Program, area: number, order: number, runs: FreeRun[]): void {
  const { free_area, page } = prog.fields;
  let count = 0;
  for (let type = 0; type < free_area.free_list.sizeBytes / prog.info.sizes.list_head; type++) {
    const head = prog.element(area, free_area.free_list, "list_head", type);
    for (const entry of listForEachEntry(prog, head, page.buddy_list, "page")) {
      if (prog.u32(entry, page.page_type) >>> 24 !== PGTY_BUDDY || prog.u32(entry, page.private) !== order) {
        throw new MemoryFault(entry, `the page is on the free list of order ${order} and not marked so`);
      }
      runs.push(run(prog, entry, order));
      count++;
    }
  }
  const expected = prog.u32(area, free_area.nr_free);
  if (count !== expected) throw new MemoryFault(area, `the free lists hold ${count} entries and count ${expected}`);
}

function perCpuPages(prog: Program, pageset: number, runs: FreeRun[]): void {
  const { per_cpu_pages, page } = prog.fields;
  const lists = per_cpu_pages.lists.sizeBytes / prog.info.sizes.list_head;
  if (lists !== NR_LOWORDER_PCP_LISTS) throw new MemoryFault(pageset, `the kernel has ${lists} per-CPU page lists`);
  let count = 0;
  for (let index = 0; index < lists; index++) {
    const order = Math.floor(index / MIGRATE_PCPTYPES);
    const head = prog.element(pageset, per_cpu_pages.lists, "list_head", index);
    for (const entry of listForEachEntry(prog, head, page.pcp_list, "page")) {
      runs.push(run(prog, entry, order));
      count += 1 << order;
    }
  }
  const expected = prog.u32(pageset, per_cpu_pages.count);
  if (count !== expected) throw new MemoryFault(pageset, `the per-CPU lists hold ${count} pages and count ${expected}`);
}

function run(prog: Program, page: number, order: number): FreeRun {
  const frame = (page - prog.variable("mem_map")) / prog.info.sizes.page;
  const sizeBytes = PAGE_BYTES << order;
  if (!Number.isInteger(frame) || frame < 0 || frame * PAGE_BYTES + sizeBytes > prog.memory.sizeBytes) {
    throw new MemoryFault(page, "not a page of guest memory");
  }
  return [frame * PAGE_BYTES, sizeBytes];
}
