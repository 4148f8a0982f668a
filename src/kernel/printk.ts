/** The kernel log (`kernel/printk/printk_ringbuffer.h`). */
import { MAX_LOG_RECORD_BYTES, MAX_LOG_RECORDS } from "./bounds";
import { MemoryFault, PAGE_OFFSET } from "./memory";
import { text } from "./text";
import type { Program } from "./program";

/** Top two bits of a descriptor's state word. */
const DESC_COMMITTED = 1;
const DESC_FINALIZED = 2;
const DESC_ID_MASK = 0x3fffffff;

/** Bytes of the descriptor id before each text. */
const BLOCK_ID_BYTES = 4;

/** The last `maxRecords` messages, oldest first, without their timestamps. Unreadable records are left out. */
export function kernelLog(prog: Program, maxRecords: number = MAX_LOG_RECORDS): string[] {
  const rb = prog.variable("prb");
  const ring = prog.fields.printk_ringbuffer;
  const head = prog.u32(rb, ring["desc_ring.head_id"]) & DESC_ID_MASK;
  const tail = prog.u32(rb, ring["desc_ring.tail_id"]) & DESC_ID_MASK;
  const records: string[] = [];
  const count = Math.min(((head - tail) & DESC_ID_MASK) + 1, maxRecords);
  for (let back = 0; back < count; back++) {
    try {
      const message = record(prog, rb, (head - back) & DESC_ID_MASK);
      if (message !== undefined) records.unshift(message);
    } catch (error) {
      if (!(error instanceof MemoryFault)) throw error;
    }
  }
  return records;
}

/** One message by descriptor id; undefined when it is being written, or its text is gone. */
function record(prog: Program, rb: number, id: number): string | undefined {
  const { printk_ringbuffer: ring, prb_desc, printk_info } = prog.fields;
  const { sizes } = prog.info;
  const index = id & ((1 << prog.u32(rb, ring["desc_ring.count_bits"])) - 1);
  const desc = prog.pointer(rb, ring["desc_ring.descs"]) + index * sizes.prb_desc;
  const state = prog.u32(desc, prb_desc.state_var);
  if ((state & DESC_ID_MASK) !== id) return undefined;
  if (state >>> 30 !== DESC_COMMITTED && state >>> 30 !== DESC_FINALIZED) return undefined;
  const begin = prog.u32(desc, prb_desc["text_blk_lpos.begin"]);
  const next = prog.u32(desc, prb_desc["text_blk_lpos.next"]);
  // An odd position says that the record has no text.
  if (begin & 1 && next & 1) return "";
  const size = 2 ** prog.u32(rb, ring["text_data_ring.size_bits"]);
  if (size > prog.memory.sizeBytes) throw new MemoryFault(rb, "the log is larger than memory");
  // A block that would cross the end lies at the start of the next wrap instead.
  const wraps = Math.floor(begin / size) !== Math.floor(next / size);
  const block = prog.pointer(rb, ring["text_data_ring.data"]) + (wraps ? 0 : begin % size);
  const info = prog.pointer(rb, ring["desc_ring.infos"]) + index * sizes.printk_info;
  const lengthBytes = Math.min(prog.u16(info, printk_info.text_len), MAX_LOG_RECORD_BYTES);
  if (block < PAGE_OFFSET) throw new MemoryFault(block, "the log's text is outside of guest memory");
  const bytes = prog.bytes(block + BLOCK_ID_BYTES, lengthBytes);
  return text(bytes, 0, bytes.length);
}
