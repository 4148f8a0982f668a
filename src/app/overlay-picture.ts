import { mergeLayers, wastedBytes, type HiddenBy, type MergedEntry } from "../kernel/merged";
import type { Layer, LayerEntry, Overlay } from "../protocol/mount";
import type { KernelView } from "../protocol/view";

export type { HiddenBy, MergedEntry };

/** An overlay with what it shows of its layers, made ready to be drawn. */
export interface OverlayPicture {
  overlay: Overlay;
  /** Topmost first; the upper one, if there is one, is the first. */
  layers: Layer[];
  /** `upper`, `lower`, or where there are several `lower 1` for the topmost of them. */
  names: string[];
  merged: MergedEntry[];
  byPath: ReadonlyMap<string, MergedEntry>;
  /** What is in a directory, by its path; `""` is the root. */
  children: ReadonlyMap<string, readonly MergedEntry[]>;
  /** Entries of each layer by their path in it. */
  entries: readonly ReadonlyMap<string, LayerEntry>[];
  /** Bytes of the files of each layer, and of those that nothing leads to any more. */
  sizeBytes: number[];
  wastedBytes: number[];
  /** `INDEX:PATH` of what came into a layer in the two seconds of guest time before. */
  arrived: ReadonlySet<string>;
}

/** In a flood of new files marks would say nothing. */
const ARRIVED_LIMIT = 40;
/** A file that is made and then written is in two pictures; what came counts as new for longer than that. */
const ARRIVED_NS = 2e9;
const S_IFMT = 0xf000;
const S_IFREG = 0x8000;

/** Merges the layers of the overlay that is looked at, and only when something in them has changed. */
export class OverlayPictures {
  #last: OverlayPicture | undefined;
  /** Of the overlay that was looked at last. */
  #arrivedAtNs = new Map<string, number>();

  /** Undefined when the overlay has left the picture. The same object as before when nothing has changed. */
  take(view: KernelView, address: number | undefined): OverlayPicture | undefined {
    const overlay = view.overlays.find((one) => one.address === address);
    if (!overlay) return undefined;
    const layers = layersOf(view, overlay);
    const last = this.#last?.overlay.address === address ? this.#last : undefined;
    if (last && sameOverlay(last.overlay, overlay) && sameLayers(last.layers, layers)) return last;
    this.#last = picture(overlay, layers);
    if (!last) this.#arrivedAtNs.clear();
    else for (const name of arrivals(last, this.#last)) this.#arrivedAtNs.set(name, view.bootTimeNs);
    for (const [name, atNs] of this.#arrivedAtNs) {
      if (view.bootTimeNs - atNs > ARRIVED_NS) this.#arrivedAtNs.delete(name);
    }
    this.#last.arrived = new Set(this.#arrivedAtNs.keys());
    return this.#last;
  }
}

/** The layers of an overlay, topmost first; one that could not be read is empty and says that it is not complete. */
export function layersOf(view: KernelView, { upper, lowers, upperPath, lowerPaths }: Overlay): Layer[] {
  const byAddress = new Map(view.layers.map((layer) => [layer.address, layer]));
  const find = (address: number, path: string | undefined): Layer => {
    const unread = { address, path, type: "", complete: false, entries: [], omitted: 0 };
    return byAddress.get(address) ?? unread;
  };
  const below = lowers.map((address, index) => find(address, lowerPaths.at(index)));
  return upper === undefined ? below : [find(upper, upperPath), ...below];
}

function layerNames({ upper, lowers }: Overlay): string[] {
  const below = lowers.map((_, index) => (lowers.length === 1 ? "lower" : `lower ${index + 1}`));
  return upper === undefined ? below : ["upper", ...below];
}

function picture(overlay: Overlay, layers: Layer[]): OverlayPicture {
  const merged = mergeLayers(layers, { followRedirects: overlay.followsRedirects });
  const byPath = new Map<string, MergedEntry>();
  const children = new Map<string, MergedEntry[]>();
  for (const entry of merged) {
    byPath.set(entry.path, entry);
    const parent = parentPath(entry.path);
    const siblings = children.get(parent);
    if (siblings) siblings.push(entry);
    else children.set(parent, [entry]);
  }
  return {
    overlay,
    layers,
    names: layerNames(overlay),
    merged,
    byPath,
    children,
    entries: layers.map((layer) => new Map(layer.entries.map((entry) => [entry.path, entry]))),
    sizeBytes: layers.map(fileBytes),
    wastedBytes: wastedBytes(layers, merged),
    arrived: new Set(),
  };
}

/** Bytes of a layer's files, one with several names once. */
function fileBytes({ entries }: Layer): number {
  const seen = new Set<number>();
  let sum = 0;
  for (const { mode, links, inode, sizeBytes } of entries) {
    if ((mode & S_IFMT) !== S_IFREG || (links > 1 && seen.has(inode))) continue;
    seen.add(inode);
    sum += sizeBytes;
  }
  return sum;
}

/** `etc` of `etc/passwd`; the root is `""`. */
export const parentPath = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));
/** `passwd` of `etc/passwd`. */
export const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

function arrivals(before: OverlayPicture, now: OverlayPicture): ReadonlySet<string> {
  const arrived = new Set<string>();
  for (const [index, layer] of now.layers.entries()) {
    if (before.layers.at(index)?.address !== layer.address) continue;
    for (const { path, whiteout } of layer.entries) {
      const earlier = before.entries[index].get(path);
      if (earlier && earlier.whiteout === whiteout) continue;
      arrived.add(`${index}:${path}`);
      if (arrived.size > ARRIVED_LIMIT) return new Set();
    }
  }
  return arrived;
}

function sameOverlay(one: Overlay, other: Overlay): boolean {
  return one.followsRedirects === other.followsRedirects && (one.upper === undefined) === (other.upper === undefined);
}

/** Compared whole: a rename changes nothing but a path. */
export function sameLayers(one: readonly Layer[], other: readonly Layer[]): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index++) {
    const a = one[index];
    const b = other[index];
    if (a.address !== b.address || a.path !== b.path || a.complete !== b.complete || a.omitted !== b.omitted) {
      return false;
    }
    if (a.entries.length !== b.entries.length) return false;
    for (let at = 0; at < a.entries.length; at++) if (!sameEntry(a.entries[at], b.entries[at])) return false;
  }
  return true;
}

function sameEntry(a: LayerEntry, b: LayerEntry): boolean {
  return (
    a.inode === b.inode &&
    a.sizeBytes === b.sizeBytes &&
    a.mtimeNs === b.mtimeNs &&
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.links === b.links &&
    a.whiteout === b.whiteout &&
    a.opaque === b.opaque &&
    a.path === b.path &&
    a.redirect === b.redirect &&
    a.origin === b.origin &&
    a.target === b.target
  );
}

/** What a layer has at a path of the overlay. */
export interface LayerCell {
  /**
   * `shows`: this is what a process sees. `joins`: a directory whose names are seen along with those of the ones above.
   * `hidden`: something above hides it. `whiteout`: it says that the name is gone.
   */
  is: "shows" | "joins" | "hidden" | "whiteout";
  entry: LayerEntry;
  by?: HiddenBy;
}

/** Undefined when the layer does not have the name. */
export function layerCell(picture: OverlayPicture, merged: MergedEntry, layer: number): LayerCell | undefined {
  const hidden = merged.hidden.find((one) => one.layer === layer);
  if (hidden) return { is: hidden.entry.whiteout ? "whiteout" : "hidden", entry: hidden.entry, by: hidden.by };
  if (merged.layer === layer) {
    const is = merged.visible ? "shows" : merged.entry.whiteout ? "whiteout" : "hidden";
    return { is, entry: merged.entry };
  }
  if (!merged.layers.includes(layer)) return undefined;
  // A directory that a redirect leads to stands under its former name; what is known of the merged one is the best there is.
  return { is: "joins", entry: picture.entries[layer].get(merged.path) ?? merged.entry };
}

/** How one name differs between two layers. */
export interface LayerDifference {
  path: string;
  change: "added" | "changed" | "removed";
  before?: LayerEntry;
  after?: LayerEntry;
  /** What differs: `content`, `type`, `mode`, `owner`, `target`. */
  what: string[];
}

/**
 * What differs from layer `from` to layer `to`, by index, topmost 0. `whole`: each layer is seen with those below it,
 * so that a name which only a lower one has is not missing. Otherwise each is seen alone.
 */
export function compareLayers(
  { layers, overlay }: OverlayPicture,
  from: number,
  to: number,
  whole: boolean,
): LayerDifference[] {
  const seen = (index: number) => {
    const stack = whole ? layers.slice(index) : layers.slice(index, index + 1);
    const merged = mergeLayers(stack, { followRedirects: overlay.followsRedirects });
    return new Map(merged.filter(({ visible }) => visible).map(({ path, entry }) => [path, entry]));
  };
  const before = seen(from);
  const after = seen(to);
  const differences: LayerDifference[] = [];
  for (const [path, entry] of after) {
    const earlier = before.get(path);
    if (!earlier) differences.push({ path, change: "added", after: entry, what: [] });
    else {
      const what = whatDiffers(earlier, entry);
      if (what.length) differences.push({ path, change: "changed", before: earlier, after: entry, what });
    }
  }
  for (const [path, entry] of before) {
    if (!after.has(path)) differences.push({ path, change: "removed", before: entry, what: [] });
  }
  return differences.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function whatDiffers(before: LayerEntry, after: LayerEntry): string[] {
  if (before.inode === after.inode) return [];
  const what: string[] = [];
  const type = before.mode & S_IFMT;
  if (type !== (after.mode & S_IFMT)) what.push("type");
  // A copy keeps the time of the content until somebody writes. Directories get one with every name.
  else if (type === S_IFREG && (before.sizeBytes !== after.sizeBytes || before.mtimeNs !== after.mtimeNs)) {
    what.push("content");
  }
  if ((before.mode & ~S_IFMT) !== (after.mode & ~S_IFMT)) what.push("mode");
  if (before.uid !== after.uid || before.gid !== after.gid) what.push("owner");
  if (before.target !== after.target) what.push("target");
  return what;
}
