/** The overlays of one picture, and the layers that they stack. */
import type { Layer, Mount, Overlay } from "../protocol/mount";
import {
  MAX_LAYER_ENTRIES,
  MAX_LAYER_ENTRIES_COUNTED,
  MAX_LAYER_ENTRIES_TOTAL,
  MAX_LAYER_PATHS_LENGTH,
  MAX_OBSERVE_MS,
  MAX_PATH_DEPTH,
} from "./bounds";
import { directoryEntries, isDirectory } from "./layer";
import type { KeptEntry, KeptNames, LayerKeep } from "./layer-keep";
import { hex, MemoryFault } from "./memory";
import { mountRootDentry } from "./mount";
import {
  overlayFollowsRedirects,
  overlayInfo,
  overlayLowerPaths,
  overlayLowers,
  overlaySuperBlocks,
  overlayUpper,
  overlayUpperPath,
  overlayWorkPath,
} from "./overlay";
import { dentryInode, dentryParent, dentryUnlinked } from "./path";
import { join, Paths } from "./paths";
import type { Program } from "./program";
import type { Reader, Reading } from "./reading";
import { superBlockDevice, superBlockType } from "./superblock";

/** Filesystems that keep every name in memory, because they have no other place for it. */
const IN_MEMORY = new Set(["tmpfs", "ramfs"]);

/**
 * `hostNamespace` is the inode number of the host's mount namespace, in which layers have their paths; `keep` has the layers
 * of the picture before.
 */
export function readOverlays(
  reading: Reading,
  mounts: Mount[],
  hostNamespace: number,
): { overlays: Overlay[]; layers: Layer[] } {
  const overlays: Overlay[] = [];
  const { prog } = reading;
  reading.walk(overlaySuperBlocks(prog), "ovl_fs_type.fs_supers", (superBlock) => {
    const info = reading.read(overlayInfo, superBlock, "sb", 0);
    if (info !== 0) overlays.push(readOverlay(reading, superBlock, info));
  });
  const layers = new Layers(
    reading,
    mounts.filter((mount) => mount.namespace === hostNamespace && mount.hiddenBy === undefined),
  );
  for (const { upper, lowers } of overlays) {
    if (upper !== undefined) layers.add(upper);
    for (const lower of lowers) layers.add(lower);
  }
  return { overlays, layers: layers.all() };
}

function readOverlay(reading: Reading, address: number, info: number): Overlay {
  const read = <T>(reader: Reader<T>, fallback: T) => reading.read(reader, info, "ovl_fs", fallback);
  const overlay: Overlay = {
    address,
    device: reading.read(superBlockDevice, address, "sb", ""),
    lowers: read(overlayLowers, []),
    lowerPaths: read(overlayLowerPaths, []),
  };
  const upper = read(overlayUpper, 0);
  if (upper !== 0) overlay.upper = upper;
  const upperPath = read(overlayUpperPath, undefined);
  if (upperPath !== undefined) overlay.upperPath = upperPath;
  const workPath = read(overlayWorkPath, undefined);
  if (workPath !== undefined) overlay.workPath = workPath;
  if (read(overlayFollowsRedirects, false)) overlay.followsRedirects = true;
  return overlay;
}

class Layers {
  readonly #reading: Reading;
  readonly #keep: LayerKeep;
  readonly #mounts: readonly Mount[];
  readonly #paths: Paths;
  readonly #layers = new Map<number, Layer>();
  /** Where something is mounted: the id of the mount below, and the path. */
  #points: Set<string> | undefined;
  readonly #room: Room = { entries: MAX_LAYER_ENTRIES_TOTAL, pathsLength: MAX_LAYER_PATHS_LENGTH };

  constructor(reading: Reading, mounts: readonly Mount[]) {
    this.#reading = reading;
    this.#keep = reading.keep.layers;
    this.#keep.begin();
    this.#mounts = mounts;
    this.#paths = new Paths(reading.prog);
  }

  all(): Layer[] {
    this.#keep.end(this.#layers);
    return [...this.#layers.values()];
  }

  add(root: number): void {
    if (root === 0 || this.#layers.has(root)) return;
    const superBlock = this.#reading.read(dentrySuperBlock, root, "dentry", 0);
    const type = this.#reading.read(superBlockType, superBlock, "sb", "");
    const layer: Layer = { address: root, type, complete: IN_MEMORY.has(type), entries: [], omitted: 0 };
    const path = this.#reading.read(() => this.#path(root, superBlock), root, "dentry", undefined);
    if (path !== undefined) layer.path = path;
    new Walk(this.#reading, layer, this.#keep.names(root), this.#room).run();
    this.#layers.set(root, this.#keep.settle(layer));
    if (layer.omitted > 0) {
      this.#reading.leaveOut(
        `${layer.omitted} or more names of the layer ${path ?? hex(root)} are left out: a layer shows ${MAX_LAYER_ENTRIES}, ` +
          `all layers together ${MAX_LAYER_ENTRIES_TOTAL} with paths of ${MAX_LAYER_PATHS_LENGTH} characters, and the picture may take ${MAX_OBSERVE_MS} ms.`,
      );
    }
  }

  /** By the first mount of its filesystem that leads to it, and has nothing mounted on the way. */
  #path(root: number, superBlock: number): string | undefined {
    const { prog } = this.#reading;
    if (dentryUnlinked(prog, root)) return undefined;
    for (const mount of this.#mounts) {
      if (mount.superBlock !== superBlock) continue;
      const top = mountRootDentry(prog, mount.address);
      if (!isBelow(prog, root, top)) continue;
      const below = this.#paths.within(root, top);
      if (!this.#covered(mount, below)) return join(mount.path, below);
    }
    return undefined;
  }

  /** Something is mounted over the directory, or over one above it. */
  #covered(mount: Mount, below: string): boolean {
    this.#points ??= new Set(this.#mounts.map(({ parentId, path }) => `${parentId} ${path}`));
    for (let at = below; at !== ""; at = at.slice(0, at.lastIndexOf("/"))) {
      if (at !== "/" && this.#points.has(`${mount.id} ${join(mount.path, at)}`)) return true;
    }
    return false;
  }
}

/** What all layers together may still take. */
interface Room {
  entries: number;
  pathsLength: number;
}

/** One layer, directory by directory. */
class Walk {
  readonly #reading: Reading;
  readonly #layer: Layer;
  readonly #names: KeptNames;
  readonly #room: Room;
  readonly #shmem: boolean;
  #counted = 0;

  constructor(reading: Reading, layer: Layer, names: KeptNames, room: Room) {
    this.#reading = reading;
    this.#layer = layer;
    this.#names = names;
    this.#room = room;
    this.#shmem = layer.type === "tmpfs" || layer.type === "devtmpfs";
  }

  run(): void {
    const directories: Directory[] = [{ dentry: this.#layer.address, prefix: "", depth: 0 }];
    for (let next = directories.pop(); next; next = directories.pop()) {
      try {
        this.#list(next, directories);
      } catch (error) {
        if (!(error instanceof MemoryFault)) throw error;
        this.#reading.problem(`dentry(${hex(next.dentry)}).d_children`, error.message);
      }
      if (this.#counted > MAX_LAYER_ENTRIES_COUNTED) return;
    }
  }

  #list({ dentry: directory, prefix, depth }: Directory, directories: Directory[]): void {
    const { prog } = this.#reading;
    if (depth > MAX_PATH_DEPTH) throw new MemoryFault(directory, `the directory is deeper than ${MAX_PATH_DEPTH}`);
    for (const dentry of directoryEntries(prog, directory)) {
      if (++this.#counted > MAX_LAYER_ENTRIES_COUNTED) return;
      if (this.#full() || this.#reading.late("layers")) {
        this.#layer.omitted++;
        continue;
      }
      const kept = this.#entry(dentry, dentryInode(prog, dentry), prefix);
      if (!kept) continue;
      this.#layer.entries.push(kept.entry);
      this.#room.entries--;
      this.#room.pathsLength -= kept.entry.path.length;
      if (isDirectory(kept.entry.mode)) directories.push({ dentry, prefix: kept.below, depth: depth + 1 });
    }
  }

  #full(): boolean {
    return this.#layer.entries.length >= MAX_LAYER_ENTRIES || this.#room.entries <= 0 || this.#room.pathsLength <= 0;
  }

  #entry(dentry: number, inode: number, prefix: string): KeptEntry | undefined {
    const { prog } = this.#reading;
    try {
      return this.#names.entry(prog, dentry, inode, prefix, this.#shmem);
    } catch (error) {
      if (!(error instanceof MemoryFault)) throw error;
      const reader = (prog: Program) => this.#names.entry(prog, dentry, inode, prefix, this.#shmem);
      return this.#reading.read(reader, dentry, "dentry", undefined);
    }
  }
}

interface Directory {
  dentry: number;
  prefix: string;
  /** Directories between it and the root of the layer. */
  depth: number;
}

function dentrySuperBlock(prog: Program, dentry: number): number {
  return prog.pointer(dentry, prog.fields.dentry.d_sb);
}

function isBelow(prog: Program, dentry: number, directory: number): boolean {
  let at = dentry;
  for (let depth = 0; depth <= MAX_PATH_DEPTH; depth++) {
    if (at === directory) return true;
    const parent = dentryParent(prog, at);
    if (parent === at) return false;
    at = parent;
  }
  throw new MemoryFault(dentry, `the path is deeper than ${MAX_PATH_DEPTH}`);
}
