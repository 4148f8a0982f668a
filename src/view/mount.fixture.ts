/** Small mounts, overlays and layers for unit tests of the views, in the shape that the X-ray delivers. */
import type { Layer, LayerEntry, Mount } from "../protocol/mount";

/** A private tmpfs on the root of its namespace; address and super block follow from the id. */
export function mount(rest: Partial<Mount> & { id: number }): Mount {
  return {
    address: 0xc4000000 + rest.id * 0x100,
    parentId: rest.id,
    namespace: 0xeffffff0,
    path: "/",
    root: "/",
    type: "tmpfs",
    source: "none",
    superBlock: 0xc5000000 + rest.id * 0x100,
    device: `0:${rest.id}`,
    options: ["rw", "relatime"],
    superOptions: ["rw"],
    unbindable: false,
    ...rest,
  };
}

let inodes = 0;

/** A regular file of 10 bytes; the inode is a new one. */
export function entry(path: string, rest: Partial<LayerEntry> = {}): LayerEntry {
  inodes++;
  return {
    path,
    inode: 0xc6000000 + inodes * 0x200,
    ino: inodes,
    mode: 0o100644,
    uid: 0,
    gid: 0,
    sizeBytes: 10,
    mtimeNs: 1.7e18,
    links: 1,
    whiteout: false,
    opaque: false,
    ...rest,
  };
}

export const directory = (path: string, rest: Partial<LayerEntry> = {}): LayerEntry =>
  entry(path, { mode: 0o040755, sizeBytes: 0, ...rest });

export const whiteout = (path: string): LayerEntry => entry(path, { mode: 0o020000, sizeBytes: 0, whiteout: true });

let layers = 0;

export function layer(path: string, entries: LayerEntry[], rest: Partial<Layer> = {}): Layer {
  layers++;
  return { address: 0xc7000000 + layers * 0x100, path, type: "tmpfs", complete: true, entries, omitted: 0, ...rest };
}
