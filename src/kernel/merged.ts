/**
 * What an overlay shows of the layers it stacks, and what it hides: the lookup of `fs/overlayfs/namei.c` (`ovl_lookup`,
 * `ovl_lookup_single`), made for every name at once. Pure: from the layers of a picture, without guest memory.
 */
import type { Layer, LayerEntry } from "../protocol/mount";

/** Why an entry of a layer does not show at its path. */
export type HiddenBy =
  /** A layer above has the same name, or that of a directory above it, and the two are not merged. */
  | "file"
  /** A layer above says that the name, or a directory above it, is gone. */
  | "whiteout"
  /** A directory above it in a layer above is opaque, or shows the content of another one (a redirect). */
  | "opaque";

export interface HiddenEntry {
  /** Index of its layer, topmost 0. */
  layer: number;
  entry: LayerEntry;
  by: HiddenBy;
}

/** A path that any of the layers has. */
export interface MergedEntry {
  /** From the root of the overlay, without a leading slash. A layer that a redirect leads to has it under another path. */
  path: string;
  /** The overlay shows it. */
  visible: boolean;
  /**
   * What the overlay shows; of a merged directory the topmost one. If it shows nothing: the whiteout that removed the
   * path (`entry.whiteout`), or else the topmost of what is hidden along with its directory.
   */
  entry: LayerEntry;
  /** Index of the layer that `entry` is of, topmost 0. */
  layer: number;
  /** Layers that contribute to it, topmost first: several for a merged directory, else `layer` alone. None if nothing shows. */
  layers: number[];
  /**
   * The topmost layer shows its own copy of a file of a layer below, made because somebody changed it. A file that was
   * removed and made again is no copy; where the layer does not tell (`LayerEntry.origin`), it counts as one.
   */
  copiedUp: boolean;
  /** What does not show at this path, topmost first. */
  hidden: HiddenEntry[];
}

export interface MergeOptions {
  /** The overlay is mounted with `redirect_dir=on` or `follow`; otherwise the kernel refuses to enter such a directory. */
  followRedirects?: boolean;
}

interface Node {
  entry: LayerEntry;
  children?: Map<string, Node>;
}

/** A directory of one layer. */
interface Directory {
  layer: number;
  node: Pick<Node, "children">;
}

interface HiddenDirectory extends Directory {
  by: HiddenBy;
}

/** `i_mode` of a directory. */
const S_IFMT = 0xf000;
const S_IFDIR = 0x4000;
const S_IFREG = 0x8000;

/**
 * Every path of the layers, a directory before what is in it and names in order. `layers` are those of one overlay, the
 * topmost (upper) first.
 */
export function mergeLayers(layers: readonly Layer[], options: MergeOptions = {}): MergedEntry[] {
  const roots = layers.map((layer, index) => ({ layer: index, node: tree(layer) }));
  const merged: MergedEntry[] = [];
  new Merge(roots, options.followRedirects ?? false, merged).directory("", roots, []);
  return merged;
}

/**
 * Bytes of each layer's files that no path of the overlay leads to any more. A file with several names counts once, and
 * not at all while one of its names shows.
 */
export function wastedBytes(layers: readonly Layer[], merged: readonly MergedEntry[]): number[] {
  const shown = layers.map(() => new Set<number>());
  const wasted = layers.map(() => new Map<number, number>());
  for (const { visible, layer, entry } of merged) if (visible) shown[layer].add(entry.inode);
  for (const { hidden } of merged) {
    for (const { layer, entry } of hidden) {
      const file = (entry.mode & S_IFMT) === S_IFREG;
      if (file && !shown[layer].has(entry.inode)) wasted[layer].set(entry.inode, entry.sizeBytes);
    }
  }
  return wasted.map((files) => [...files.values()].reduce((sum, sizeBytes) => sum + sizeBytes, 0));
}

function isDirectory(entry: LayerEntry): boolean {
  return (entry.mode & S_IFMT) === S_IFDIR;
}

function tree(layer: Layer): Pick<Node, "children"> {
  const root: Pick<Node, "children"> = {};
  const byPath = new Map<string, Pick<Node, "children">>([["", root]]);
  for (const entry of layer.entries) {
    const slash = entry.path.lastIndexOf("/");
    const parent = byPath.get(slash < 0 ? "" : entry.path.slice(0, slash));
    // A bound may have left the directory out.
    if (!parent) continue;
    const node: Node = { entry };
    parent.children ??= new Map();
    parent.children.set(entry.path.slice(slash + 1), node);
    if (isDirectory(entry)) byPath.set(entry.path, node);
  }
  return root;
}

class Merge {
  readonly #roots: readonly Directory[];
  readonly #followRedirects: boolean;
  readonly #merged: MergedEntry[];

  constructor(roots: readonly Directory[], followRedirects: boolean, merged: MergedEntry[]) {
    this.#roots = roots;
    this.#followRedirects = followRedirects;
    this.#merged = merged;
  }

  /** What is in a directory: `shown` are those that are merged, `hidden` those that another hides, each topmost first. */
  directory(path: string, shown: readonly Directory[], hidden: readonly HiddenDirectory[]): void {
    const all = new Set<string>();
    for (const { node } of [...shown, ...hidden]) for (const name of node.children?.keys() ?? []) all.add(name);
    for (const name of [...all].sort()) this.#name(path === "" ? name : `${path}/${name}`, name, shown, hidden);
  }

  #name(path: string, name: string, shown: readonly Directory[], hidden: readonly HiddenDirectory[]): void {
    const found = new Lookup();
    for (let at = 0; at < shown.length; at++) {
      const { layer, node } = shown[at];
      const child = node.children?.get(name);
      if (!child) continue;
      found.take(layer, child);
      const redirect = this.#followRedirects && found.merges(child) ? child.entry.redirect : undefined;
      if (redirect === undefined) continue;
      // What is below goes by its former name from here on; what has this name now is something else.
      const below = shown.slice(at + 1);
      for (const other of below) found.hide(other.layer, other.node.children?.get(name), "opaque");
      this.#redirected(found, redirect, layer, below);
      break;
    }
    for (const { layer, node, by } of hidden) found.hide(layer, node.children?.get(name), by);
    this.#merged.push(found.result(path));
    if (found.shownDirectories.length > 0 || found.hiddenDirectories.length > 0) {
      this.directory(path, found.shownDirectories, found.hiddenDirectories);
    }
  }

  /** The layers below one that has a redirect, by the path that it names: from the root, or beside the directory. */
  #redirected(found: Lookup, redirect: string, above: number, beside: readonly Directory[]): void {
    const absolute = redirect.startsWith("/");
    let path = names(redirect);
    for (const { layer, node } of absolute ? this.#roots.filter((root) => root.layer > above) : beside) {
      if (found.stopped || path.length === 0) return;
      const { last, next, ends, toRoot } = follow(node, path);
      if (last) found.take(layer, last);
      if (ends || found.stopped) return;
      if (toRoot && !absolute) return this.#redirected(found, `/${next.join("/")}`, layer, beside);
      path = next;
    }
  }
}

function names(path: string): string[] {
  return path.split("/").filter((name) => name !== "");
}

interface Followed {
  /** What the path leads to; absent where it does not lead anywhere. */
  last?: Node;
  /** The path that the layers below go by: directories on the way may be redirected themselves. */
  next: string[];
  /** The layers below are not asked: something on the way covers them. */
  ends: boolean;
  /** A redirect on the way begins at the root. */
  toRoot: boolean;
}

/** Goes along a path in one layer. */
function follow(directory: Pick<Node, "children">, path: readonly string[]): Followed {
  let next: string[] = [];
  let at = directory;
  let [ends, toRoot] = [false, false];
  for (const [index, name] of path.entries()) {
    const node = at.children?.get(name);
    next.push(name);
    const rest = path.slice(index + 1);
    if (!node) return { next: [...next, ...rest], ends, toRoot };
    if (rest.length > 0 && !isDirectory(node.entry)) return { next, ends: true, toRoot };
    const { redirect, opaque } = node.entry;
    if (opaque && rest.length > 0) ends = true;
    else if (!opaque && redirect?.startsWith("/")) [next, toRoot] = [names(redirect), true];
    else if (!opaque && redirect !== undefined) next[next.length - 1] = redirect;
    if (rest.length === 0) return { last: node, next, ends, toRoot };
    at = node;
  }
  return { next, ends, toRoot };
}

/** One path, looked up from layer to layer. */
class Lookup {
  readonly shownDirectories: Directory[] = [];
  readonly hiddenDirectories: HiddenDirectory[] = [];
  readonly #hidden: HiddenEntry[] = [];
  #top: { layer: number; entry: LayerEntry } | undefined;
  #stop: HiddenBy | undefined;

  /** Nothing of the layers below shows. */
  get stopped(): boolean {
    return this.#stop !== undefined;
  }

  /** True for a directory that is shown and lets those below shine through. */
  merges(node: Node): boolean {
    return this.#stop === undefined && this.shownDirectories.at(-1)?.node === node;
  }

  take(layer: number, node: Node): void {
    const { entry } = node;
    if (this.#stop !== undefined) return this.hide(layer, node, this.#stop);
    if (!this.#top) {
      this.#top = { layer, entry };
      if (entry.whiteout) this.#stop = "whiteout";
      else if (!isDirectory(entry)) this.#stop = "file";
    } else if (entry.whiteout || !isDirectory(entry)) {
      // Below a directory it does not show, but it ends the merging all the same.
      this.#hidden.push({ layer, entry, by: "file" });
      this.#stop = entry.whiteout ? "whiteout" : "file";
    }
    if (this.#stop === undefined) {
      this.shownDirectories.push({ layer, node });
      if (entry.opaque) this.#stop = "opaque";
    }
  }

  hide(layer: number, node: Node | undefined, by: HiddenBy): void {
    if (!node) return;
    this.#hidden.push({ layer, entry: node.entry, by });
    if (isDirectory(node.entry)) this.hiddenDirectories.push({ layer, node, by });
  }

  result(path: string): MergedEntry {
    this.#hidden.sort((a, b) => a.layer - b.layer);
    this.hiddenDirectories.sort((a, b) => a.layer - b.layer);
    const top = this.#top;
    const { layer, entry } = top ?? this.#hidden[0];
    const visible = top !== undefined && !entry.whiteout;
    const merged = this.shownDirectories.map((directory) => directory.layer);
    const layers = merged.length > 0 ? merged : visible ? [layer] : [];
    const below = this.#hidden.find(({ by }) => by === "file")?.entry;
    const copiedUp =
      visible &&
      layer === 0 &&
      !isDirectory(entry) &&
      entry.origin !== false &&
      below !== undefined &&
      !below.whiteout &&
      !isDirectory(below);
    return { path, visible, entry, layer, layers, copiedUp, hidden: this.#hidden };
  }
}
