/** System V IPC objects (`include/linux/ipc_namespace.h`, `ipc/util.h`) and POSIX message queues (`ipc/mqueue.c`). */
import type { IpcObject } from "../protocol/namespace";
import { MAX_IPC_OBJECTS } from "./bounds";
import { hlistForEachEntry } from "./list";
import { dentryInode, dentryName, dentryUnlinked, realMount } from "./path";
import type { Program } from "./program";
import type { Reading } from "./reading";
import { xarrayEntries } from "./xarray";

export type IpcKind = IpcObject["kind"];
export const IPC_KINDS = ["sem", "msg", "shm", "mqueue"] as const satisfies readonly IpcKind[];

/** The C structure of each kind, whose address is the object's. */
export const IPC_STRUCT = {
  sem: "sem_array",
  msg: "msg_queue",
  shm: "shmid_kernel",
  mqueue: "mqueue_inode_info",
} as const satisfies Record<IpcKind, string>;

/** Place in `ipc_namespace.ids`: `IPC_SEM_IDS` and its like, `ipc/util.h`. */
const IDS_INDEX = { sem: 0, msg: 1, shm: 2 } as const;

const WHERE: Record<IpcKind, string> = {
  sem: "ipc_namespace.ids[0]",
  msg: "ipc_namespace.ids[1]",
  shm: "ipc_namespace.ids[2]",
  mqueue: "ipc_namespace.mq_mnt->mnt_root->d_children",
};

/** The permissions among the bits of a mode; of a segment also those that lock it and destroy it when it is let go. */
const PERMISSIONS = 0o7777;

/** Addresses of the objects of one kind in an ipc namespace. */
export function ipcAddresses(prog: Program, namespace: number, kind: IpcKind): Iterable<number> {
  return kind === "mqueue" ? queueAddresses(prog, namespace) : systemVAddresses(prog, namespace, kind);
}

function* systemVAddresses(
  prog: Program,
  namespace: number,
  kind: Exclude<IpcKind, "mqueue">,
): Generator<number, void, undefined> {
  // Each kind begins with its `kern_ipc_perm`, which the array points to.
  for (const [, object] of xarrayEntries(prog, systemVArray(prog, namespace, kind))) yield object;
}

/** Address of the `struct xarray` of one kind. */
function systemVArray(prog: Program, namespace: number, kind: Exclude<IpcKind, "mqueue">): number {
  const ids = prog.element(namespace, prog.fields.ipc_namespace.ids, "ipc_ids", IDS_INDEX[kind]);
  return prog.member(ids, prog.fields.ipc_ids["ipcs_idr.idr_rt"]);
}

/** No semaphores, message queues or segments, as in nearly every namespace: a shortcut that spares the walks. */
function withoutSystemV(prog: Program, namespace: number): boolean {
  const { xa_head } = prog.fields.xarray;
  return (
    prog.pointer(systemVArray(prog, namespace, "sem"), xa_head) === 0 &&
    prog.pointer(systemVArray(prog, namespace, "msg"), xa_head) === 0 &&
    prog.pointer(systemVArray(prog, namespace, "shm"), xa_head) === 0
  );
}

/** Files of the mqueue filesystem that each ipc namespace has, mounted or not. */
function* queueAddresses(prog: Program, namespace: number): Generator<number, void, undefined> {
  const { mount, dentry, mqueue_inode_info } = prog.fields;
  const vfsmount = prog.pointer(namespace, prog.fields.ipc_namespace.mq_mnt);
  if (vfsmount === 0) return;
  const root = prog.pointer(realMount(prog, vfsmount), mount["mnt.mnt_root"]);
  for (const name of hlistForEachEntry(prog, prog.member(root, dentry.d_children), dentry.d_sib, "dentry")) {
    const inode = dentryInode(prog, name);
    // Names that are known not to exist, and queues without a name that somebody still has open.
    if (inode === 0 || dentryUnlinked(prog, name)) continue;
    yield prog.container(inode, mqueue_inode_info.vfs_inode, "queue");
  }
}

/** Identifier; 0 for POSIX queues. */
export function ipcId(prog: Program, address: number, kind: IpcKind): number {
  return kind === "mqueue" ? 0 : prog.u32(address, prog.fields.kern_ipc_perm.id) | 0;
}

/** Key; 0 (`IPC_PRIVATE`) for objects without one. */
export function ipcKey(prog: Program, address: number, kind: IpcKind): number {
  return kind === "mqueue" ? 0 : prog.u32(address, prog.fields.kern_ipc_perm.key) | 0;
}

/** File name of a POSIX queue, without the slash that `mq_open()` wants; undefined for the others. */
export function ipcName(prog: Program, address: number, kind: IpcKind): string | undefined {
  if (kind !== "mqueue") return undefined;
  const alias = prog.member(queueInode(prog, address), prog.fields.inode.i_dentry);
  const node = prog.pointer(alias, prog.fields.hlist_head.first);
  return node === 0 ? undefined : dentryName(prog, prog.container(node, prog.fields.dentry["d_u.d_alias"], "dentry"));
}

/** Owner in the initial user namespace. */
export function ipcUid(prog: Program, address: number, kind: IpcKind): number {
  if (kind !== "mqueue") return prog.u32(address, prog.fields.kern_ipc_perm.uid);
  return prog.u32(queueInode(prog, address), prog.fields.inode.i_uid);
}

export function ipcGid(prog: Program, address: number, kind: IpcKind): number {
  if (kind !== "mqueue") return prog.u32(address, prog.fields.kern_ipc_perm.gid);
  return prog.u32(queueInode(prog, address), prog.fields.inode.i_gid);
}

/** Permission bits. */
export function ipcMode(prog: Program, address: number, kind: IpcKind): number {
  if (kind !== "mqueue") return prog.u16(address, prog.fields.kern_ipc_perm.mode) & PERMISSIONS;
  return prog.u16(queueInode(prog, address), prog.fields.inode.i_mode) & PERMISSIONS;
}

/** Bytes of a segment, semaphores of a set, messages waiting in a queue. */
export function ipcSize(prog: Program, address: number, kind: IpcKind): number {
  switch (kind) {
    case "sem":
      return prog.u32(address, prog.fields.sem_array.sem_nsems);
    case "msg":
      return prog.u32(address, prog.fields.msg_queue.q_qnum);
    case "shm":
      return prog.u32(address, prog.fields.shmid_kernel.shm_segsz);
    case "mqueue":
      return prog.u32(address, prog.fields.mqueue_inode_info["attr.mq_curmsgs"]);
  }
}

/** Attachments of a segment, bytes waiting in a queue; undefined for semaphores. */
export function ipcUse(prog: Program, address: number, kind: IpcKind): number | undefined {
  switch (kind) {
    case "sem":
      return undefined;
    case "msg":
      return prog.u32(address, prog.fields.msg_queue.q_cbytes);
    case "shm":
      return prog.u32(address, prog.fields.shmid_kernel.shm_nattch);
    case "mqueue":
      return prog.u32(address, prog.fields.mqueue_inode_info.qsize);
  }
}

export function readIpcObject(prog: Program, address: number, kind: IpcKind): IpcObject {
  return {
    kind,
    address,
    id: ipcId(prog, address, kind),
    key: ipcKey(prog, address, kind),
    name: ipcName(prog, address, kind),
    uid: ipcUid(prog, address, kind),
    gid: ipcGid(prog, address, kind),
    mode: ipcMode(prog, address, kind),
    size: ipcSize(prog, address, kind),
    use: ipcUse(prog, address, kind),
  };
}

/** Every object of an ipc namespace: semaphores, message queues, segments, POSIX queues, each in the kernel's order. */
export function readIpcObjects(reading: Reading, namespace: number): IpcObject[] {
  const objects: IpcObject[] = [];
  const without = reading.attempt(withoutSystemV, namespace) === true;
  for (const kind of IPC_KINDS) {
    if (without && kind !== "mqueue") continue;
    let left = MAX_IPC_OBJECTS;
    reading.walk(ipcAddresses(reading.prog, namespace, kind), WHERE[kind], (address) => {
      if (left-- === 0 || reading.late("namespaces")) {
        reading.leaveOut(`Only some of the ${kind} objects of an ipc namespace are shown.`);
        return false;
      }
      const object = reading.read(objectReaders[kind], address, IPC_STRUCT[kind], undefined);
      if (object) objects.push(object);
    });
  }
  return objects;
}

const objectReaders = Object.fromEntries(
  IPC_KINDS.map((kind) => [kind, (prog: Program, address: number) => readIpcObject(prog, address, kind)]),
) as Record<IpcKind, (prog: Program, address: number) => IpcObject>;

function queueInode(prog: Program, queue: number): number {
  return prog.member(queue, prog.fields.mqueue_inode_info.vfs_inode);
}
