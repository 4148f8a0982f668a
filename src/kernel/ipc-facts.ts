/** Facts of IPC objects. Commands enter the ipc namespace that the object is in by one of its tasks. */
import { type Fact, fact, type ObjectFacts, quoted } from "./fact";
import { IPC_KINDS, ipcAddresses, ipcGid, ipcId, ipcKey, type IpcKind, ipcMode, ipcName } from "./ipc";
import { ipcSize, ipcUid, ipcUse } from "./ipc";
import { MemoryFault } from "./memory";
import { allNamespaces, namespaceMember } from "./namespace-facts";
import { Program } from "./program";

interface Found {
  address: number;
  kind: IpcKind;
  namespace: number;
}

function* allObjects(prog: Program): Generator<Found, void, undefined> {
  for (const namespace of allNamespaces(prog, "ipc")) {
    for (const kind of IPC_KINDS)
      for (const address of ipcAddresses(prog, namespace, kind)) yield { address, kind, namespace };
  }
}

function* allAddresses(prog: Program): Generator<number, void, undefined> {
  for (const { address } of allObjects(prog)) yield address;
}

/** An address alone does not tell what is there; the walk that leads to it does. It is no part of the evidence. */
function find(prog: Program, address: number): Found {
  for (const found of allObjects(new Program(prog.info, prog.memory))) if (found.address === address) return found;
  throw new MemoryFault(address, "no object of an ipc namespace is here");
}

type KindReader<T> = (prog: Program, address: number, kind: IpcKind) => T;

/** Lists the objects of the kind, this one among them. */
function command(prog: Program, address: number): string | undefined {
  const { kind, namespace } = find(prog, address);
  const pid = namespaceMember(prog, namespace, "ipc");
  if (pid === undefined) return undefined;
  if (kind !== "mqueue") return `nsenter -t ${pid} -i cat /proc/sysvipc/${kind}`;
  // A namespace's queues show where its own mqueue filesystem is mounted.
  const show = "mount -t mqueue mqueue /mnt && ls -ln /mnt && head -v /mnt/*";
  return `nsenter -t ${pid} -i unshare -m sh -c '${show}'`;
}

function ipcFact<T>(member: string, read: KindReader<T>, show: (value: T) => string): Fact {
  return fact(
    member,
    (prog, address) => {
      const { kind } = find(prog, address);
      prog.name(address, kind);
      return read(prog, address, kind);
    },
    show,
    command,
  );
}

const orNone = (value: number | undefined) => (value === undefined ? "none" : String(value));

export const IPC_FACTS: ObjectFacts = {
  all: allAddresses,
  facts: {
    kind: ipcFact("ipc_namespace.ids", (_prog, _address, kind) => kind, String),
    id: ipcFact("kern_ipc_perm.id", ipcId, String),
    key: ipcFact("kern_ipc_perm.key", ipcKey, String),
    name: ipcFact("mqueue_inode_info.vfs_inode.i_dentry", ipcName, (name) =>
      name === undefined ? "none" : quoted(name),
    ),
    uid: ipcFact("kern_ipc_perm.uid", ipcUid, String),
    gid: ipcFact("kern_ipc_perm.gid", ipcGid, String),
    mode: ipcFact("kern_ipc_perm.mode", ipcMode, (mode) => mode.toString(8)),
    size: ipcFact("shmid_kernel.shm_segsz", ipcSize, String),
    use: ipcFact("shmid_kernel.shm_nattch", ipcUse, orNone),
  },
};
