import type { NamespaceKind } from "../protocol/namespace";

/** How a kind of namespace is asked for and what it holds (`namespaces(7)`, `unshare(1)`). */
export interface NamespaceFacts {
  /** Flag of clone(2), unshare(2) and setns(2). */
  flag: string;
  /** Long option of `unshare` and `nsenter` of util-linux. */
  option: string;
  manual: string;
  /** What a process has of its own in it. */
  what: string;
}

export const NAMESPACES: Record<NamespaceKind, NamespaceFacts> = {
  mnt: {
    flag: "CLONE_NEWNS",
    option: "--mount",
    manual: "mount_namespaces(7)",
    what: "a list of mounts of its own: what is mounted inside is not seen outside",
  },
  pid: {
    flag: "CLONE_NEWPID",
    option: "--pid",
    manual: "pid_namespaces(7)",
    what: "process numbers of its own: the first process inside is number 1",
  },
  net: {
    flag: "CLONE_NEWNET",
    option: "--net",
    manual: "network_namespaces(7)",
    what: "a network of its own: only a loopback device, and that is down",
  },
  uts: {
    flag: "CLONE_NEWUTS",
    option: "--uts",
    manual: "uts_namespaces(7)",
    what: "a host name of its own",
  },
  ipc: {
    flag: "CLONE_NEWIPC",
    option: "--ipc",
    manual: "ipc_namespaces(7)",
    what: "shared memory, semaphores and message queues of its own",
  },
  user: {
    flag: "CLONE_NEWUSER",
    option: "--user",
    manual: "user_namespaces(7)",
    what: "user ids of its own, and capabilities that count only inside",
  },
  cgroup: {
    flag: "CLONE_NEWCGROUP",
    option: "--cgroup",
    manual: "cgroup_namespaces(7)",
    what: "a cgroup tree whose root is the cgroup it is in now",
  },
  time: {
    flag: "CLONE_NEWTIME",
    option: "--time",
    manual: "time_namespaces(7)",
    what: "offsets of its own to the monotonic and boot-time clocks",
  },
};
