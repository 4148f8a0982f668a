/** What `mount -o` options mean to mount(2): flags (`include/uapi/linux/mount.h`), or data for the file system. */
import type { Propagation } from "./step";

export const MS_REC = 1 << 14;

/** Flags by the options that ask for them. */
export const MOUNT_FLAGS: Readonly<Record<string, { name: string; value: number }>> = {
  ro: { name: "MS_RDONLY", value: 1 },
  nosuid: { name: "MS_NOSUID", value: 1 << 1 },
  nodev: { name: "MS_NODEV", value: 1 << 2 },
  noexec: { name: "MS_NOEXEC", value: 1 << 3 },
  remount: { name: "MS_REMOUNT", value: 1 << 5 },
  noatime: { name: "MS_NOATIME", value: 1 << 10 },
  nodiratime: { name: "MS_NODIRATIME", value: 1 << 11 },
  bind: { name: "MS_BIND", value: 1 << 12 },
  rbind: { name: "MS_BIND | MS_REC", value: (1 << 12) | MS_REC },
  relatime: { name: "MS_RELATIME", value: 1 << 21 },
  strictatime: { name: "MS_STRICTATIME", value: 1 << 24 },
};

/** What is on without being asked for. */
const NO_FLAGS = new Set(["rw", "suid", "dev", "exec"]);

export const PROPAGATION_FLAGS: Readonly<Record<Propagation, number>> = {
  unbindable: 1 << 17,
  private: 1 << 18,
  slave: 1 << 19,
  shared: 1 << 20,
};

/** The flags and the data argument of mount(2). */
export function mountArguments(options: readonly string[]): { flags: number; data: string } {
  const flags = options.reduce((all, option) => all | (MOUNT_FLAGS[option]?.value ?? 0), 0);
  return { flags, data: options.filter((option) => !(option in MOUNT_FLAGS) && !NO_FLAGS.has(option)).join(",") };
}
