/** Files that stand for namespaces, as `/proc/PID/ns/` and bind mounts of them have (`fs/nsfs.c`). */
import { NAMESPACE_KINDS, type NamespaceKind } from "../protocol/namespace";
import { MAX_NAME_BYTES } from "./bounds";
import { MemoryFault } from "./memory";
import { NAMESPACE_STRUCT, namespaceInum } from "./namespace";
import type { Program } from "./program";

export interface NamespaceFile {
  kind: NamespaceKind;
  /** Address of the namespace structure. */
  address: number;
  inum: number;
}

/** The namespace that an inode of nsfs keeps alive. */
export function namespaceOfInode(prog: Program, inode: number): NamespaceFile {
  const { ns_common, proc_ns_operations } = prog.fields;
  const common = prog.pointer(inode, prog.fields.inode.i_private);
  const name = prog.cstring(prog.pointer(common, ns_common.ops), proc_ns_operations.name, MAX_NAME_BYTES);
  const kind = NAMESPACE_KINDS.find((kind) => kind === name);
  if (!kind) throw new MemoryFault(inode, `there is no kind of namespaces that is called ${JSON.stringify(name)}`);
  // Every kind of namespace embeds its `ns_common` as `ns`.
  const { offset } = prog.fields[NAMESPACE_STRUCT[kind]]["ns.inum"];
  const address = prog.name(common - (offset - ns_common.inum.offset), `${kind}_ns`);
  return { kind, address, inum: namespaceInum(prog, address, kind) };
}

/** `net:[4026532000]`, as `readlink /proc/PID/ns/net` prints it. */
export function namespaceFileName({ kind, inum }: NamespaceFile): string {
  return `${kind}:[${inum}]`;
}
