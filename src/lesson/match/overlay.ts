/** Overlays, and the names in their layers. */
import type { FileMatch, OverlayMatch } from "../../protocol/match";
import type { Layer, LayerEntry, Overlay } from "../../protocol/mount";
import type { Scene } from "../scene";
import { matchesMount } from "./mount";
import { isNumber, isText } from "./value";

export function matchesOverlay(match: OverlayMatch, overlay: Overlay, scene: Scene): boolean {
  if (match.writable !== undefined && (overlay.upper !== undefined) !== match.writable) return false;
  if (match.upperPath !== undefined && !isText(overlay.upperPath, match.upperPath)) return false;
  const { lowerPath, mount, sharesLowerWith } = match;
  if (lowerPath !== undefined && !overlay.lowerPaths.some((path) => isText(path, lowerPath))) return false;
  if (match.lowers !== undefined && !isNumber(overlay.lowers.length, match.lowers)) return false;
  if (match.madeInStep !== undefined && scene.isNew("overlays", overlay) !== match.madeInStep) return false;
  const mounts = scene.view.mounts.filter(({ superBlock }) => superBlock === overlay.address);
  if (mount && !mounts.some((one) => matchesMount(mount, one, scene))) return false;
  if (sharesLowerWith) {
    const shares = (one: Overlay) => one !== overlay && one.lowers.some((lower) => overlay.lowers.includes(lower));
    if (!scene.view.overlays.some((one) => shares(one) && matchesOverlay(sharesLowerWith, one, scene))) return false;
  }
  return !(match.not && matchesOverlay(match.not, overlay, scene));
}

/** A name of a layer, with the layer. */
export interface LayerFile {
  layer: Layer;
  entry: LayerEntry;
}

export function matchesFile(match: FileMatch, file: LayerFile, scene: Scene): boolean {
  const { layer, entry } = file;
  if (match.path !== undefined && !isText(entry.path, match.path)) return false;
  if (match.type !== undefined && fileType(entry.mode) !== match.type) return false;
  if (match.whiteout !== undefined && entry.whiteout !== match.whiteout) return false;
  if (match.opaque !== undefined && entry.opaque !== match.opaque) return false;
  if (match.copiedUp !== undefined && (entry.origin === true) !== match.copiedUp) return false;
  if (match.sizeBytes !== undefined && !isNumber(entry.sizeBytes, match.sizeBytes)) return false;
  if (match.madeInStep !== undefined && scene.isNewFile(layer, entry) !== match.madeInStep) return false;
  const stacks = (overlay: Overlay) =>
    match.layer === "upper" ? overlay.upper === layer.address : overlay.lowers.includes(layer.address);
  const { overlay } = match;
  if (!scene.view.overlays.some((one) => stacks(one) && (!overlay || matchesOverlay(overlay, one, scene))))
    return false;
  return !(match.not && matchesFile(match.not, file, scene));
}

// include/uapi/linux/stat.h
const S_IFMT = 0o170000;
const TYPES: Readonly<Record<number, FileMatch["type"]>> = {
  0o100000: "file",
  0o040000: "directory",
  0o120000: "symlink",
};

function fileType(mode: number): FileMatch["type"] {
  return TYPES[mode & S_IFMT] ?? "other";
}
