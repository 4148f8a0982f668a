/** What differs between two pictures of one machine, as events that somebody would name. */
import type { NamespaceKind } from "./namespace";
import type { ObjectRef } from "./evidence";

/** A task as an event names it; the task itself may be gone by the time somebody reads it. */
export interface TaskName {
  address: number;
  pid: number;
  comm: string;
}

export interface NamespaceName {
  kind: NamespaceKind;
  inum: number;
  address: number;
}

/** Each with the object it is about; `before` and `after` are written as the kernel's own files write them. */
export type Change =
  | { type: "fork"; task: TaskName; parent: number; thread: boolean }
  | { type: "exec"; task: TaskName; argv: string[] }
  /** Exit code or signal; neither when the task was gone before its status could be read. */
  | { type: "exit"; task: TaskName; exitCode?: number; signal?: number }
  | { type: "namespace-born"; namespace: NamespaceName; task?: TaskName }
  | { type: "namespace-died"; namespace: NamespaceName }
  | { type: "namespace-joined"; namespace: NamespaceName; task: TaskName }
  | { type: "uts-changed"; namespace: NamespaceName; before: string; after: string }
  | { type: "mounted"; mount: MountName }
  | { type: "unmounted"; mount: MountName }
  | { type: "mount-moved"; mount: MountName; before: string }
  | { type: "mount-changed"; mount: MountName; before: string; after: string }
  | { type: "cgroup-made"; cgroup: CgroupName }
  | { type: "cgroup-removed"; cgroup: CgroupName }
  | { type: "cgroup-joined"; cgroup: CgroupName; task: TaskName; before: string }
  /** `limit` is the name of its file: `memory.max`. */
  | { type: "limit-changed"; cgroup: CgroupName; limit: string; before: string; after: string }
  | { type: "throttled"; cgroup: CgroupName; periods: number }
  | { type: "oom-kill"; cgroup: CgroupName; count: number }
  | { type: "fork-refused"; cgroup: CgroupName; count: number }
  | { type: "frozen"; cgroup: CgroupName }
  | { type: "thawed"; cgroup: CgroupName }
  | { type: "device-made"; device: DeviceName }
  | { type: "device-removed"; device: DeviceName }
  | { type: "device-moved"; device: DeviceName; before: number }
  | { type: "device-renamed"; device: DeviceName; before: string }
  | { type: "device-up"; device: DeviceName }
  | { type: "device-down"; device: DeviceName }
  /** Name of the bridge; absent when it left one. */
  | { type: "port-changed"; device: DeviceName; master?: string }
  | { type: "address-added"; device: DeviceName; ip: string }
  | { type: "address-removed"; device: DeviceName; ip: string }
  | { type: "route-added"; route: RouteName }
  | { type: "route-removed"; route: RouteName }
  | { type: "file-created"; file: FileName }
  | { type: "file-changed"; file: FileName }
  | { type: "copied-up"; file: FileName }
  | { type: "whited-out"; file: FileName }
  | { type: "made-opaque"; file: FileName }
  /** The name left the upper layer; a whiteout that goes lets the lower file show again. */
  | { type: "file-removed"; file: FileName; whiteout: boolean };

export interface MountName {
  address: number;
  id: number;
  path: string;
  fsType: string;
  namespace: number;
}

export interface CgroupName {
  address: number;
  path: string;
}

export interface DeviceName {
  address: number;
  name: string;
  namespace: number;
}

export interface RouteName {
  address: number;
  namespace: number;
  /** As `ip route` writes it: `default via 10.0.0.1`. */
  text: string;
}

/** A name in the upper layer of an overlay. */
export interface FileName {
  inode: number;
  overlay: number;
  layer: number;
  path: string;
}

export type ChangeType = Change["type"];

export const CHANGE_TYPES = [
  "fork",
  "exec",
  "exit",
  "namespace-born",
  "namespace-died",
  "namespace-joined",
  "uts-changed",
  "mounted",
  "unmounted",
  "mount-moved",
  "mount-changed",
  "cgroup-made",
  "cgroup-removed",
  "cgroup-joined",
  "limit-changed",
  "throttled",
  "oom-kill",
  "fork-refused",
  "frozen",
  "thawed",
  "device-made",
  "device-removed",
  "device-moved",
  "device-renamed",
  "device-up",
  "device-down",
  "port-changed",
  "address-added",
  "address-removed",
  "route-added",
  "route-removed",
  "file-created",
  "file-changed",
  "copied-up",
  "whited-out",
  "made-opaque",
  "file-removed",
] as const satisfies readonly ChangeType[];

/** What made a change happen, as far as the kernel and the machine tell. */
export type Cause =
  /** A line entered into a terminal (from 0). `line` is what was typed, where that is known. */
  | { by: "terminal"; terminal: number; line?: string }
  /** A command that the page ran by the agent. */
  | { by: "command"; command: string; /** What the page ran it for. */ purpose?: string }
  /** The kernel, or something that runs without anybody having asked for it now. */
  | { by: "system" };

/** A change at its place in time. */
export interface TimelineEvent {
  /** Counts up by one through the life of a machine. */
  id: number;
  /** Nanoseconds since guest boot of the picture that shows it. */
  atNs: number;
  /** Events with the same group were caused by the same command. */
  group: number;
  change: Change;
}

/** A command and what it changed; its events follow each other in the timeline. */
export interface CauseGroup {
  id: number;
  cause: Cause;
  /** Nanoseconds since guest boot. */
  startedAtNs: number;
}

/** What happened since the last batch: events, and the commands among their causes that were not told of before. */
export interface TimelineBatch {
  groups: CauseGroup[];
  events: TimelineEvent[];
}

/** The group of what nobody asked for. */
export const SYSTEM_GROUP = 0;

/** The object that an event is about. */
export function changedObject(change: Change): ObjectRef {
  if ("namespace" in change) {
    const { kind, address } = change.namespace;
    return { object: "namespace", kind, address };
  }
  if ("mount" in change) return { object: "mount", address: change.mount.address };
  if ("cgroup" in change) return { object: "cgroup", address: change.cgroup.address };
  if ("device" in change) return { object: "device", address: change.device.address };
  if ("route" in change) return { object: "route", address: change.route.address };
  if ("file" in change) return { object: "file", address: change.file.inode };
  return { object: "task", address: change.task.address };
}
