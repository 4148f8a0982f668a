/** What every container gets unless it asks for something else (moby `oci/defaults.go`, `oci/caps/defaults.go`). */
import type { ContainerMount } from "./spec";

/** The fourteen capabilities that root in a container keeps. */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  "chown",
  "dac_override",
  "fsetid",
  "fowner",
  "mknod",
  "net_raw",
  "setgid",
  "setuid",
  "setfcap",
  "setpcap",
  "net_bind_service",
  "sys_chroot",
  "kill",
  "audit_write",
];

export const DEFAULT_SHM_BYTES = 64 << 20;

/** Character devices of /dev, by major and minor number (`Documentation/admin-guide/devices.txt`). */
export const DEFAULT_DEVICES: readonly { name: string; major: number; minor: number }[] = [
  { name: "null", major: 1, minor: 3 },
  { name: "zero", major: 1, minor: 5 },
  { name: "full", major: 1, minor: 7 },
  { name: "random", major: 1, minor: 8 },
  { name: "urandom", major: 1, minor: 9 },
  { name: "tty", major: 5, minor: 0 },
];

/** Links of /dev to what they mean. */
export const DEFAULT_LINKS: readonly { path: string; target: string }[] = [
  { path: "/dev/ptmx", target: "pts/ptmx" },
  { path: "/dev/fd", target: "/proc/self/fd" },
  { path: "/dev/stdin", target: "/proc/self/fd/0" },
  { path: "/dev/stdout", target: "/proc/self/fd/1" },
  { path: "/dev/stderr", target: "/proc/self/fd/2" },
];

/** Covered, because what they tell or do concerns the whole machine. Those that this kernel has not are left out. */
export const MASKED_PATHS: readonly string[] = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
];

export const READONLY_PATHS: readonly string[] = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

/** File systems of the kernel that every container has, in the order in which runc mounts them. */
export function systemMounts(options: { shmBytes: number; writableSys: boolean }): ContainerMount[] {
  const sys = options.writableSys ? "rw" : "ro";
  return [
    {
      target: "/proc",
      source: "proc",
      type: "proc",
      options: ["nosuid", "noexec", "nodev"],
      on: "directory",
      why: "A /proc that shows the processes of the container's own PID namespace.",
    },
    {
      target: "/dev",
      source: "tmpfs",
      type: "tmpfs",
      options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
      on: "directory",
      why: "An empty /dev in memory: the container gets the devices named below, and no others.",
    },
    {
      target: "/dev/pts",
      source: "devpts",
      type: "devpts",
      options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
      on: "directory",
      why: "Terminals of its own, which nobody else can open by their number.",
    },
    {
      target: "/sys",
      source: "sysfs",
      type: "sysfs",
      options: ["nosuid", "noexec", "nodev", sys],
      on: "directory",
      why: "What the kernel knows of its devices, to be read only.",
    },
    {
      target: "/sys/fs/cgroup",
      source: "cgroup",
      type: "cgroup2",
      options: ["nosuid", "noexec", "nodev", sys],
      on: "directory",
      why: "Its own cgroup as the root of the tree: it can read its limits, and not change them.",
    },
    {
      target: "/dev/mqueue",
      source: "mqueue",
      type: "mqueue",
      options: ["nosuid", "noexec", "nodev"],
      on: "directory",
      why: "Message queues of its own IPC namespace.",
    },
    {
      target: "/dev/shm",
      source: "shm",
      type: "tmpfs",
      options: ["nosuid", "noexec", "nodev", "mode=1777", `size=${options.shmBytes}`],
      on: "directory",
      why: "Shared memory that is files (shm_open), of bounded size.",
    },
  ];
}
