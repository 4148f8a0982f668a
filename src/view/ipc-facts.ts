import type { ObjectRef } from "../protocol/evidence";
import type { IpcObject, Namespace } from "../protocol/namespace";
import type { KernelView } from "../protocol/view";
import { hostNamespaces } from "./namespace-mark";
import { formatIpcSize } from "./namespace-facts";
import { type FactRow, type ObjectDescription, rowsOf } from "./object-description";

/** Kinds in words. */
const KIND_WORD: Record<IpcObject["kind"], string> = {
  shm: "shared memory segment",
  sem: "semaphore set",
  msg: "message queue",
  mqueue: "POSIX message queue",
};
const SIZE_WORD: Record<IpcObject["kind"], string> = {
  shm: "bytes",
  sem: "semaphores",
  msg: "messages",
  mqueue: "messages",
};

function findObject(view: KernelView, address: number): { object: IpcObject; namespace: Namespace } | undefined {
  for (const namespace of view.namespaces) {
    const object = namespace.ipc?.find((one) => one.address === address);
    if (object) return { object, namespace };
  }
  return undefined;
}

export function describeIpc(view: KernelView, ref: ObjectRef): ObjectDescription | undefined {
  const found = findObject(view, ref.address);
  if (!found) return undefined;
  const { object, namespace } = found;
  const { kind, name, id, key } = object;
  const row = rowsOf(ref);
  const mono = { mono: true };
  const { inum } = namespace;
  const rows: FactRow[] = [
    row("kind", "kind", KIND_WORD[kind]),
    name === undefined ? row("id", "id", String(id), mono) : row("name", "name", name, mono),
    // A namespace's objects are found from it, so where it is needs no evidence of its own.
    {
      label: "namespace",
      value: String(inum),
      mark: { kind: "ipc", inum, initial: hostNamespaces(view.namespaces).get("ipc") === inum },
    },
    row("uid", "uid", String(object.uid), mono),
    row("gid", "gid", String(object.gid), mono),
    row("mode", "mode", object.mode.toString(8).padStart(3, "0"), mono),
    row(SIZE_WORD[kind], "size", String(object.size), mono),
  ];
  if (name === undefined) rows.splice(2, 0, row("key", "key", `0x${(key >>> 0).toString(16).padStart(8, "0")}`, mono));
  if (object.use !== undefined) rows.push(row(kind === "shm" ? "attached" : "bytes", "use", String(object.use), mono));
  return {
    identity: `ipc:${kind}:${object.address}:${id}:${key}`,
    number: kind,
    title: name ?? String(id),
    hue: "var(--ipc)",
    meaning: `A ${KIND_WORD[kind]}: ${formatIpcSize(object)}.`,
    rows,
  };
}
