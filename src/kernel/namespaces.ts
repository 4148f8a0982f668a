/** The namespaces of one picture, each once, with their parents and owners. */
import { NAMESPACE_KINDS, type Namespace, type NamespaceHolder, type NamespaceKind } from "../protocol/namespace";
import { MAX_NAMESPACES } from "./bounds";
import { readIpcObjects } from "./ipc";
import { hex, MemoryFault } from "./memory";
import { NAMESPACE_STRUCT, namespaceByKind, namespaceDetails, visitNamespaces } from "./namespace";
import type { Reading } from "./reading";

type Found = Record<NamespaceKind, Map<number, Namespace | undefined>>;

export class Namespaces {
  readonly #reading: Reading;
  /** By kind, because structures of two kinds at one address happen in torn memory; then by address as a signed word. */
  readonly #found = Object.fromEntries(NAMESPACE_KINDS.map((kind) => [kind, new Map()])) as Found;
  readonly #all: Namespace[] = [];
  #count = 0;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  /** Takes the namespace at this address into the picture. Returns its inode number; 0 for none. */
  add(address: number, kind: NamespaceKind): number {
    if (address === 0) return 0;
    const known = this.#found[kind].get(address | 0);
    if (known) return known.inum;
    try {
      visitNamespaces(this.#reading.prog, address, kind, this.#visit);
    } catch (error) {
      if (!(error instanceof MemoryFault)) throw error;
      this.#reading.problem(`${NAMESPACE_STRUCT[kind]}(${hex(address)})`, error.message);
    }
    return this.#found[kind].get(address | 0)?.inum ?? 0;
  }

  /** The same for a namespace that a mount or a descriptor holds. */
  hold(address: number, kind: NamespaceKind, holder: NamespaceHolder): number {
    const inum = this.add(address, kind);
    this.#found[kind].get(address | 0)?.holders.push(holder);
    return inum;
  }

  /** Those of one kind, also those that are added while somebody goes over them. */
  *ofKind(kind: NamespaceKind): Generator<Namespace, void, undefined> {
    for (const namespace of this.#found[kind].values()) if (namespace) yield namespace;
  }

  all(): Namespace[] {
    return this.#all;
  }

  readonly #visit = (address: number, kind: NamespaceKind): boolean => {
    const found = this.#found[kind];
    if (found.has(address | 0)) return false;
    if (++this.#count > MAX_NAMESPACES) {
      this.#reading.leaveOut(`Only the first ${MAX_NAMESPACES} namespaces are shown.`);
      return false;
    }
    const namespace = this.#reading.read(namespaceByKind[kind], address, NAMESPACE_STRUCT[kind], undefined);
    found.set(address | 0, namespace);
    if (!namespace) return false;
    const details = namespaceDetails[kind];
    if (details) Object.assign(namespace, this.#reading.read(details, address, NAMESPACE_STRUCT[kind], undefined));
    if (kind === "ipc") namespace.ipc = readIpcObjects(this.#reading, address);
    this.#all.push(namespace);
    return true;
  };
}
