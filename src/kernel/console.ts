/** Virtio consoles (`drivers/char/virtio_console.c`). */
import { listForEachEntry } from "./list";
import { MemoryFault } from "./memory";
import type { Program } from "./program";

/** The driver has at most four ports in this machine; more means a torn list. */
const MAX_CONSOLES = 64;

/**
 * Input buffers that the guest has queued for `/dev/hvcN` and the emulator has not filled yet. Input sent while there
 * are none is lost, and each takes one message. 0 when the guest has no such console (yet).
 */
export function freeInputBuffers(prog: Program, terminal: number): number {
  const { consoles } = prog.fields.ports_driver_data;
  const { port, hvc_struct, vring_virtqueue, vring_avail, vring_used } = prog.fields;
  const head = prog.member(prog.symbol("pdrvdata"), consoles);
  // The driver initialises the list when it loads.
  if (prog.pointer(head, prog.fields.list_head.next) === 0) return 0;
  for (const entry of listForEachEntry(prog, head, port["cons.list"], "port", MAX_CONSOLES)) {
    const hvc = prog.pointer(entry, port["cons.hvc"]);
    if (hvc === 0 || prog.u32(hvc, hvc_struct.index) !== terminal) continue;
    const virtqueue = prog.container(prog.pointer(entry, port.in_vq), vring_virtqueue.vq, "vring_virtqueue");
    if (prog.u8(virtqueue, vring_virtqueue.packed_ring) !== 0) {
      throw new MemoryFault(virtqueue, "the console's queue is a packed ring, which the emulator never asks for");
    }
    const avail = prog.u16(prog.pointer(virtqueue, vring_virtqueue["split.vring.avail"]), vring_avail.idx);
    const used = prog.u16(prog.pointer(virtqueue, vring_virtqueue["split.vring.used"]), vring_used.idx);
    return (avail - used) & 0xffff;
  }
  return 0;
}
