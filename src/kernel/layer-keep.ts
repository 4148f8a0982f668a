/**
 * Layers of the picture before. Most names of a layer are the same from picture to picture, and comparing one with memory
 * takes a fraction of the time that making it does; what is the same object also needs no comparison later.
 */
import type { Layer, LayerEntry } from "../protocol/mount";
import { MAX_NAME_BYTES } from "./bounds";
import {
  inodeGid,
  inodeLinks,
  inodeMode,
  inodeMtime,
  inodeNumber,
  inodeSizeBytes,
  inodeTarget,
  inodeUid,
  inodeWhiteout,
  NO_MARKS,
  S_IFLNK,
  S_IFMT,
  shmemMarks,
} from "./inode";
import { layerEntry } from "./layer";
import { dentryName } from "./path";
import type { Program } from "./program";

/** A name as it was found, with what tells whether it is still the same. */
export interface KeptEntry {
  entry: LayerEntry;
  /** Path of its directory, as it begins the path of the entry. */
  prefix: string;
  /** `prefix` for what is in it. */
  below: string;
  /** The bytes of the name as words, the last of them with what lies behind it. */
  nameWords: number[];
  /** Picture that it was last seen in. */
  seen: number;
}

interface KeptLayer {
  layer: Layer;
  byDentry: Map<number, KeptEntry>;
}

export class LayerKeep {
  readonly #layers = new Map<number, KeptLayer>();
  #picture = 0;

  /** To be called before the layers of a picture are read. */
  begin(): void {
    this.#picture++;
  }

  /** Names of one layer, those that are in memory as they were being the same objects as before. */
  names(address: number): KeptNames {
    let kept = this.#layers.get(address);
    if (!kept) {
      kept = { layer: { address, type: "", complete: false, entries: [], omitted: 0 }, byDentry: new Map() };
      this.#layers.set(address, kept);
    }
    return new KeptNames(kept.byDentry, this.#picture);
  }

  /** The layer before if the new one says the same, else the new one. To be called when it is read. */
  settle(layer: Layer): Layer {
    const kept = this.#layers.get(layer.address)!;
    const { byDentry } = kept;
    if (byDentry.size > layer.entries.length) {
      for (const [dentry, { seen }] of byDentry) if (seen !== this.#picture) byDentry.delete(dentry);
    }
    if (!sameLayer(kept.layer, layer)) kept.layer = layer;
    return kept.layer;
  }

  /** Forgets layers that the picture does not have. To be called after the layers of a picture are read. */
  end(layers: ReadonlyMap<number, Layer>): void {
    for (const address of this.#layers.keys()) if (!layers.has(address)) this.#layers.delete(address);
  }
}

export class KeptNames {
  readonly #byDentry: Map<number, KeptEntry>;
  readonly #picture: number;

  constructor(byDentry: Map<number, KeptEntry>, picture: number) {
    this.#byDentry = byDentry;
    this.#picture = picture;
  }

  /** The entry of a dentry whose inode is `inode`, in the directory that `prefix` leads to. Throws `MemoryFault`. */
  entry(prog: Program, dentry: number, inode: number, prefix: string, shmem: boolean): KeptEntry {
    const old = this.#byDentry.get(dentry | 0);
    if (old && old.prefix === prefix && sameName(prog, dentry, old) && sameFile(prog, inode, shmem, old)) {
      old.seen = this.#picture;
      return old;
    }
    const entry = layerEntry(prog, inode, prefix + dentryName(prog, dentry), shmem);
    const kept: KeptEntry = {
      entry,
      prefix,
      below: `${entry.path}/`,
      nameWords: nameOf(prog, dentry),
      seen: this.#picture,
    };
    this.#byDentry.set(dentry | 0, kept);
    return kept;
  }
}

/** The words of a name, up to the one with the NUL. */
function nameOf(prog: Program, dentry: number): number[] {
  const name = prog.pointer(dentry, prog.fields.dentry["d_name.name"]);
  const words: number[] = [];
  for (let index = 0; index * 4 < MAX_NAME_BYTES; index++) {
    const word = prog.word(name, index);
    words.push(word);
    if (((word - 0x01010101) & ~word & 0x80808080) !== 0) break;
  }
  return words;
}

function sameName(prog: Program, dentry: number, { nameWords }: KeptEntry): boolean {
  const name = prog.pointer(dentry, prog.fields.dentry["d_name.name"]);
  for (let index = 0; index < nameWords.length; index++) {
    if (prog.word(name, index) !== nameWords[index]) return false;
  }
  return true;
}

/** Every fact of `layerEntry()`, by the readers that it is made with. */
function sameFile(prog: Program, inode: number, shmem: boolean, { entry }: KeptEntry): boolean {
  if (
    entry.inode !== inode ||
    entry.mode !== inodeMode(prog, inode) ||
    entry.ino !== inodeNumber(prog, inode) ||
    entry.uid !== inodeUid(prog, inode) ||
    entry.gid !== inodeGid(prog, inode) ||
    entry.sizeBytes !== inodeSizeBytes(prog, inode) ||
    entry.mtimeNs !== inodeMtime(prog, inode) ||
    entry.links !== inodeLinks(prog, inode) ||
    entry.whiteout !== inodeWhiteout(prog, inode)
  ) {
    return false;
  }
  const marks = shmem ? shmemMarks(prog, inode) : NO_MARKS;
  if (entry.opaque !== marks.opaque || entry.redirect !== marks.redirect) return false;
  if (entry.origin !== (shmem ? marks.origin : undefined)) return false;
  if ((entry.mode & S_IFMT) !== S_IFLNK) return true;
  return entry.target === inodeTarget(prog, inode);
}

function sameLayer(old: Layer, layer: Layer): boolean {
  return (
    old.type === layer.type &&
    old.path === layer.path &&
    old.complete === layer.complete &&
    old.omitted === layer.omitted &&
    old.entries.length === layer.entries.length &&
    old.entries.every((entry, index) => entry === layer.entries[index])
  );
}
