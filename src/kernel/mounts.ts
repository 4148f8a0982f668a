/** The mounts of every mount namespace of one picture. */
import type { Mount } from "../protocol/mount";
import { MAX_MOUNT_PATHS_LENGTH, MAX_MOUNTS, MAX_OBSERVE_MS } from "./bounds";
import { hex, MemoryFault } from "./memory";
import {
  mountDevice,
  mountFlags,
  mountHiddenBy,
  mountHolds,
  mountIdmapped,
  mountMaster,
  mountNamespaces,
  mountOptions,
  mountParent,
  mountParentId,
  mountRoot,
  mountRootDentry,
  mountShared,
  mountSource,
  mountSuperBlock,
  mountSuperOptions,
  mountType,
  mountUnbindable,
  namespaceMounts,
  optionsOfFlags,
  siblingAbove,
} from "./mount";
import type { Namespaces } from "./namespaces";
import type { NamespaceFile } from "./nsfs";
import { dentryUnlinked, mountId, mountPath } from "./path";
import { Paths } from "./paths";
import type { Reader, Reading } from "./reading";
import { superBlockDevice, superBlockOptions, superBlockType } from "./superblock";

/** Reads the mounts, and takes the namespaces that they are in or keep alive into the picture. */
export function readMounts(reading: Reading, namespaces: Namespaces): Mount[] {
  return new Mounts(reading, namespaces).all();
}

/** What mounts of one filesystem share. */
interface SuperBlock {
  type: string;
  device: string;
  options: string[];
}

class Mounts {
  readonly #reading: Reading;
  readonly #namespaces: Namespaces;
  readonly #paths: Paths;
  readonly #mounts: Mount[] = [];
  // Addresses as signed words, which are small integers to V8.
  readonly #seen = new Set<number>();
  readonly #superBlocks = new Map<number, SuperBlock>();
  readonly #options = new Map<number, string[]>();
  /** The mounts on a mount, by the dentry they are on. */
  readonly #children = new Map<number, Map<number, number>>();
  /** Address of what hides the mount point of a mount; 0 for nothing. */
  readonly #pointHiders = new Map<number, number>();
  #pathsLength = 0;
  #full = false;

  constructor(reading: Reading, namespaces: Namespaces) {
    this.#reading = reading;
    this.#namespaces = namespaces;
    this.#paths = new Paths(reading.prog);
  }

  all(): Mount[] {
    const { prog } = this.#reading;
    const add = (address: number) => void this.#namespaces.add(address, "mnt");
    this.#reading.walk(mountNamespaces(prog), "mnt_ns_tree", add);
    // A mount of one may hold another that is in neither.
    for (const { address, inum } of this.#namespaces.ofKind("mnt")) {
      if (this.#full) break;
      this.#addNamespace(address, inum);
    }
    return this.#mounts;
  }

  #addNamespace(namespace: number, inum: number): void {
    const { prog } = this.#reading;
    const where = `mnt_namespace(${hex(namespace)}).mounts`;
    const found: number[] = [];
    this.#reading.walk(namespaceMounts(prog, namespace), where, (mount) => {
      if (this.#seen.has(mount | 0)) {
        this.#reading.problem(where, `the tree comes back to ${hex(mount)}, which it has passed before`);
        return false;
      }
      this.#seen.add(mount | 0);
      found.push(mount);
      this.#noteChild(mount);
    });
    for (const mount of found) {
      if (this.#mounts.length >= MAX_MOUNTS) {
        this.#full = true;
        return this.#reading.leaveOut(`Only the first ${MAX_MOUNTS} mounts are shown.`);
      }
      if (this.#pathsLength > MAX_MOUNT_PATHS_LENGTH) {
        this.#full = true;
        const count = this.#mounts.length;
        return this.#reading.leaveOut(`Only the first ${count} mounts are shown: together their paths are too long.`);
      }
      // A mount may hold a namespace that nothing else does, and is what an overlay is known by.
      if (this.#reading.late("mounts", "namespaces", "overlays", "layers")) {
        this.#full = true;
        const count = this.#mounts.length;
        return this.#reading.leaveOut(
          `Only the first ${count} mounts are shown: the picture took ${MAX_OBSERVE_MS} ms.`,
        );
      }
      this.#addMount(mount, inum);
    }
  }

  #noteChild(mount: number): void {
    const { prog } = this.#reading;
    const parent = mountParent(prog, mount);
    let children = this.#children.get(parent | 0);
    if (!children) this.#children.set(parent | 0, (children = new Map()));
    if (parent !== mount) children.set(prog.pointer(mount, prog.fields.mount.mnt_mountpoint) | 0, mount);
  }

  #addMount(address: number, inum: number): void {
    let mount: Mount;
    let held: NamespaceFile | undefined;
    try {
      mount = this.#whole(address, inum);
      if (mount.type === "nsfs") held = mountHolds(this.#reading.prog, address);
    } catch (error) {
      if (!(error instanceof MemoryFault)) throw error;
      mount = this.#piecemeal(address, inum);
      held = this.#read(mountHolds, address, undefined);
    }
    if (held) mount.holds = this.#namespaces.hold(held.address, held.kind, { by: "mount", mount: mount.id });
    this.#pathsLength += mount.path.length + mount.root.length;
    this.#mounts.push(mount);
  }

  /** The mount in one go. */
  #whole(address: number, inum: number): Mount {
    const { prog } = this.#reading;
    const superBlockAddress = mountSuperBlock(prog, address);
    const superBlock = this.#superBlock(superBlockAddress);
    const mount: Mount = {
      address,
      id: mountId(prog, address),
      parentId: mountParentId(prog, address),
      namespace: inum,
      path: this.#paths.mountPoint(address),
      root: superBlock.type === "nsfs" ? mountRoot(prog, address) : this.#root(address),
      type: superBlock.type,
      source: mountSource(prog, address),
      superBlock: superBlockAddress,
      device: superBlock.device,
      options: this.#optionsOf(address),
      superOptions: superBlock.options,
      unbindable: mountUnbindable(prog, address),
    };
    this.#addRest(mount, mountShared(prog, address), mountMaster(prog, address), this.#hiddenBy(address));
    return mount;
  }

  /** The same with each fact for itself, because one of them cannot be read: that one is listed, and the rest stands. */
  #piecemeal(address: number, inum: number): Mount {
    const mount: Mount = {
      address,
      id: this.#read(mountId, address, 0),
      parentId: this.#read(mountParentId, address, 0),
      namespace: inum,
      path: this.#read(mountPath, address, ""),
      root: this.#read(mountRoot, address, ""),
      type: this.#read(mountType, address, ""),
      source: this.#read(mountSource, address, ""),
      superBlock: this.#read(mountSuperBlock, address, 0),
      device: this.#read(mountDevice, address, ""),
      options: this.#read(mountOptions, address, []),
      superOptions: this.#read(mountSuperOptions, address, []),
      unbindable: this.#read(mountUnbindable, address, false),
    };
    const shared = this.#read(mountShared, address, undefined);
    const master = this.#read(mountMaster, address, undefined);
    this.#addRest(mount, shared, master, this.#read(mountHiddenBy, address, undefined));
    return mount;
  }

  #addRest(mount: Mount, shared?: number, master?: number, hiddenBy?: number): void {
    if (shared !== undefined) mount.shared = shared;
    if (master !== undefined) mount.master = master;
    if (hiddenBy !== undefined) mount.hiddenBy = hiddenBy;
  }

  #read<T>(reader: Reader<T>, mount: number, fallback: T): T {
    return this.#reading.read(reader, mount, "mount", fallback);
  }

  #superBlock(address: number): SuperBlock {
    let known = this.#superBlocks.get(address | 0);
    if (!known) {
      const { prog } = this.#reading;
      known = {
        type: superBlockType(prog, address),
        device: superBlockDevice(prog, address),
        options: superBlockOptions(prog, address),
      };
      this.#superBlocks.set(address | 0, known);
    }
    return known;
  }

  #root(mount: number): string {
    const { prog } = this.#reading;
    const root = mountRootDentry(prog, mount);
    const path = this.#paths.within(root, 0);
    return path !== "/" && dentryUnlinked(prog, root) ? `${path}//deleted` : path;
  }

  #optionsOf(mount: number): string[] {
    const { prog } = this.#reading;
    const flags = mountFlags(prog, mount);
    const idmapped = mountIdmapped(prog, mount);
    const key = idmapped ? -1 - flags : flags;
    let options = this.#options.get(key);
    if (!options) this.#options.set(key, (options = optionsOfFlags(flags, idmapped)));
    return options;
  }

  readonly #mountedAt = (parent: number, dentry: number): number =>
    this.#children.get(parent | 0)?.get(dentry | 0) ?? 0;

  /** `mountHiddenBy()`, with what hides a mount point known for all that is mounted below it. */
  #hiddenBy(mount: number): number | undefined {
    const { prog } = this.#reading;
    const over = this.#mountedAt(mount, mountRootDentry(prog, mount));
    const hider = over !== 0 ? over : this.#pointHider(mount);
    return hider === 0 ? undefined : mountId(prog, hider);
  }

  #pointHider(mount: number): number {
    const { prog } = this.#reading;
    const known = this.#pointHiders.get(mount | 0);
    if (known !== undefined) return known;
    // The path of the mount was found before, so the chain of parents has an end.
    const parent = mountParent(prog, mount);
    const hider = parent === mount ? 0 : siblingAbove(prog, mount, parent, this.#mountedAt) || this.#pointHider(parent);
    this.#pointHiders.set(mount | 0, hider);
    return hider;
  }
}
