/** Reads what `pahole -C` prints: another reader's opinion of the same structures, from the debug information itself. */

/** A named member that is neither a bit field nor inside another. */
export interface PaholeMember {
  name: string;
  offset: number;
  sizeBytes: number;
}

/** One structure as pahole saw it. */
export interface PaholeStruct {
  sizeBytes: number;
  members: PaholeMember[];
}

/** Structures whose members are compared; printed by the kernel's recipe. */
export const WITNESSED: readonly string[] = [
  "cgroup",
  "cred",
  "css_set",
  "dentry",
  "inode",
  "kernfs_node",
  "list_head",
  "mm_struct",
  "net_device",
  "nsproxy",
  "pid",
  "pid_namespace",
  "signal_struct",
  "super_block",
  "task_struct",
  "upid",
  "user_namespace",
  "uts_namespace",
];

/** Structures by name. Members of anonymous structs and unions are left out: their offsets are not theirs alone. */
export function readPahole(text: string): Record<string, PaholeStruct> {
  const structs: Record<string, PaholeStruct> = {};
  for (const [, name, body] of text.matchAll(/^struct (\w+) \{\n([\s\S]*?)^\}/gm)) {
    const size = /^\t\/\* size: (\d+)/m.exec(body);
    const members = body.matchAll(
      /^\t[^\t\n}].*?(?:\(\*)?\b(\w+)(?:\)\(.*\)|(?:\[\d+\])*)(?: __attribute__\(.*\))?; +\/\* +(\d+) +(\d+) \*\/$/gm,
    );
    structs[name] = {
      sizeBytes: Number(size?.[1]),
      members: [...members].map(([, member, offset, bytes]) => ({
        name: member,
        offset: Number(offset),
        sizeBytes: Number(bytes),
      })),
    };
  }
  return structs;
}
