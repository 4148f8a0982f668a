/** Paths of one picture: what many mounts and files have in common is read once. */
import { MAX_PATH_DEPTH } from "./bounds";
import { MemoryFault } from "./memory";
import { dentryPath } from "./path";
import type { Program } from "./program";

/** The same as the functions of `path.ts`, which evidence is made with. */
export class Paths {
  readonly #prog: Program;
  /** By dentry: the directory it was last asked below, and the path. */
  readonly #within = new Map<number, { root: number; path: string }>();
  readonly #points = new Map<number, string>();

  constructor(prog: Program) {
    this.#prog = prog;
  }

  /** `dentryPath()`. */
  within(dentry: number, root: number): string {
    const known = this.#within.get(dentry);
    if (known?.root === root) return known.path;
    const path = dentryPath(this.#prog, dentry, root);
    this.#within.set(dentry, { root, path });
    return path;
  }

  /** `mountPath()`. */
  mountPoint(mount: number): string {
    return this.#mountPoint(mount, 0);
  }

  #mountPoint(mount: number, depth: number): string {
    let path = this.#points.get(mount);
    if (path !== undefined) return path;
    if (depth > MAX_PATH_DEPTH) throw new MemoryFault(mount, `mounts are nested deeper than ${MAX_PATH_DEPTH}`);
    const { mnt_parent, mnt_mountpoint, "mnt.mnt_root": mnt_root } = this.#prog.fields.mount;
    const parent = this.#prog.pointer(mount, mnt_parent);
    if (parent === mount) {
      path = "/";
    } else {
      const below = this.within(this.#prog.pointer(mount, mnt_mountpoint), this.#prog.pointer(parent, mnt_root));
      path = join(this.#mountPoint(parent, depth + 1), below);
    }
    this.#points.set(mount, path);
    return path;
  }
}

/** An absolute path and one below it. */
export function join(path: string, below: string): string {
  if (below === "/") return path;
  return path === "/" ? below : path + below;
}
