/** The overlays among the mounts of one picture, and the layers that they stack. */
import type { Layer, Mount, Overlay } from "../protocol/mount";
import type { Reading } from "./reading";

export function readOverlays(_reading: Reading, _mounts: Mount[]): { overlays: Overlay[]; layers: Layer[] } {
  return { overlays: [], layers: [] };
}
