/** The namespaces of one picture, each once, with their parents and owners. */
import { NAMESPACE_KINDS, type Namespace, type NamespaceHolder, type NamespaceKind } from "../protocol/namespace";
import { MAX_NAMESPACES } from "./bounds";
import { readIpcObjects } from "./ipc";
import { NAMESPACE_STRUCT, namespaceByKind, namespaceDetails, visitNamespaces } from "./namespace";
import type { Reading } from "./reading";

export class Namespaces {
  readonly #reading: Reading;
  readonly #found = new Map<number, Namespace | undefined>();
  #leftOut = false;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  /** Takes the namespace at this address into the picture. Returns its inode number; 0 for none. */
  add(address: number, kind: NamespaceKind): number {
    if (address === 0) return 0;
    const known = this.#found.get(key(address, kind));
    if (known) return known.inum;
    const visit = (prog: Reading["prog"]) => visitNamespaces(prog, address, kind, this.#visit);
    this.#reading.read(visit, address, NAMESPACE_STRUCT[kind], undefined);
    return this.#found.get(key(address, kind))?.inum ?? 0;
  }

  /** The same for a namespace that a mount or a descriptor holds. */
  hold(address: number, kind: NamespaceKind, holder: NamespaceHolder): number {
    const inum = this.add(address, kind);
    this.#found.get(key(address, kind))?.holders.push(holder);
    return inum;
  }

  /** Those of one kind, also those that are added while somebody goes over them. */
  *ofKind(kind: NamespaceKind): Generator<Namespace, void, undefined> {
    for (const namespace of this.#found.values()) if (namespace?.kind === kind) yield namespace;
  }

  all(): Namespace[] {
    return [...this.#found.values()].filter((namespace) => namespace !== undefined);
  }

  readonly #visit = (address: number, kind: NamespaceKind): boolean => {
    if (this.#found.has(key(address, kind))) return false;
    if (this.#found.size >= MAX_NAMESPACES) {
      if (!this.#leftOut) this.#reading.leaveOut(`Only the first ${MAX_NAMESPACES} namespaces are shown.`);
      this.#leftOut = true;
      return false;
    }
    const namespace = this.#reading.read(namespaceByKind[kind], address, NAMESPACE_STRUCT[kind], undefined);
    this.#found.set(key(address, kind), namespace);
    if (!namespace) return false;
    const details = namespaceDetails[kind];
    if (details) Object.assign(namespace, this.#reading.read(details, address, NAMESPACE_STRUCT[kind], undefined));
    if (kind === "ipc") namespace.ipc = readIpcObjects(this.#reading, address);
    return true;
  };
}

/** Structures of two kinds at one address happen in torn memory; they stay two. */
function key(address: number, kind: NamespaceKind): number {
  return address * NAMESPACE_KINDS.length + NAMESPACE_KINDS.indexOf(kind);
}
