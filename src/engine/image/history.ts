/** How an image came about: each instruction with the layer it made, as `docker history` shows it. */
import type { HistoryEntry, ImageConfig } from "./config";
import type { Digest } from "./digest";
import { chainIds } from "./identity";

export interface HistoryLine {
  /** RFC 3339; absent where the image does not say. */
  created?: string;
  /** The instruction, with a shell's `/bin/sh -c` as it stands. */
  createdBy: string;
  comment: string;
  /** Absent of an instruction that made no layer. */
  layer?: { index: number; diffId: Digest; chainId: Digest };
}

/**
 * The lines of an image, newest first. An image whose history does not say how each layer was made has lines for these
 * layers all the same.
 */
export function historyOf({ history, rootfs }: ImageConfig): HistoryLine[] {
  const chain = chainIds(rootfs.diff_ids);
  const layerAt = (index: number) => ({ index, diffId: rootfs.diff_ids[index], chainId: chain[index] });
  const lines: HistoryLine[] = [];
  let next = 0;
  for (const entry of history ?? []) {
    const hasLayer = entry.empty_layer !== true && next < chain.length;
    lines.push({ ...lineOf(entry), ...(hasLayer ? { layer: layerAt(next++) } : {}) });
  }
  while (next < chain.length) lines.push({ createdBy: "", comment: "", layer: layerAt(next++) });
  return lines.reverse();
}

function lineOf({ created, created_by = "", comment = "" }: HistoryEntry): HistoryLine {
  return { ...(created ? { created } : {}), createdBy: created_by, comment };
}
