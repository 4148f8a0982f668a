/** Mounts and overlays of the kernel picture (`fs/mount.h`, `fs/overlayfs/ovl_entry.h`). */

export interface Mount {
  /** Address of the `struct mount`. */
  address: number;
  /** `mnt_id`, as `/proc/PID/mountinfo` and findmnt show it. */
  id: number;
  /** Id of the mount it is mounted on; its own id for the root of the namespace. */
  parentId: number;
  /** Inode number of its mount namespace. */
  namespace: number;
  /** Mount point, from the root of the namespace. */
  path: string;
  /** What of the filesystem is mounted: `/`, or a directory below it for a bind mount; `net:[4026532000]` for a namespace's file. */
  root: string;
  /** `s_type->name`: `tmpfs`, `overlay`. */
  type: string;
  /** What was mounted, as the command named it: `none`, `overlay`. */
  source: string;
  /** Address of the `super_block`: mounts of one filesystem share it. */
  superBlock: number;
  /** `s_dev`, major and minor: `0:23`. */
  device: string;
  /** Options of the mount, as mountinfo lists them: `rw`, `nosuid`, `relatime`. */
  options: string[];
  /** Options of the filesystem that are read from memory: `rw`, `lowerdir=…`, `size=…`. Not every filesystem's are. */
  superOptions: string[];
  /** Peer group it shares mounts with (`shared:N`), group it receives them from (`master:N`), and whether it can be bound. */
  shared?: number;
  master?: number;
  unbindable: boolean;
  /** Id of the mount that hides it: one mounted over it, or over a directory above its mount point. */
  hiddenBy?: number;
  /** Inode number of the namespace whose file it is, which it keeps alive. */
  holds?: number;
}

/** One overlay filesystem. `Mount.superBlock` tells where it is mounted. */
export interface Overlay {
  /** Address of its `super_block`. */
  address: number;
  /** `s_dev`, major and minor. */
  device: string;
  /** Addresses of its layers; the upper one is absent when it is read-only. */
  upper?: number;
  /** Topmost first, as in `lowerdir=`. */
  lowers: number[];
  /** Directories as the mount options name them. */
  upperPath?: string;
  workPath?: string;
  lowerPaths: string[];
  /** Set when mounted with `redirect_dir=on` or `follow`: a directory may show the content of one with another name. */
  followsRedirects?: boolean;
}

/** A name in a layer (`struct dentry` with its `struct inode`). */
export interface LayerEntry {
  /** From the layer's root, without a leading slash: `etc/passwd`. */
  path: string;
  /** Address of the inode, by which its content is asked for. */
  inode: number;
  /** Inode number. */
  ino: number;
  /** `i_mode`: type and permissions. */
  mode: number;
  uid: number;
  gid: number;
  sizeBytes: number;
  /** Nanoseconds since the epoch at which the content changed. Exact to a fraction of a microsecond. */
  mtimeNs: number;
  /** Number of names (hard links). */
  links: number;
  /** A character device 0:0: the name is gone in the merged view. */
  whiteout: boolean;
  /** `trusted.overlay.opaque`: nothing of this directory's lower ones shows. */
  opaque: boolean;
  /** `trusted.overlay.redirect`: the directory was renamed from here. */
  redirect?: string;
  /** `trusted.overlay.origin`: it is the copy of a name in a layer below. Absent where the filesystem cannot say. */
  origin?: boolean;
  /** Of a symbolic link. */
  target?: string;
}

/** A directory tree that overlays stack. Overlays that stack the same directory share one. */
export interface Layer {
  /** Address of its root `dentry`. */
  address: number;
  /** Path of its directory in the mount namespace of the host's init; absent when that has no way to it. */
  path?: string;
  /** Filesystem type. On tmpfs every name is in memory; elsewhere only names that were looked up are known. */
  type: string;
  complete: boolean;
  /** Every name below the root, a directory before what is in it. */
  entries: LayerEntry[];
  /** Names that a bound left out. */
  omitted: number;
}

/** Content of a file, from the page cache. */
export interface FileContent {
  /** At most 256 KiB from the start. */
  bytes: Uint8Array<ArrayBuffer>;
  sizeBytes: number;
  /** Pages among `bytes` that are not in memory and show as zeroes. */
  missingPages: number;
}
