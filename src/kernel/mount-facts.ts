/** Facts of mounts. Commands name a task in the mount's namespace. */
import { type Fact, fact, type ObjectFacts, quoted } from "./fact";
import { namespaceMember } from "./namespace-facts";
import {
  mountDevice,
  mountHiddenBy,
  mountHolds,
  mountMaster,
  mountNamespace,
  mountNamespaces,
  mountOptions,
  mountParentId,
  mountRoot,
  mountShared,
  mountSource,
  mountSuperBlock,
  mountSuperOptions,
  mountType,
  mountUnbindable,
  namespaceMounts,
} from "./mount";
import { hex } from "./memory";
import { namespaceFileName } from "./nsfs";
import { mountId, mountPath } from "./path";
import type { Program } from "./program";

/** The mounts of every namespace that the kernel lists. */
function* allMounts(prog: Program): Generator<number, void, undefined> {
  for (const namespace of mountNamespaces(prog)) yield* namespaceMounts(prog, namespace);
}

/** Made for a task in the mount's namespace; undefined when no task is in it. */
function inNamespace(command: (pid: number, id: number) => string): Fact["command"] {
  return (prog, mount) => {
    const namespace = prog.pointer(mount, prog.fields.mount.mnt_ns);
    const pid = namespaceMember(prog, namespace, "mnt");
    return pid === undefined ? undefined : command(pid, mountId(prog, mount));
  };
}

/** The mount's line of mountinfo. A root beneath the one that tasks see, as the first of all mounts is, has none. */
const line = inNamespace((pid, id) => `grep '^${id} ' /proc/${pid}/mountinfo`);

const orNone = (value: number | undefined) => (value === undefined ? "none" : String(value));
const list = (options: string[]) => options.join(",");

export const MOUNT_FACTS: ObjectFacts = {
  all: allMounts,
  facts: {
    id: fact("mount->mnt_id", mountId, String, line),
    parentId: fact("mount->mnt_parent->mnt_id", mountParentId, String, line),
    namespace: fact(
      "mount->mnt_ns->ns.inum",
      mountNamespace,
      (inum) => `mnt:[${inum}]`,
      inNamespace((pid) => `readlink /proc/${pid}/ns/mnt`),
    ),
    path: fact("mount->mnt_mountpoint->d_name.name", mountPath, quoted, line),
    root: fact("mount->mnt.mnt_root->d_name.name", mountRoot, quoted, line),
    type: fact("mount->mnt.mnt_sb->s_type->name", mountType, quoted, line),
    source: fact("mount->mnt_devname", mountSource, quoted, line),
    superBlock: fact("mount->mnt.mnt_sb", mountSuperBlock, hex),
    device: fact("mount->mnt.mnt_sb->s_dev", mountDevice, String, line),
    options: fact("mount->mnt.mnt_flags", mountOptions, list, line),
    superOptions: fact("mount->mnt.mnt_sb->s_flags", mountSuperOptions, list, line),
    shared: fact("mount->mnt_group_id", mountShared, orNone, line),
    master: fact("mount->mnt_master->mnt_group_id", mountMaster, orNone, line),
    unbindable: fact("mount->mnt.mnt_flags", mountUnbindable, String, line),
    hiddenBy: fact(
      "mount->mnt_parent->mnt_mounts",
      mountHiddenBy,
      orNone,
      inNamespace((pid) => `cat /proc/${pid}/mountinfo`),
    ),
    holds: fact(
      "mount->mnt.mnt_root->d_inode->i_private",
      mountHolds,
      (held) => (held ? namespaceFileName(held) : "none"),
      line,
    ),
  },
};
