/** How an object of the kernel picture must look for a lesson's fact to count it: every given field must hold. */
import type { Controller } from "./cgroup";
import type { ChangeType } from "./change";
import type { NamespaceKind } from "./namespace";
import type { IpcObject } from "./namespace";
import type { TaskState } from "./task";

/** The number itself, or the least and the greatest it may be. */
export type NumberMatch = number | { min?: number; max?: number };

/** The text itself; one that ends in `*` matches by its beginning. */
export type TextMatch = string;

/** A process; threads other than the leader are not counted. */
export interface TaskMatch {
  comm?: string;
  /** Every word must appear in argv, in this order. */
  argv?: TextMatch[];
  /** Pid in the task's own (innermost) pid namespace. */
  innerPid?: number;
  /** Number of pid namespaces above and including its own: 1 on the host, 2 in a child namespace. */
  pidLevels?: number;
  uid?: number;
  /** Real uid as its own user namespace numbers it. */
  insideUid?: number;
  state?: TaskState;
  /** Held still by its cgroup's freezer. */
  frozen?: boolean;
  cgroup?: TextMatch;
  /** Root and working directory, from the root of its mount namespace. */
  root?: TextMatch;
  cwd?: TextMatch;
  /** Effective capabilities that it must have, by name: `CAP_SYS_ADMIN`. */
  capabilities?: string[];
  /** Those that it must not have. */
  lacks?: string[];
  noNewPrivs?: boolean;
  /** 0 none, 1 strict, 2 filter. */
  seccomp?: number;
  oomScoreAdj?: NumberMatch;
  /** Namespace kinds that must not be the host's. */
  ownNamespaces?: NamespaceKind[];
  /** Namespace kinds that must be the host's. */
  hostNamespaces?: NamespaceKind[];
  /** The name its uts namespace must have. */
  hostname?: TextMatch;
  /** True: it must have started since the step began. False: it must be older. */
  startedInStep?: boolean;
  /** A relative that must match too. */
  parent?: TaskMatch;
  /** Some process on the way from its parent to init must match. */
  ancestor?: TaskMatch;
  /** It must be in the same namespaces, of these kinds, as another task that matches. */
  sharesWith?: { task: TaskMatch; namespaces: NamespaceKind[] };
  /** It must not match this. */
  not?: TaskMatch;
}

export interface NamespaceMatch {
  kind?: NamespaceKind;
  /** The host's own. */
  host?: boolean;
  madeInStep?: boolean;
  /** Some process in it must match. */
  member?: TaskMatch;
  /** No process is in it. */
  empty?: boolean;
  /** What keeps it besides processes. */
  heldBy?: "mount" | "descriptor";
  /** Depth of a pid or user namespace; the host's is 0. */
  level?: NumberMatch;
  hostname?: TextMatch;
  /** Some range of ids of a user namespace. */
  uidMap?: { first?: number; hostFirst?: number; count?: NumberMatch };
  /** Offsets of a time namespace. */
  monotonicSeconds?: NumberMatch;
  boottimeSeconds?: NumberMatch;
  /** What members of a cgroup namespace see as `/`. */
  cgroupRoot?: TextMatch;
  /** Some object of an ipc namespace. */
  ipc?: { kind?: IpcObject["kind"]; key?: number; name?: string; sizeBytes?: NumberMatch };
  /** The user namespace that owns it. */
  owner?: NamespaceMatch;
  not?: NamespaceMatch;
}

export interface MountMatch {
  path?: TextMatch;
  type?: string;
  source?: TextMatch;
  /** What of the filesystem is mounted: `/`, or a directory below it for a bind mount. */
  root?: TextMatch;
  /** Options of the mount or of its filesystem that it must have: `ro`, `size=*`. */
  options?: TextMatch[];
  propagation?: "private" | "shared" | "slave" | "unbindable";
  /** Another mount hides it. */
  hidden?: boolean;
  madeInStep?: boolean;
  /** It is in the mount namespace of a process that matches; `host`: in the host's. */
  of?: TaskMatch;
  host?: boolean;
  /** The mount that it is mounted on. */
  on?: MountMatch;
  /** Another mount in its peer group, or of the same filesystem. */
  peer?: MountMatch;
  sameFilesystemAs?: MountMatch;
  not?: MountMatch;
}

export interface OverlayMatch {
  /** It has an upper layer. */
  writable?: boolean;
  /** Directories as the mount options name them. */
  upperPath?: TextMatch;
  lowerPath?: TextMatch;
  /** How many lower layers. */
  lowers?: NumberMatch;
  /** Somewhere it is mounted. */
  mount?: MountMatch;
  madeInStep?: boolean;
  /** Another overlay that stacks one of the same lower directories. */
  sharesLowerWith?: OverlayMatch;
  not?: OverlayMatch;
}

/** A name in a layer of an overlay. */
export interface FileMatch {
  layer: "upper" | "lower";
  /** From the layer's root, without a leading slash: `etc/motd`. */
  path?: TextMatch;
  type?: "file" | "directory" | "symlink" | "other";
  whiteout?: boolean;
  opaque?: boolean;
  /** It is the copy of a file of a layer below. */
  copiedUp?: boolean;
  sizeBytes?: NumberMatch;
  madeInStep?: boolean;
  overlay?: OverlayMatch;
  not?: FileMatch;
}

export interface CgroupMatch {
  /** From the root of the hierarchy: `/`, `/bubble`. */
  path?: TextMatch;
  controllers?: Controller[];
  /** Some process in it, not below it, must match. */
  member?: TaskMatch;
  /** By the name of its file, and where that has several numbers, of the line: `memory.max`, `memory.events oom_kill`. */
  files?: Record<string, NumberMatch | "max">;
  frozen?: boolean;
  madeInStep?: boolean;
  not?: CgroupMatch;
}

export interface DeviceMatch {
  name?: TextMatch;
  /** `veth`, `bridge`. */
  kind?: string;
  up?: boolean;
  /** One of its addresses: `10.0.0.1/24`. */
  address?: TextMatch;
  /** It is in the network namespace of a process that matches; `host`: in the host's. */
  of?: TaskMatch;
  host?: boolean;
  /** The bridge that it is a port of. */
  master?: DeviceMatch;
  /** The other end of its cable. */
  peer?: DeviceMatch;
  sentPackets?: NumberMatch;
  receivedPackets?: NumberMatch;
  madeInStep?: boolean;
  not?: DeviceMatch;
}

export interface RouteMatch {
  /** `default`, or `10.0.0.0/24`. */
  destination?: TextMatch;
  gateway?: TextMatch;
  device?: DeviceMatch;
  of?: TaskMatch;
  host?: boolean;
  madeInStep?: boolean;
  not?: RouteMatch;
}

export interface SocketMatch {
  family?: "inet" | "unix" | "packet" | "netlink" | "other";
  protocol?: string;
  /** As ss names it: `LISTEN`, `ESTAB`. */
  state?: string;
  local?: TextMatch;
  remote?: TextMatch;
  /** Some process that has it open must match. */
  holder?: TaskMatch;
  of?: TaskMatch;
  host?: boolean;
  not?: SocketMatch;
}

/** Something that happened since the step began. */
export interface EventMatch {
  type: ChangeType;
  /** Name of the program that did it, or that it happened to. */
  comm?: TextMatch;
  argv?: TextMatch[];
  kind?: NamespaceKind;
  /** Of the mount, cgroup or file. */
  path?: TextMatch;
  /** Of the device. */
  name?: TextMatch;
  /** Name of the limit's file: `memory.max`. */
  limit?: string;
  before?: TextMatch;
  after?: TextMatch;
  exitCode?: number;
  signal?: number;
}

/** What each kind of fact matches. */
export interface ObjectMatches {
  task: TaskMatch;
  namespace: NamespaceMatch;
  mount: MountMatch;
  overlay: OverlayMatch;
  file: FileMatch;
  cgroup: CgroupMatch;
  device: DeviceMatch;
  route: RouteMatch;
  socket: SocketMatch;
}
export type MatchedKind = keyof ObjectMatches;
