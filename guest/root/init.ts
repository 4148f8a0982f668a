/**
 * What runs before the first prompt. Stage one is the initramfs's `/init`: it moves the root tree to a tmpfs, because
 * the initramfs root itself cannot be the old root of `pivot_root` (EINVAL). Stage two is busybox's init with a table.
 */
import { TERMINAL_COUNT } from "../../src/protocol/machine";

/** The directories of the root tree, which stage one moves to the tmpfs. */
export const TREE = ["bin", "etc", "root", "sbin", "usr", "var"];
/** Empty directories that things are mounted on. */
export const MOUNT_POINTS = ["dev", "mnt", "proc", "run", "sys", "tmp", "home"];

export const AGENT_DEVICE = `/dev/hvc${TERMINAL_COUNT}`;

/** Printed to the console, the serial port, as the first thing after the kernel: benchmarks listen for it. */
export const INIT_MARK = "glassbox: init";

export function stageOne(): string {
  return `#!/bin/busybox sh
# The kernel starts this as process 1, on the root that came with it.
echo "${INIT_MARK}"
busybox mount -t tmpfs -o mode=0755,size=75% root /new
busybox cp -a ${[...TREE, ...MOUNT_POINTS].map((name) => "/" + name).join(" ")} /new/
exec /new/bin/busybox switch_root /new /sbin/init
`;
}

/** One `mount -a` is cheaper than a process for each line. */
export function fstab(): string {
  return `proc /proc proc nosuid,nodev,noexec 0 0
sysfs /sys sysfs nosuid,nodev,noexec 0 0
cgroup2 /sys/fs/cgroup cgroup2 nosuid,nodev,noexec,nsdelegate 0 0
devpts /dev/pts devpts gid=5,mode=0620,ptmxmode=0666 0 0
tmpfs /dev/shm tmpfs mode=1777,nosuid,nodev 0 0
mqueue /dev/mqueue mqueue nosuid,nodev,noexec 0 0
tmpfs /run tmpfs mode=0755,nosuid,nodev 0 0
tmpfs /tmp tmpfs mode=1777,nosuid,nodev 0 0
`;
}

export function sysinit(): string {
  return `#!/bin/sh
# Process 1 runs this once, then the table in /etc/inittab.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
/bin/busybox --install -s
mount -t devtmpfs -o mode=0755,nosuid devtmpfs /dev
mkdir /dev/pts /dev/shm /dev/mqueue
mount -a
mount --make-rshared /
ln -s /proc/self/fd /dev/fd
ln -s /proc/self/fd/0 /dev/stdin
ln -s /proc/self/fd/1 /dev/stdout
ln -s /proc/self/fd/2 /dev/stderr
ip link set lo up
echo 0 > /proc/sys/kernel/printk
echo 1 > /proc/sys/net/ipv4/ip_forward
echo +cpu +memory +io +pids > /sys/fs/cgroup/cgroup.subtree_control
`;
}

export function inittab(): string {
  const terminals = Array.from({ length: TERMINAL_COUNT }, (_, index) => `hvc${index}::respawn:-/bin/sh`);
  return ["::sysinit:/etc/init.d/rcS", `::respawn:/sbin/agent ${AGENT_DEVICE}`, ...terminals, ""].join("\n");
}

export function profile(): string {
  return `export PATH=/usr/sbin:/usr/bin:/sbin:/bin
export TERM=xterm-256color HOME=/root USER=root SHELL=/bin/sh EDITOR=vi PAGER=less
export PS1='\\u@\\h:\\w\\$ '
alias ll='ls -l'
cd
`;
}
