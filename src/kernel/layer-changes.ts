/** What happens in the upper layers of overlays: files made, copied up, whited out, changed, removed. */
import type { Change, FileName } from "../protocol/change";
import type { Layer, LayerEntry, Overlay } from "../protocol/mount";
import type { KernelView } from "../protocol/view";

export function layerChanges(before: KernelView, after: KernelView): Change[] {
  // Pictures share what did not change.
  if (before.layers === after.layers) return [];
  const olds = new Map(before.layers.map((layer) => [layer.address, layer]));
  const news = new Map(after.layers.map((layer) => [layer.address, layer]));
  const known = new Set(before.overlays.map(({ address, upper }) => `${address}:${upper}`));
  return after.overlays.flatMap((overlay) => {
    const old = overlay.upper === undefined ? undefined : olds.get(overlay.upper);
    const upper = overlay.upper === undefined ? undefined : news.get(overlay.upper);
    // What a new overlay's upper layer already holds did not happen now.
    if (!old || !upper || old === upper || !known.has(`${overlay.address}:${overlay.upper}`)) return [];
    return upperChanges(overlay, old, upper, news);
  });
}

function upperChanges(overlay: Overlay, old: Layer, upper: Layer, layers: ReadonlyMap<number, Layer>): Change[] {
  const file = (entry: LayerEntry): FileName => ({
    inode: entry.inode,
    overlay: overlay.address,
    layer: upper.address,
    path: entry.path,
  });
  const olds = new Map(old.entries.map((entry) => [entry.path, entry]));
  // Only asked when something is new, hence not before.
  let lower: Set<string> | undefined;
  const isBelow = (path: string) => {
    lower ??= new Set(
      overlay.lowers.flatMap((address) => layers.get(address)?.entries.map((entry) => entry.path) ?? []),
    );
    return lower.has(path);
  };
  const found: Change[] = [];
  for (const entry of upper.entries) {
    const was = olds.get(entry.path);
    olds.delete(entry.path);
    if (was === entry) continue;
    if (entry.whiteout) {
      if (!was?.whiteout) found.push({ type: "whited-out", file: file(entry) });
      continue;
    }
    if (was === undefined || was.whiteout) {
      // Where the layer does not tell: a directory that replaces a deleted one is opaque, hence new.
      const copied = was === undefined && (entry.origin ?? (!entry.opaque && isBelow(entry.path)));
      found.push({ type: copied ? "copied-up" : "file-created", file: file(entry) });
    } else if (contentDiffers(was, entry)) {
      found.push({ type: "file-changed", file: file(entry) });
    }
    if (entry.opaque && !(was?.opaque ?? false)) found.push({ type: "made-opaque", file: file(entry) });
  }
  for (const gone of [...olds.values()].reverse()) {
    found.push({ type: "file-removed", file: file(gone), whiteout: gone.whiteout });
  }
  return found;
}

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;

/** A directory's size and time follow from the names in it, whose changes are told by themselves. */
function contentDiffers(was: LayerEntry, is: LayerEntry): boolean {
  if (was.mode !== is.mode || was.uid !== is.uid || was.gid !== is.gid || was.target !== is.target) return true;
  if ((is.mode & S_IFMT) === S_IFDIR) return false;
  return was.ino !== is.ino || was.sizeBytes !== is.sizeBytes || was.mtimeNs !== is.mtimeNs;
}
